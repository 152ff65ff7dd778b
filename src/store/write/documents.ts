// Writes rows of the table of documents, whichever shape the collection has; what else has to be written is the shape's affair.
import type { SQL } from "drizzle-orm";
import { getTableColumns, getTableName, sql } from "drizzle-orm";
import type { PgColumn } from "drizzle-orm/pg-core";
import type { Database } from "../../db/database.ts";
import { InputError } from "../../errors.ts";
import { named } from "../columns.ts";
import type { AnyRow, NamedColumn, Shape } from "../shape.ts";
import { keyOf, keyText, pieces, rowsPerStatement, updateRows, type WriteContext } from "./context.ts";
import { vectorEncoder } from "./rows.ts";

/** Inserts rows and returns them as the database made them, in their order. */
export async function insertRows(tx: Database, shape: Shape, rows: readonly AnyRow[]): Promise<AnyRow[]> {
  const written: AnyRow[] = [];
  const encode = vectorEncoder(tx, shape);
  for (const batch of pieces(rows, rowsPerStatement(widest(rows)))) {
    written.push(
      ...((await tx
        .insert(shape.documents)
        .values(batch.map(encode) as never)
        .returning(shape.documentColumns)) as AnyRow[]),
    );
  }
  return written;
}

/**
 * Inserts rows, or updates those whose key is there, and returns them in the order of `rows`.
 * Rows are written in the order of their keys, so that two writers of the same rows wait for each other instead of locking each other out.
 */
export async function upsertRows(
  tx: Database,
  shape: Shape,
  key: readonly NamedColumn[],
  rows: readonly AnyRow[],
): Promise<AnyRow[]> {
  const sorted = [...rows].sort((a, b) => compare(keyText(keyOf(a, key)), keyText(keyOf(b, key))));
  const written = new Map<string, AnyRow>();
  const encode = vectorEncoder(tx, shape);
  for (const group of groupsOfColumns(sorted)) {
    const columns = Object.keys(group[0] ?? {});
    const set = Object.fromEntries(columns.flatMap((name) => excluded(shape, key, name)));
    // With nothing but the key to set, the key is set to itself: DO NOTHING would neither lock the row nor return it.
    const [first] = key;
    if (Object.keys(set).length === 0 && first !== undefined) set[first.key] = sql`excluded.${sql.identifier(first.column.name)}`;
    for (const batch of pieces(group, rowsPerStatement(columns.length))) {
      const result = (await tx
        .insert(shape.documents)
        .values(batch.map(encode) as never)
        .onConflictDoUpdate({ target: key.map(({ column }) => column), set })
        .returning(shape.documentColumns)) as AnyRow[];
      for (const row of result) written.set(keyText(keyOf(row, key)), row);
    }
  }
  return rows.map((row) => written.get(keyText(keyOf(row, key))) as AnyRow);
}

/** Updates rows that are known to be there, each with its own values. */
export async function updateByKey(
  tx: Database,
  shape: Shape,
  key: readonly NamedColumn[],
  rows: readonly AnyRow[],
): Promise<void> {
  const columns = getTableColumns(shape.documents) as Record<string, PgColumn>;
  // What Drizzle's own update() does for columns with $onUpdate().
  const automatic = Object.entries(columns).filter(([, column]) => column.onUpdateFn !== undefined);
  for (const group of groupsOfColumns(rows)) {
    const stamped = group.map((row) => ({
      ...Object.fromEntries(automatic.map(([name, column]) => [name, column.onUpdateFn?.()])),
      ...row,
    }));
    const set = Object.keys(stamped[0] ?? {})
      .filter((name) => columns[name] !== undefined && !key.some((part) => part.key === name))
      .map((name) => ({ key: name, column: columns[name] as PgColumn }));
    if (set.length > 0) await updateRows(tx, shape.documents, key, set, stamped);
  }
}

/** Updates the rows that match and returns them. */
export async function updateMatching(tx: Database, shape: Shape, set: AnyRow, where: SQL | undefined): Promise<AnyRow[]> {
  return (await tx
    .update(shape.documents)
    .set(vectorEncoder(tx, shape)(set) as never)
    .where(where)
    .returning(shape.documentColumns)) as AnyRow[];
}

/** The columns an upsert tells rows apart by. */
export function upsertKey(shape: Shape, key: PgColumn | PgColumn[] | undefined): NamedColumn[] {
  if (key === undefined) return shape.documentKey;
  return (Array.isArray(key) ? key : [key]).map((column) => named(shape.documents, column));
}

/** Every row has to have the key, and none may have another's. */
export function checkKeys({ shape, firstRow = 0 }: WriteContext, key: readonly NamedColumn[], rows: readonly AnyRow[]): void {
  const seen = new Map<string, number>();
  rows.forEach((row, place) => {
    const index = firstRow + place;
    const missing = key.find((column) => row[column.key] === undefined || row[column.key] === null);
    if (missing !== undefined) {
      throw new InputError(`The row has no "${missing.key}", which tells whether it is there already.`, {
        row: index,
        field: missing.key,
      });
    }
    const text = keyText(keyOf(row, key));
    const earlier = seen.get(text);
    if (earlier !== undefined) {
      const names = key.map((column) => column.key).join(", ");
      throw new InputError(
        `The row has the same key (${names} = ${text}) as row ${earlier}; table "${getTableName(shape.documents)}" can hold one of them. Leave one out.`,
        { row: index, field: names },
      );
    }
    seen.set(text, index);
  });
}

function excluded(shape: Shape, key: readonly NamedColumn[], name: string): [string, SQL][] {
  const column = (getTableColumns(shape.documents) as Record<string, PgColumn>)[name];
  if (column === undefined || key.some((part) => part.key === name)) return [];
  return [[name, sql`excluded.${sql.identifier(column.name)}`]];
}

/** Rows that set the same columns go into one statement; a column that a row does not set must keep its value. */
function groupsOfColumns(rows: readonly AnyRow[]): AnyRow[][] {
  const groups = new Map<string, AnyRow[]>();
  for (const row of rows) {
    const given = Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined));
    const names = Object.keys(given).sort().join(",");
    groups.set(names, [...(groups.get(names) ?? []), given]);
  }
  return [...groups.values()];
}

function widest(rows: readonly AnyRow[]): number {
  return rows.reduce((most, row) => Math.max(most, Object.keys(row).length), 1);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
