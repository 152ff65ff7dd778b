// Pieces of SQL that the ways to search share. What a statement names by itself (`ranked_`, `terms_`) ends in an underscore where the user's
// tables are in sight: they may have any other name.
import { type Column, getTableName, is, SQL, sql } from "drizzle-orm";
import { InputError } from "../../errors.ts";
import type { NamedColumn, Shape } from "../shape.ts";
import type { Key } from "../types.ts";
import { belongsTogether } from "../write/chunked.ts";
import { keyIn } from "../write/context.ts";

/** The passages' key: `"chunks"."id"`, several with commas. */
export function keyColumns(shape: Shape): SQL {
  return sql.join(
    shape.passageKey.map(({ column }, i) => sql`${column} as ${keyAlias(i)}`),
    sql`, `,
  );
}

/** Name of the i-th key column inside a ranking. */
export function keyAlias(i: number): SQL {
  return sql.identifier(`k${i}`) as unknown as SQL;
}

/** `a.k0, a.k1`, or `k0, k1` */
export function keyAliases(shape: Shape, of?: string): SQL {
  const prefix = of === undefined ? sql`` : sql`${sql.identifier(of)}.`;
  return sql.join(
    shape.passageKey.map((_, i) => sql`${prefix}${keyAlias(i)}`),
    sql`, `,
  );
}

/** `"chunks"."id" = ranked_.k0 and …` */
export function keyMatches(shape: Shape, of: string): SQL {
  return sql.join(
    shape.passageKey.map(({ column }, i) => sql`${column} = ${sql.identifier(of)}.${keyAlias(i)}`),
    sql` and `,
  );
}

/**
 * The condition that a key's columns have these values.
 * @throws InputError when the key lacks a column.
 */
export function keyEquals(columns: readonly NamedColumn[], key: Key): SQL {
  const values = columns.map((column) => {
    const value = typeof key === "object" ? key?.[column.key] : key;
    if (value === undefined) throw new InputError(`The key has no "${column.key}".`, { field: column.key });
    return value;
  });
  if (typeof key !== "object" && values.length > 1) {
    const names = columns.map((column) => column.key).join(", ");
    throw new InputError(`The primary key has several columns; give an object with ${names}.`, { field: names });
  }
  return keyIn(columns, [values]);
}

/** Joins the documents where the condition speaks of them; where it does not, the index over the vectors stands alone. */
export function joinDocuments(shape: Shape, where: SQL | undefined): SQL {
  if (!shape.chunked || where === undefined || !mayMention(where, shape)) return sql``;
  return sql` inner join ${shape.documents} on ${belongsTogether(shape)}`;
}

/** A condition of raw SQL may speak of the documents without naming a column that can be seen, so only columns of chunks alone rule it out. */
function mayMention(where: SQL, shape: Shape): boolean {
  let onlyChunks = false;
  const pending: unknown[] = [where];
  while (pending.length > 0) {
    const part = pending.pop();
    if (is(part, SQL)) pending.push(...part.queryChunks);
    else if (Array.isArray(part)) pending.push(...part);
    else if (isColumn(part)) {
      if (part.table !== shape.passages) return true;
      onlyChunks = true;
    } else if (isText(part) && part.value.some((text) => text.includes(getTableName(shape.documents)))) return true;
  }
  return !onlyChunks;
}

function isColumn(part: unknown): part is Column {
  return typeof part === "object" && part !== null && "table" in part && "getSQLType" in part;
}

function isText(part: unknown): part is { value: string[] } {
  return typeof part === "object" && part !== null && Array.isArray((part as { value?: unknown }).value);
}
