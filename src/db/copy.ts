// COPY in binary format: the quickest way for many rows into a table.
// Format: https://www.postgresql.org/docs/17/sql-copy.html#SQL-COPY-FILE-FORMATS
import { once } from "node:events";
import { finished } from "node:stream/promises";
import { type SQL, sql } from "drizzle-orm";
import type { PgColumn } from "drizzle-orm/pg-core";
import type { PoolClient } from "pg";
import { type BinaryEncoder, binaryEncoder } from "./binary.ts";
import { type Database, driverOf } from "./database.ts";

/** A column of the table, and the name that rows know it by. */
export interface CopyColumn {
  key: string;
  column: PgColumn;
}

type Row = Record<string, unknown>;

/** Bytes that are handed to the socket at once: many small writes cost more than the rows. */
const pieceSize = 1 << 20;
const signature = Buffer.from("PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0", "latin1");
const trailer = Buffer.from([0xff, 0xff]);

/**
 * Copies rows into a table, within the transaction. Vectors are `Float32Array`s.
 *
 * @param into The table, or a name of one.
 * @returns false, with nothing written, when the driver cannot or a value has no binary form here: the caller inserts them then.
 */
export async function copyRows(tx: Database, into: SQL, columns: readonly CopyColumn[], rows: readonly Row[]): Promise<boolean> {
  const driver = driverOf(tx);
  const encoders = columns.map(({ column }) => binaryEncoder(column));
  if (driver === "other" || encoders.includes(undefined)) return false;
  const pieces = encoded(columns, encoders as BinaryEncoder[], rows);
  if (pieces === undefined) return false;
  const names = sql.join(
    columns.map(({ column }) => sql.identifier(column.name)),
    sql`, `,
  );
  const { client, dialect } = insidesOf(tx);
  const from = driver === "pglite" ? "'/dev/blob'" : "stdin";
  const statement = dialect.sqlToQuery(sql`copy ${into} (${names}) from ${sql.raw(from)} with (format binary)`).sql;
  if (driver === "pglite") {
    await (client as PgliteClient).query(statement, [], { blob: new Blob(pieces as Buffer<ArrayBuffer>[]) });
    return true;
  }
  const { from: copyFrom } = await import("pg-copy-streams");
  const stream = (client as PoolClient).query(copyFrom(statement));
  for (const piece of pieces) if (!stream.write(piece)) await Promise.race([once(stream, "drain"), finished(stream)]);
  stream.end();
  await finished(stream);
  return true;
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

/** The whole file, in pieces; undefined when some value has no binary form. */
function encoded(columns: readonly CopyColumn[], encoders: readonly BinaryEncoder[], rows: readonly Row[]): Buffer[] | undefined {
  const pieces: Buffer[] = [];
  let piece = Buffer.allocUnsafe(pieceSize);
  let used = signature.copy(piece);
  const room = (bytes: number) => {
    if (used + bytes <= piece.length) return;
    pieces.push(piece.subarray(0, used));
    piece = Buffer.allocUnsafe(Math.max(pieceSize, bytes));
    used = 0;
  };
  for (const row of rows) {
    room(2);
    used = piece.writeInt16BE(columns.length, used);
    for (let i = 0; i < columns.length; i++) {
      const { key, column } = columns[i] as CopyColumn;
      const given = row[key];
      if (given === null || given === undefined) {
        room(4);
        used = piece.writeInt32BE(-1, used);
        continue;
      }
      const value = (encoders[i] as BinaryEncoder)(given instanceof Float32Array ? given : column.mapToDriverValue(given));
      if (value === undefined) return undefined;
      room(4 + value.length);
      used = piece.writeInt32BE(value.length, used);
      used += value.copy(piece, used);
    }
  }
  room(trailer.length);
  used += trailer.copy(piece, used);
  pieces.push(piece.subarray(0, used));
  return pieces;
}
