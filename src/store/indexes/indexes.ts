// `docs.indexes`: status, create, rebuild and drop, for the indexes of the table that a collection searches.
import { sql } from "drizzle-orm";
import { getTableConfig, type PgTable } from "drizzle-orm/pg-core";
import { type Database, driverOf } from "../../db/database.ts";
import { withTranslatedErrors } from "../../db/errors.ts";
import { inTransaction } from "../../db/transaction.ts";
import { InputError } from "../../errors.ts";
import { type BuildOptions, build, mustBeOutside } from "./build.ts";
import { declaredIndexes, isVectorKind } from "./declared.ts";
import { type IndexesStatus, indexesStatus, storedIndexes } from "./status.ts";

export interface DropOptions {
  /** Names of indexes. Default: those over vectors that the schema declares, which `create()` makes again. */
  names?: readonly string[];
  /** Searches and writes go on meanwhile; not in a transaction. Default: false. */
  concurrently?: boolean;
}

export interface RebuildOptions extends BuildOptions {
  /** Names of indexes. Default: all over vectors. */
  names?: readonly string[];
}

/** The indexes of the table that a collection searches: its chunks, or its documents where each has its own vector. */
export interface CollectionIndexes {
  /** What is there, how large, in what state, and what is missing; and what is known against this version of pgvector. */
  status(): Promise<IndexesStatus>;
  /**
   * Builds the indexes that the schema declares and the database lacks, and those that a failed build left invalid. Returns their names.
   * With `concurrently`, `maintenanceWorkMem` and `parallelWorkers` are set on one connection of the pool and reset on it afterwards: that
   * wants a direct connection to the server, not a pooler in transaction mode.
   * @throws ConfigurationError for `concurrently` in a transaction; InputError for settings that are none; DatabaseError.
   */
  create(options?: BuildOptions): Promise<string[]>;
  /** Builds indexes anew (REINDEX), after many deletes or an update of pgvector. Returns their names. Throws what `create` throws. */
  rebuild(options?: RebuildOptions): Promise<string[]>;
  /** Drops what failed concurrent builds left. One that is still being built is waited for, and kept if it succeeds. Returns their names. */
  dropInvalid(): Promise<string[]>;
  /** Drops indexes. Returns the names of those that were there. */
  drop(options?: DropOptions): Promise<string[]>;
}

export function collectionIndexes(db: Database, table: PgTable): CollectionIndexes {
  const guarded = <T>(work: () => Promise<T>) => withTranslatedErrors(work);
  return {
    status: () => guarded(() => indexesStatus(db, table)),
    create: (options = {}) =>
      guarded(async () => {
        if (options.concurrently === true && driverOf(db) !== "pglite") mustBeOutside(db, "concurrently");
        await dropInvalid(db, table, new Set(declaredIndexes(table).map(({ name }) => name)));
        return createMissingIndexes(db, table, options);
      }),
    rebuild: (options = {}) => guarded(() => rebuild(db, table, options)),
    dropInvalid: () => guarded(() => dropInvalid(db, table)),
    drop: (options = {}) =>
      guarded(async () => {
        if (options.concurrently === true && driverOf(db) !== "pglite") mustBeOutside(db, "concurrently");
        const found = await storedIndexes(db, table);
        const declared = declaredIndexes(table);
        const wanted =
          options.names === undefined
            ? found.filter(({ name, kind }) => isVectorKind(kind) && declared.some((index) => index.name === name))
            : found.filter(({ name }) => options.names?.includes(name));
        for (const { name } of wanted) await dropIndex(db, table, name, options.concurrently === true);
        return wanted.map(({ name }) => name);
      }),
  };
}

/**
 * Drops the table's indexes that cost more to keep up row by row than to build at once, and that the schema could make again. Returns
 * whether there were any.
 */
export async function dropDearIndexes(db: Database, table: PgTable): Promise<boolean> {
  const declared = new Set(declaredIndexes(table).map(({ name }) => name));
  const found = (await storedIndexes(db, table)).filter(({ name, kind }) => isDear(kind) && declared.has(name));
  for (const { name } of found) await dropIndex(db, table, name, false);
  return found.length > 0;
}

/** Builds the indexes that the schema declares and the database lacks; `only` those that a load drops. Returns their names. */
export async function createMissingIndexes(
  db: Database,
  table: PgTable,
  options: BuildOptions & { only?: "dear" } = {},
): Promise<string[]> {
  const there = new Set((await storedIndexes(db, table)).map(({ name }) => name));
  const missing = declaredIndexes(table).filter(
    ({ name, kind }) => !there.has(name) && (options.only === undefined || isDear(kind)),
  );
  const concurrently = options.concurrently === true && driverOf(db) !== "pglite";
  const builds = missing.map(({ name, statement }) => ({ name, statement: statement(concurrently) }));
  await build(db, table, builds, options);
  return missing.map(({ name }) => name);
}

/** All but those that rows are looked up by while they are written, and that keep them apart: a B-tree is cheap to keep up. */
function isDear(kind: string): boolean {
  return kind !== "btree" && kind !== "hash";
}

async function rebuild(db: Database, table: PgTable, options: RebuildOptions): Promise<string[]> {
  const found = await storedIndexes(db, table);
  const unknown = options.names?.find((wanted) => !found.some(({ name }) => name === wanted));
  if (unknown !== undefined) {
    throw new InputError(`There is no index "${unknown}" on "${getTableConfig(table).name}".`, { field: "names" });
  }
  const wanted = found.filter(({ name, kind }) => options.names?.includes(name) ?? isVectorKind(kind));
  const concurrently = options.concurrently === true && driverOf(db) !== "pglite";
  const builds = wanted.map(({ name }) => ({
    name,
    statement: sql`reindex index${sql.raw(concurrently ? " concurrently" : "")} ${inSchema(table, name)}`,
  }));
  await build(db, table, builds, options);
  return wanted.map(({ name }) => name);
}

async function dropInvalid(db: Database, table: PgTable, among?: ReadonlySet<string>): Promise<string[]> {
  const invalid = async (handle: Database) =>
    (await storedIndexes(handle, table)).filter(({ name, valid }) => !valid && (among === undefined || among.has(name)));
  if ((await invalid(db)).length === 0) return [];
  try {
    return await inTransaction(db, async (tx) => {
      // A concurrent build holds this lock until its index is valid, and looks invalid until then.
      await tx.execute(sql`lock table ${table} in share update exclusive mode`);
      const left = await invalid(tx);
      for (const { name } of left) await dropIndex(tx, table, name, false);
      return left.map(({ name }) => name);
    });
  } catch (error) {
    // Postgres lets go of the lock just before it commits that the index is valid. Who comes in between is told by this error.
    if (!/tuple concurrently updated/.test(messageOf(error))) throw error;
    return dropInvalid(db, table, among);
  }
}

/** What the server said: Drizzle puts its own words around it. */
function messageOf(error: unknown): string {
  return error instanceof Error ? `${error.message} ${messageOf(error.cause)}` : "";
}

async function dropIndex(db: Database, table: PgTable, name: string, concurrently: boolean): Promise<void> {
  const how = concurrently && driverOf(db) !== "pglite" ? " concurrently" : "";
  await db.execute(sql`drop index${sql.raw(how)} if exists ${inSchema(table, name)}`);
}

/** An index is in its table's schema. */
function inSchema(table: PgTable, name: string) {
  const { schema } = getTableConfig(table);
  return schema === undefined ? sql`${sql.identifier(name)}` : sql`${sql.identifier(schema)}.${sql.identifier(name)}`;
}
