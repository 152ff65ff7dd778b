// What every write shares: the transaction around it, the batches of a statement, and the checks of what comes in.
import { type Column, eq, inArray, or, type SQL, sql } from "drizzle-orm";
import type { PgColumn, PgTable } from "drizzle-orm/pg-core";
import type { Database } from "../../db/database.ts";
import { translated } from "../../db/errors.ts";
import { cancellable, mayTryAgain } from "../../db/running.ts";
import { inTransaction } from "../../db/transaction.ts";
import { InputError, InvalidTextError } from "../../errors.ts";
import { checkText } from "../../util/well-formed.ts";
import type { ToPassages } from "../passages.ts";
import type { AnyRow, NamedColumn, Shape } from "../shape.ts";
import type { WriteOptions } from "../types.ts";
import { MissingVectors, type VectorStash } from "./vectors.ts";

export interface WriteContext {
  db: Database;
  shape: Shape;
  toPassages: ToPassages;
  /** Values for the user's own columns in the table of chunks. */
  chunkValues: ((document: AnyRow, chunk: AnyRow) => AnyRow) | undefined;
  /** Number of the first row among all that are loaded, for errors. Default: 0. */
  firstRow?: number;
  /** What one batch of a load leaves to those after it. */
  left?: Leavings;
}

export interface Leavings {
  /** Whether COPY is allowed, by the name of the table. */
  rights: Map<string, boolean>;
  /** Memory that rows were encoded in. */
  spare: Buffer[];
}

/** What a write did, before the user's types. */
export interface WriteCount {
  documents: AnyRow[];
  kept: number;
  removed: number;
}

/** How often a write goes back to embed what another writer has changed meanwhile. */
const maxTries = 5;

/**
 * Runs `work` in a transaction (a savepoint, when the handle is one already). When it misses vectors, they are made outside and it runs again:
 * another writer may have changed a document between the look that tells what to embed and the lock.
 */
export async function atomically<T>(
  context: Pick<WriteContext, "db">,
  stash: VectorStash,
  options: WriteOptions,
  work: (tx: Database) => Promise<T>,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    options.signal?.throwIfAborted();
    try {
      return await cancellable(context.db, options.signal, (db) =>
        inTransaction(db, async (tx) => {
          const result = await work(tx);
          options.signal?.throwIfAborted();
          return result;
        }),
      );
    } catch (error) {
      if (error instanceof MissingVectors && tries < maxTries) {
        await stash.embed(error.passages.map((passage) => ({ passage, row: 0 })));
        continue;
      }
      if (!mayTryAgain(context.db, error, tries)) throw translated(error);
    }
  }
}

/** Postgres takes 65,535 parameters a statement; past a few hundred rows a longer statement gains nothing. */
export function rowsPerStatement(columns: number): number {
  return Math.max(1, Math.min(500, Math.floor(60_000 / Math.max(1, columns))));
}

/** Cuts a list into pieces of at most `size`. */
export function* pieces<T>(items: readonly T[], size: number): Generator<T[]> {
  for (let i = 0; i < items.length; i += size) yield items.slice(i, i + size);
}

/** Every string of a row has to be one that Postgres can store: a half character would be stored as U+FFFD without a word. */
export function checkRow(row: unknown, index: number): asserts row is AnyRow {
  if (typeof row !== "object" || row === null || Array.isArray(row)) {
    throw new InputError("A row has to be an object with the table's columns.", { row: index });
  }
  for (const field of Object.keys(row)) {
    const value = (row as AnyRow)[field];
    if (typeof value !== "string" || value === "") continue;
    try {
      checkText(value, { row: index, field });
    } catch (error) {
      // White space alone is no text to embed, but a fine value for another column.
      if (!(error instanceof InvalidTextError && error.reason === "empty")) throw error;
    }
  }
}

/** `(a, b) in (…)`; for one column, plain `in`. */
export function keyIn(columns: readonly NamedColumn[], keys: readonly unknown[][]): SQL {
  const [first] = columns;
  if (columns.length === 1 && first !== undefined) {
    return inArray(
      first.column as Column,
      keys.map(([value]) => value),
    );
  }
  const one = (key: unknown[]) =>
    sql`(${sql.join(
      columns.map(({ column }, i) => eq(column, key[i])),
      sql` and `,
    )})`;
  return or(...keys.map(one)) ?? sql`false`;
}

/** A key as one string, to look rows up by. */
export function keyText(values: readonly unknown[]): string {
  return values.map((value) => (typeof value === "bigint" ? String(value) : JSON.stringify(value))).join("\n");
}

/** The values of a row in these columns. */
export function keyOf(row: AnyRow, columns: readonly NamedColumn[]): unknown[] {
  return columns.map(({ key }) => row[key]);
}

/**
 * One UPDATE for many rows, each with values of its own: `update t set a = v.a from (values …) v where t.id = v.id`.
 * `rows` hold the key's values and the new ones, by the names rows know the columns by.
 */
export async function updateRows(
  tx: Database,
  table: PgTable,
  key: readonly NamedColumn[],
  set: readonly NamedColumn[],
  rows: readonly AnyRow[],
) {
  const columns = [...key, ...set];
  const cast = ({ column }: NamedColumn, value: unknown) => sql`${encoded(column, value)}::${sql.raw(column.getSQLType())}`;
  const alias = (i: number) => sql`v.${sql.identifier(`c${i}`)}`;
  for (const batch of pieces(rows, rowsPerStatement(columns.length))) {
    const values = batch.map(
      (row) =>
        sql`(${sql.join(
          columns.map((column) => cast(column, row[column.key])),
          sql`, `,
        )})`,
    );
    const names = columns.map((_, i) => sql.identifier(`c${i}`));
    const assignments = set.map(({ column }, i) => sql`${sql.identifier(column.name)} = ${alias(key.length + i)}`);
    const matches = key.map(({ column }, i) => sql`${column} = ${alias(i)}`);
    await tx.execute(sql`
      update ${table} set ${sql.join(assignments, sql`, `)}
      from (values ${sql.join(values, sql`, `)}) as v(${sql.join(names, sql`, `)})
      where ${sql.join(matches, sql` and `)}`);
  }
}

/** SQL stays SQL (a vector that was encoded for the driver); anything else goes through the column's own encoding. */
function encoded(column: PgColumn, value: unknown): SQL {
  return value !== null && typeof value === "object" && "queryChunks" in value
    ? (value as SQL)
    : sql`${sql.param(value, column)}`;
}
