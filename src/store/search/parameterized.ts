// A filter apart from its values: searches whose filters differ in values alone share a statement, and what is known of it.
import { Column, is, Name, Param, Placeholder, SQL, StringChunk, sql, Table } from "drizzle-orm";
import { PgDialect } from "drizzle-orm/pg-core";

export interface ParameterizedFilter {
  /** The condition with placeholders `filter0`, `filter1` … for its values. */
  condition: SQL;
  /** The values as the driver gets them, by placeholder. */
  values: Record<string, unknown>;
  /** The condition as Postgres reads it: the same for filters that differ in values alone. */
  text: string;
}

const dialect = new PgDialect();

/** Undefined for a condition that holds something else than columns, text and values, such as a subquery or an enum. */
export function parameterized(condition: SQL): ParameterizedFilter | undefined {
  const values: Record<string, unknown> = {};
  const add = (value: unknown) => {
    const name = `filter${Object.keys(values).length}`;
    values[name] = value;
    return sql.placeholder(name);
  };
  const replaced = replace(condition, add);
  if (!is(replaced, SQL)) return undefined;
  return { condition: replaced, values, text: dialect.sqlToQuery(replaced).sql };
}

type Add = (value: unknown) => Placeholder;

/** What stands for the part, or undefined where there is nothing that could. */
function replace(part: unknown, add: Add): unknown {
  if (Array.isArray(part)) return all(part, add);
  if (is(part, SQL)) {
    if ((part as unknown as { shouldInlineParams: boolean }).shouldInlineParams) return undefined;
    const chunks = all(part.queryChunks, add);
    return chunks && new SQL(chunks as SQL["queryChunks"]);
  }
  if (is(part, Column) || is(part, Table) || is(part, StringChunk) || is(part, Name)) return part;
  if (is(part, Param)) {
    const value: unknown = part.value === null ? null : part.encoder.mapToDriverValue(part.value);
    // Some columns' values are pieces of SQL.
    return is(part.value, Placeholder) || is(value, SQL) ? undefined : add(value);
  }
  if (part === null || part instanceof Date || !["object", "function", "undefined"].includes(typeof part)) return add(part);
  return undefined;
}

function all(parts: readonly unknown[], add: Add): unknown[] | undefined {
  const replaced: unknown[] = [];
  for (const part of parts) {
    const one = replace(part, add);
    if (one === undefined) return undefined;
    replaced.push(one);
  }
  return replaced;
}
