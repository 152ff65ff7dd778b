// The collection: insert, upsert, update, delete, get, list, count and search over the user's own tables.
import { count, type SQL } from "drizzle-orm";
import type { PgTable } from "drizzle-orm/pg-core";
import type { Chunker } from "../chunk/chunker.ts";
import { type Database, isTransaction } from "../db/database.ts";
import { withTranslatedErrors } from "../db/errors.ts";
import type { Embedder } from "../embed/embedder.ts";
import { InputError } from "../errors.ts";
import type { chunks, documents } from "../table/ready.ts";
import { passageMaker } from "./passages.ts";
import { readyMade } from "./ready.ts";
import { KeptStatements } from "./search/kept.ts";
import { checkCondition } from "./search/request.ts";
import { Search } from "./search/search.ts";
import { type Capabilities, capabilities } from "./search/settings.ts";
import { type AnyRow, resolveShape, type Shape } from "./shape.ts";
import type {
  Changes,
  CollectionOptions,
  Key,
  ListOptions,
  Loaded,
  LoadOptions,
  NewRow,
  Query,
  Row,
  SearchOptions,
  UpsertOptions,
  WriteOptions,
  Written,
} from "./types.ts";
import { keyIn, type WriteContext } from "./write/context.ts";
import { load } from "./write/load.ts";
import { insert, remove, update, upsert } from "./write/write.ts";

/** Every row: what `update` and `delete` want to be told in so many words. */
export interface Everything {
  all: true;
}

/** Documents that can be searched by meaning. Stateless: it holds a database handle and options, nothing that a call changes. */
export interface Collection<D extends PgTable, C extends PgTable | undefined = undefined> {
  /** The table of documents. */
  readonly documents: D;
  /** The table of chunks; undefined where each row has its own vector. */
  readonly chunks: C;
  /** The same collection in a transaction of yours: everything it writes is committed or rolled back with it. */
  in(tx: Database): Collection<D, C>;

  /**
   * Inserts documents: chunked and embedded first, then written in one transaction.
   * @throws InvalidTextError, DimensionError, InvalidVectorError for bad input, with its row; ConstraintError; nothing is written.
   */
  insert(rows: NewRow<D> | readonly NewRow<D>[], options?: WriteOptions): Promise<Written<D>>;

  /**
   * Inserts documents, or updates those whose key is there. Chunks whose text, headings and embedder have not changed keep their rows and
   * vectors; the others are embedded. In one transaction. What a row does not mention keeps its value.
   * @throws InputError for two rows with the same key, and what `insert` throws.
   */
  upsert(rows: NewRow<D> | readonly NewRow<D>[], options?: UpsertOptions): Promise<Written<D>>;

  /**
   * Writes any number of documents with flat memory, in batches that are committed one by one: after a failure, what was written until then
   * stays, whole documents only, and the same load can be run again. An empty or nearly empty table gets its index over the vectors (as
   * the schema declares it) after the documents, which is several times quicker than keeping it up row by row.
   */
  load(rows: Iterable<NewRow<D>> | AsyncIterable<NewRow<D>>, options?: LoadOptions): Promise<Loaded>;

  /**
   * Updates the documents that match, and embeds again where their text changed.
   * @throws InputError without a condition, unless told `{ all: true }`.
   */
  update(changes: Changes<D>, where: SQL | Everything | undefined, options?: WriteOptions): Promise<Written<D>>;

  /**
   * Deletes the documents that match, with their chunks. Returns how many documents.
   * @throws InputError without a condition, unless told `{ all: true }`.
   */
  delete(where: SQL | Everything | undefined, options?: WriteOptions): Promise<number>;

  /** The document with this primary key, or undefined. Of several columns, the key is an object. */
  get(key: Key): Promise<Row<D> | undefined>;
  /** Documents, in the order asked for; without one, by primary key. */
  list(options?: ListOptions): Promise<Row<D>[]>;
  /** How many documents there are, or match. */
  count(where?: SQL): Promise<number>;

  /**
   * The passages that are nearest to a question, best first.
   * As many as `limit` where that many match, whatever the filter: a search that comes back short is run again without the index.
   */
  search(query: Query, options?: SearchOptions): Search<D, C>;
}

/** Options of a collection over the ready-made tables. */
export interface ReadyOptions {
  embedder?: Embedder;
  chunker?: Chunker;
}

/**
 * Makes a collection of a table of documents and, in most cases, a table of their chunks. Without tables: of the ready-made ones, which
 * `migrate(db)` creates and `documentRow()` makes rows for.
 *
 * @param db `connect()`'s database, or the application's own Drizzle database over `pg` or PGlite. It is never closed.
 * @throws ConfigurationError when tables, columns and embedder do not fit together.
 */
export function collection<D extends PgTable, C extends PgTable | undefined = undefined>(
  db: Database,
  options: CollectionOptions<D, C>,
): Collection<D, C>;
export function collection(db: Database, options: ReadyOptions): Collection<typeof documents, typeof chunks>;
export function collection(db: Database, options: ReadyOptions | CollectionOptions<PgTable, PgTable | undefined>): unknown {
  return make(db, "documents" in options ? options : { ...readyMade, ...options });
}

function make<D extends PgTable, C extends PgTable | undefined>(
  db: Database,
  options: CollectionOptions<D, C>,
): Collection<D, C> {
  const { embedder } = options;
  const shape = resolveShape(options);
  const toPassages = passageMaker(shape, embedder?.id ?? "none", options.chunker);
  let asked: Promise<Capabilities> | undefined;
  const ask = (handle: Database) => {
    asked ??= capabilities(handle, shape, embedder).catch((error) => {
      // A database that was not ready may be so next time.
      asked = undefined;
      throw error;
    });
    return asked;
  };
  const kept = isTransaction(db) ? undefined : new KeptStatements(db, shape, options.namedStatements === true);
  const on = (handle: Database): Collection<D, C> => {
    const context: WriteContext = {
      db: handle,
      shape,
      toPassages,
      chunkValues: options.chunkValues as WriteContext["chunkValues"],
    };
    return {
      documents: options.documents,
      chunks: options.chunks as C,
      in: on,
      insert: async (rows, write = {}) => (await insert(context, embedder, list(rows), write)) as Written<D>,
      upsert: async (rows, write = {}) => (await upsert(context, embedder, list(rows), write)) as Written<D>,
      load: (rows, options = {}) => load(context, embedder, rows as Iterable<AnyRow>, options),
      update: async (changes, where, write = {}) =>
        (await update(context, embedder, changes as AnyRow, condition(where), write)) as Written<D>,
      delete: async (where, write = {}) => remove(context, condition(where), write),
      get: async (key) => (await select(handle, shape, { where: keyCondition(shape, key), limit: 1 }))[0] as Row<D> | undefined,
      list: async (wanted = {}) => (await select(handle, shape, wanted)) as Row<D>[],
      count: async (where) => {
        const query = handle.select({ count: count() }).from(shape.documents).where(where);
        return Number((await withTranslatedErrors(async () => await query))[0]?.count ?? 0);
      },
      search: (query, wanted = {}) =>
        new Search<D, C>(
          { db: handle, shape, embedder, capabilities: () => ask(handle), kept: handle === db ? kept : undefined },
          query,
          wanted,
        ),
    };
  };
  return on(db);
}

function list<T>(rows: T | readonly T[]): AnyRow[] {
  return (Array.isArray(rows) ? rows : [rows]) as AnyRow[];
}

function condition(where: SQL | Everything | undefined): SQL | undefined {
  if (typeof where === "object" && where !== null && "all" in where && where.all === true) return undefined;
  checkCondition(where as SQL | undefined, "where");
  return where as SQL;
}

function keyCondition(shape: Shape, key: Key): SQL {
  const values = shape.documentKey.map((column) => {
    const value = typeof key === "object" ? key[column.key] : key;
    if (value === undefined) throw new InputError(`The key has no "${column.key}".`, { field: column.key });
    return value;
  });
  if (typeof key !== "object" && values.length > 1) {
    const names = shape.documentKey.map((column) => column.key).join(", ");
    throw new InputError(`The primary key has several columns; give an object with ${names}.`, { field: names });
  }
  return keyIn(shape.documentKey, [values]);
}

async function select(db: Database, shape: Shape, options: ListOptions): Promise<AnyRow[]> {
  if ("where" in options) checkCondition(options.where, "where");
  const { orderBy = shape.documentKey.map(({ column }) => column), limit = 100, offset = 0 } = options;
  const query = db
    .select(shape.documentColumns)
    .from(shape.documents)
    .where(options.where)
    .orderBy(...(Array.isArray(orderBy) ? orderBy : [orderBy]))
    .limit(limit)
    .offset(offset);
  return withTranslatedErrors(async () => (await query) as AnyRow[]);
}
