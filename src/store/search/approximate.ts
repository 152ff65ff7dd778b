// Searches through an index that holds something shorter than the vectors: the best by that, and of those the best by the vectors themselves.
import { type SQL, sql } from "drizzle-orm";
import { approximated } from "../../table/approximation.ts";
import type { Shape } from "../shape.ts";
import type { UsedIndex } from "./used-index.ts";

/** The same tables, searched by looking at the whole vectors of every row that matches. */
export function exactShape(shape: Shape): Shape {
  const index = { kind: "full", subvector: undefined, overfetch: 1, least: 0, efSearch: undefined, settings: [] } as const;
  return { ...shape, index: { ...index, bypassed: true } };
}

/** The same tables, with settings that the scan of the index is to find, and with how much it is to give. */
export function startingWith(shape: Shape, { settings, overfetch }: Pick<UsedIndex, "settings" | "overfetch">): Shape {
  if (settings.length === 0 && overfetch <= shape.index.overfetch) return shape;
  return { ...shape, index: { ...shape.index, settings, overfetch: Math.max(overfetch, shape.index.overfetch) } };
}

/**
 * A condition that sets them when it is looked at, which is once, before the first row is asked for: it speaks of no table, so that Postgres
 * makes a one-time filter of it above the scan. `set_config(name, value, true)` ends with the transaction, which is the statement's own.
 */
export function whenSet({ index }: Shape): SQL | undefined {
  return index.settings.length === 0 ? undefined : sql`(select ${sql.raw(setting(index.settings))})`;
}

/** Sets them for the transaction, numbers to no less than the server has them set to already. True, as SQL. */
export function setting(settings: UsedIndex["settings"]): string {
  return settings
    .map(([name, value]) => {
      const atLeast = `greatest(current_setting('${name}', true)::int, ${value})::text`;
      return `set_config('${name}', ${/^\d+$/.test(value) ? atLeast : `'${value}'`}, true) is not null`;
    })
    .join(" and ");
}

/** Whether candidates are ranked again. */
export function isReranked({ index }: Shape): boolean {
  return index.kind === "binary" || index.subvector !== undefined || index.overfetch > 1;
}

/** How many rows the index has to give so that `wanted` are right. */
export function candidates({ index }: Shape, wanted: number): number {
  return Math.max(Math.ceil(index.overfetch * wanted), index.least);
}

/** The column, or the question, as the index has it. */
export function asIndexed(shape: Shape, vector: SQL): SQL {
  if (shape.vectorType === "sparsevec") return vector;
  return approximated(vector, shape.index, shape.vectorType, shape.dimensions);
}

/**
 * `binary_quantize(embedding)::bit(1536) <~> binary_quantize($1)::bit(1536)`, or by the metric's own operator. To search exactly, plus zero,
 * which makes it an expression that no index answers.
 */
export function indexedDistance(shape: Shape, operator: string, vector: SQL): SQL<number> {
  const column = sql`${shape.columns.embedding.column}`;
  if (shape.index.bypassed) return sql<number>`((${column} ${sql.raw(operator)} ${vector}) + 0)`;
  const by = shape.index.kind === "binary" ? "<~>" : operator;
  return sql<number>`(${asIndexed(shape, column)} ${sql.raw(by)} ${asIndexed(shape, vector)})`;
}
