// Columns of the user's tables: found by themselves, told apart from functions, and named in errors.
import { getTableColumns, getTableName, is, SQL } from "drizzle-orm";
import type { PgColumn, PgTable } from "drizzle-orm/pg-core";
import { ConfigurationError } from "../errors.ts";
import type { AnyRow, NamedColumn } from "./shape.ts";
import type { Field } from "./types.ts";

/** A column of the table with the key that rows know it by. */
export function named(table: PgTable, column: PgColumn): NamedColumn {
  const entry = Object.entries(getTableColumns(table)).find(([, own]) => own.name === column.name);
  if (column.table !== table || entry === undefined) {
    throw new ConfigurationError(`${describe(column)} is not a column of table "${getTableName(table)}".`);
  }
  return { key: entry[0], column: entry[1] };
}

/** How a property of a row is read: `key` is undefined for a function, which may read any column. */
export function reader<T>(table: PgTable, field: Field<PgTable, T>): { key: string | undefined; read: (row: AnyRow) => T } {
  if (isColumn(field)) {
    const { key } = named(table, field);
    return { key, read: (row) => row[key] as T };
  }
  return { key: undefined, read: field as (row: AnyRow) => T };
}

export function isColumn(value: unknown): value is PgColumn {
  return typeof value === "object" && value !== null && "getSQLType" in value && !is(value, SQL);
}

/** The column for people: `Column "articles.body"`. */
export function describe(column: PgColumn): string {
  return `Column "${getTableName(column.table)}.${column.name}"`;
}
