// COPY in binary format: the quickest way for many rows into a table.
// Format: https://www.postgresql.org/docs/17/sql-copy.html#SQL-COPY-FILE-FORMATS
import { once } from "node:events";
import { finished } from "node:stream/promises";
import { setImmediate } from "node:timers/promises";
import { isSQLWrapper, type SQL, sql } from "drizzle-orm";
import type { PgColumn } from "drizzle-orm/pg-core";
import type { PoolClient } from "pg";
import { type BinaryEncoder, BinaryWriter, binaryEncoder } from "./binary.ts";
import { type Database, driverOf } from "./database.ts";

/** A column of the table, and the name that rows know it by. */
export interface CopyColumn {
  key: string;
  column: PgColumn;
}

/** Rows as COPY takes them. */
export interface EncodedRows {
  columns: readonly CopyColumn[];
  pieces: Buffer[];
}

type Row = Record<string, unknown>;

const header = Buffer.from("PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0", "latin1");
const trailer = -1;
/** Bytes that are encoded in one go: what is sent meanwhile must not wait for long. */
const turn = 1 << 16;

/**
 * Encodes rows for COPY; vectors are `Float32Array`s. Other work gets its turn after each piece, such as sending the rows before these.
 *
 * @param spare Pieces to write over; what is used of them is taken out.
 * @returns undefined when the driver cannot COPY or a value has no binary form here: the caller inserts the rows then.
 */
export async function encodeRows(
  db: Database,
  columns: readonly CopyColumn[],
  rows: readonly Row[],
  spare: Buffer[] = [],
): Promise<EncodedRows | undefined> {
  if (driverOf(db) === "other") return undefined;
  const fields: { key: string; column: PgColumn; encoder: BinaryEncoder }[] = [];
  for (const { key, column } of columns) {
    const encoder = binaryEncoder(column);
    if (encoder === undefined) return undefined;
    fields.push({ key, column, encoder });
  }
  const writer = new BinaryWriter(spare);
  writer.bytes(header);
  let next = turn;
  for (const row of rows) {
    writer.int2(fields.length);
    for (const { key, column, encoder } of fields) {
      const value = row[key];
      if (value === null || value === undefined) writer.int4(-1);
      else if (isSQLWrapper(value) || !encoder(writer, driverValue(column, value))) return undefined;
    }
    if (writer.length < next) continue;
    next = writer.length + turn;
    await setImmediate();
  }
  writer.int2(trailer);
  return { columns, pieces: writer.end() };
}

/** Copies rows into a table, or a name of one, within the transaction. */
export async function copyRows(tx: Database, into: SQL, { columns, pieces }: EncodedRows): Promise<void> {
  const names = sql.join(
    columns.map(({ column }) => sql.identifier(column.name)),
    sql`, `,
  );
  const { client, dialect } = insidesOf(tx);
  const embedded = driverOf(tx) === "pglite";
  const from = embedded ? "'/dev/blob'" : "stdin";
  const statement = dialect.sqlToQuery(sql`copy ${into} (${names}) from ${sql.raw(from)} with (format binary)`).sql;
  if (embedded) {
    await (client as PgliteClient).query(statement, [], { blob: new Blob(pieces as Buffer<ArrayBuffer>[]) });
    return;
  }
  const { from: copyFrom } = await import("pg-copy-streams");
  const stream = (client as PoolClient).query(copyFrom(statement));
  const done = finished(stream);
  for (const piece of pieces) if (!stream.write(piece)) await Promise.race([once(stream, "drain"), done]);
  stream.end();
  await done;
}

function driverValue(column: PgColumn, value: unknown): unknown {
  return value instanceof Float32Array ? value : column.mapToDriverValue(value);
}

interface PgliteClient {
  query(text: string, values: unknown[], options: { blob: Blob }): Promise<unknown>;
}

/** The connection of a transaction: Drizzle has no word for COPY. */
function insidesOf(tx: Database): { client: unknown; dialect: { sqlToQuery(statement: SQL): { sql: string } } } {
  const { session, dialect } = tx as unknown as {
    session: { client: unknown };
    dialect: { sqlToQuery(statement: SQL): { sql: string } };
  };
  return { client: session.client, dialect };
}
