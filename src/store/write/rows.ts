// Many rows into a table, by the quickest way that the driver and the columns allow.
import { getTableColumns, type SQL, sql } from "drizzle-orm";
import type { PgColumn, PgTable } from "drizzle-orm/pg-core";
import { wholePiece } from "../../db/binary.ts";
import { type CopyColumn, copyRows, type EncodedRows, encodeRows } from "../../db/copy.ts";
import { type Database, driverOf, rows as query } from "../../db/database.ts";
import { quotedName } from "../../db/names.ts";
import { vectorFormat, vectorParam } from "../../db/vectors.ts";
import type { AnyRow, NamedColumn, Shape } from "../shape.ts";
import { type Leavings, pieces, rowsPerStatement } from "./context.ts";

/** From so many rows COPY is worth its round trips. */
const worthCopying = 100;

/** Rows whose vectors are `Float32Array`s, ready for COPY where they can be and are worth it. */
export interface ReadyRows {
  rows: readonly AnyRow[];
  encoded: EncodedRows | undefined;
}

/** What the writers of rows need to know of a collection. */
type Format = Pick<Shape, "vectorFormat">;

/** Does what can be done before the transaction. */
export async function readyRows(
  db: Database,
  shape: Format,
  table: PgTable,
  rows: readonly AnyRow[],
  left?: Leavings,
): Promise<ReadyRows> {
  const columns = rows.length < worthCopying || shape.vectorFormat === "text" ? undefined : sharedColumns(table, rows);
  return { rows, encoded: columns && (await encodeRows(db, columns, withDefaults(table, rows), left?.spare)) };
}

/** Rows that are committed, and will not be sent again, leave their memory to the next. */
export function leave({ encoded }: ReadyRows, left: Leavings | undefined): void {
  for (const piece of encoded?.pieces ?? []) {
    const whole = wholePiece(piece);
    if (whole !== undefined) left?.spare.push(whole);
  }
}

/** Inserts rows; nothing is returned. */
export async function insertMany(
  tx: Database,
  shape: Format,
  table: PgTable,
  { rows, encoded }: ReadyRows,
  left?: Leavings,
): Promise<void> {
  if (encoded !== undefined && (await mayCopy(tx, table, left?.rights))) return copyRows(tx, sql`${table}`, encoded);
  const encode = vectorEncoder(tx, shape);
  for (const batch of pieces(rows, rowsPerStatement(Object.keys(rows[0] ?? {}).length))) {
    await tx.insert(table).values(batch.map(encode) as never);
  }
}

/**
 * Inserts rows or updates those whose key is there, by way of a temporary table and one INSERT … SELECT … ON CONFLICT; nothing is returned.
 * Returns false, with nothing written, where COPY is not possible or not worth it.
 */
export async function upsertByCopy(
  tx: Database,
  shape: Format,
  table: PgTable,
  key: readonly NamedColumn[],
  rows: readonly AnyRow[],
): Promise<boolean> {
  const { encoded } = await readyRows(tx, shape, table, rows);
  if (encoded === undefined || !(await mayCopy(tx, table))) return false;
  const { columns } = encoded;
  const staging = sql.identifier("drizzle_rag_staging");
  const names = list(columns.map(({ column }) => sql.identifier(column.name)));
  await tx.execute(sql`create temporary table ${staging} on commit drop as select ${names} from ${table} with no data`);
  await copyRows(tx, sql`${staging}`, encoded);
  const isKey = (name: string) => key.some(({ column }) => column.name === name);
  const set = columns
    .filter(({ column }) => !isKey(column.name))
    .map(({ column }) => sql`${sql.identifier(column.name)} = excluded.${sql.identifier(column.name)}`);
  const target = list(key.map(({ column }) => sql.identifier(column.name)));
  const change = set.length === 0 ? sql`do nothing` : sql`do update set ${list(set)}`;
  await tx.execute(
    sql`insert into ${table} (${names}) select ${names} from ${staging} order by ${target} on conflict (${target}) ${change}`,
  );
  await tx.execute(sql`drop table ${staging}`);
  return true;
}

/** Postgres refuses COPY into a table whose row-level security holds for the role; and PGlite's comes from a file, a right of its own. */
async function mayCopy(tx: Database, table: PgTable, found = new Map<string, boolean>()): Promise<boolean> {
  const name = quotedName(table);
  const may = found.get(name) ?? (await asked(tx, name));
  found.set(name, may);
  return may;
}

async function asked(tx: Database, name: string): Promise<boolean> {
  const fromFile = driverOf(tx) === "pglite" ? sql` and pg_has_role('pg_read_server_files', 'usage')` : sql``;
  const [found] = await query<{ may: boolean }>(tx, sql`select not row_security_active(${name}::regclass)${fromFile} as may`);
  return found?.may === true;
}

/** Makes a parameter of a row's vector, if it has one. */
export function vectorEncoder(tx: Database, shape: Format): (row: AnyRow) => AnyRow {
  const format = vectorFormat(tx, shape.vectorFormat);
  return (row) => {
    const found = Object.entries(row).find(([, value]) => value instanceof Float32Array);
    return found === undefined ? row : { ...row, [found[0]]: vectorParam(found[1] as Float32Array, "vector", format) };
  };
}

/** The columns of the rows, where all rows have the same; what is not given gets its default, which only an INSERT can mix with values. */
function sharedColumns(table: PgTable, rows: readonly AnyRow[]): CopyColumn[] | undefined {
  const columns = getTableColumns(table) as Record<string, PgColumn>;
  const names = Object.keys(columns);
  const [first = {}] = rows;
  const isGiven = names.map((key) => first[key] !== undefined);
  if (!rows.every((row) => names.every((key, i) => (row[key] !== undefined) === isGiven[i]))) return undefined;
  const made = automatic(table).map(([key]) => key);
  return names.filter((key, i) => isGiven[i] || made.includes(key)).map((key) => ({ key, column: columns[key] as PgColumn }));
}

/** Values that Drizzle's insert() would make itself, by `$defaultFn()` and `$onUpdateFn()`. Rows that have them all are left as they are. */
function withDefaults(table: PgTable, rows: readonly AnyRow[]): readonly AnyRow[] {
  const makers = automatic(table).filter(([key]) => rows[0]?.[key] === undefined);
  if (makers.length === 0) return rows;
  return rows.map((row) => ({ ...row, ...Object.fromEntries(makers.map(([key, make]) => [key, make()])) }));
}

function automatic(table: PgTable): [key: string, make: () => unknown][] {
  return Object.entries(getTableColumns(table) as Record<string, PgColumn>).flatMap(([key, column]) => {
    const make = column.defaultFn ?? (column.default === undefined ? column.onUpdateFn : undefined);
    return make === undefined ? [] : [[key, make]];
  });
}

function list(parts: (SQL | ReturnType<typeof sql.identifier>)[]): SQL {
  return sql.join(parts as SQL[], sql`, `);
}
