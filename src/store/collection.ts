// The collection: insert, upsert, update, delete, get, list, count and search over the user's own tables.
import { count, type SQL } from "drizzle-orm";
import type { PgTable } from "drizzle-orm/pg-core";
import type { Chunker } from "../chunk/chunker.ts";
import { type Database, isTransaction } from "../db/database.ts";
import { withTranslatedErrors } from "../db/errors.ts";
import { checkSettings, type SettingValues, scoped } from "../db/scoped.ts";
import { guardPool } from "../db/transaction.ts";
import type { Embedder } from "../embed/embedder.ts";
import type { chunks, documents } from "../table/ready.ts";
import { type CollectionIndexes, collectionIndexes } from "./indexes/indexes.ts";
import { type Recall, type RecallOptions, recall } from "./indexes/recall.ts";
import { passageMaker } from "./passages.ts";
import { readyMade } from "./ready.ts";
import { KeptStatements } from "./search/kept.ts";
import { searchMany } from "./search/many.ts";
import { FilterEstimates } from "./search/narrow.ts";
import { neighboursOf } from "./search/neighbours.ts";
import { pages } from "./search/pages.ts";
import { keyEquals } from "./search/parts.ts";
import { type SearchQuery, searchQuery } from "./search/query.ts";
import { checkCondition, searchRequest, whole } from "./search/request.ts";
import { Search } from "./search/search.ts";
import { type Capabilities, capabilities } from "./search/settings.ts";
import { similarRequest } from "./search/similar.ts";
import { type AnyRow, resolveShape, type Shape } from "./shape.ts";
import type {
  Backfilled,
  BackfillOptions,
  Changes,
  Chosen,
  CollectionOptions,
  Hit,
  Key,
  ListOptions,
  Loaded,
  LoadOptions,
  NewRow,
  PagesOptions,
  Query,
  Row,
  SearchOptions,
  SearchQueryOptions,
  Selection,
  SimilarOptions,
  UpsertOptions,
  WriteOptions,
  Written,
} from "./types.ts";
import { backfill } from "./write/backfill.ts";
import type { WriteContext } from "./write/context.ts";
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
   * The same collection on behalf of somebody: all that it reads and writes runs in a transaction with these settings, which row-level
   * security goes by: `docs.as({ "app.tenant": "acme" })`. They are custom settings, and `role`; values are bound as parameters, hold for
   * that transaction alone (`set_config(name, value, true)`), and are added to those of an earlier `as`. In a transaction of yours they
   * hold while the call runs; do not run other statements in it at the same time.
   * @throws InputError for another name, a value that is not a string, and no settings at all.
   */
  as(settings: SettingValues): Collection<D, C>;

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
   * Embeds the rows that were not written through the collection: documents without passages, or with passages by another embedder; in a
   * single table, rows whose vector is NULL and, where there is a `hash` column, those whose text or embedder is another by now.
   * In batches with a transaction each, so that it can be stopped and run again. Several processes may run it at once: they share the work.
   * Until a batch is embedded its transaction is open, but holds no lock on a row.
   */
  backfill(options?: BackfillOptions): Promise<Backfilled>;

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
   * The passages that are nearest to a question, best first. Hits of one score are in the order of their keys.
   * Of several questions all rankings are fused (reciprocal rank fusion), embedded in one request and run in one statement.
   * As many as `limit` where that many match, whatever the filter: a search that comes back short is run again without the index.
   */
  search<S extends Selection | undefined = undefined>(
    query: Query | readonly Query[],
    options?: SearchOptions<S>,
  ): Search<D, C, Chosen<D, S>>;

  /**
   * The passages that are nearest to a stored document, by the average of its chunks' vectors (by its own, without a table of chunks), or
   * to one of its chunks with `{ chunk: key }`. The document itself is left out. Nothing is embedded, and no vector leaves the database.
   * @throws InputError when there is nothing with this key that has a vector (an empty result tells nothing).
   */
  similar<S extends Selection | undefined = undefined>(key: Key, options?: SimilarOptions<S>): Search<D, C, Chosen<D, S>>;

  /**
   * Several searches with the same options, each question with its own hits, in order. All questions are embedded in one request. By vector
   * it is one statement (a round trip for each 200 questions, and one more for those that came back short); hybrid, by keyword, grouped
   * and diverse searches run one after another in a transaction.
   */
  searchMany<S extends Selection | undefined = undefined>(
    queries: readonly Query[],
    options?: SearchOptions<S>,
  ): Promise<Hit<D, C, Chosen<D, S>>[][]>;

  /**
   * Pages through a search's hits: `window` hits are ranked once, by key; then each page's rows are read when it is asked for. So no hit is
   * repeated or missed between pages, whatever is written meanwhile; rows that were deleted are left out, and changed ones come as they are
   * now. With `offset` instead, each page is a search of its own: writes move hits between pages, and so may an approximate index.
   */
  pages<S extends Selection | undefined = undefined>(
    query: Query | readonly Query[],
    options?: PagesOptions<S>,
  ): AsyncGenerator<Hit<D, C, Chosen<D, S>>[], void, undefined>;

  /**
   * A search as a Drizzle query of its own, to be joined in yours: the columns of the table that is searched, without vectors, and `score`
   * (which takes the place of a column of that name). It brings the settings of its index scan along, as `search` does (in a transaction
   * they hold until that ends); but it runs once, so that by vector it may come back short where many rows were deleted, or where a filter
   * keeps few rows and the planner thinks it keeps many. With `perDocument`, the hits are those among the 16 × (limit + offset) nearest.
   * @example const hits = (await docs.searchQuery("refunds")).as("hits"); db.select().from(hits).innerJoin(articles, eq(articles.id, hits.articleId))
   */
  searchQuery(query: Query | readonly Query[], options?: SearchQueryOptions): Promise<SearchQuery<C extends PgTable ? C : D>>;

  /**
   * The chunks around a hit in its document, in order and without its own, as the table holds them now.
   * @param around How many before and after. Default: 1 each.
   * @throws ConfigurationError without a table of chunks; InputError for a hit without its chunk's key.
   */
  neighbours(
    hit: { chunk: unknown },
    around?: { before?: number; after?: number },
  ): Promise<(C extends PgTable ? Row<C> : never)[]>;

  /** The indexes of the table that is searched: their state, building, rebuilding and dropping them. */
  readonly indexes: CollectionIndexes;

  /**
   * How much of what is nearest the index finds, measured on your own data: searches by vector through the index, at several settings of
   * `hnsw.ef_search`, against exact ones. Reads only. An exact search looks at the whole table: count on a second each for a million rows.
   * @throws ConfigurationError when the table has no HNSW index that the collection's searches use; InputError.
   */
  recall(options?: RecallOptions): Promise<Recall>;
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

/** Tables grow, and extensions are updated, while a server runs. In milliseconds. */
const askedAgainAfter = 300_000;

function make<D extends PgTable, C extends PgTable | undefined>(
  db: Database,
  options: CollectionOptions<D, C>,
): Collection<D, C> {
  const { embedder } = options;
  const shape = resolveShape(options);
  guardPool(db);
  const toPassages = passageMaker(shape, embedder?.id ?? "none", options.chunker);
  let asked: { answer: Promise<Capabilities>; at: number } | undefined;
  const ask = (handle: Database) => {
    if (asked !== undefined && Date.now() - asked.at < askedAgainAfter) return asked.answer;
    const answer = capabilities(handle, shape, embedder).catch((error) => {
      // A database that was not ready may be so next time.
      asked = undefined;
      throw error;
    });
    asked = { answer, at: Date.now() };
    return answer;
  };
  const estimates = new FilterEstimates(shape);
  const kept = isTransaction(db) ? undefined : new KeptStatements(db, shape, options.namedStatements === true);
  const on = (base: Database, settings?: SettingValues): Collection<D, C> => {
    const handle = settings === undefined ? base : scoped(base, settings);
    const context: WriteContext = {
      db: handle,
      shape,
      toPassages,
      chunkValues: options.chunkValues as WriteContext["chunkValues"],
    };
    const searching = {
      db: handle,
      shape,
      embedder,
      capabilities: () => ask(handle),
      estimates,
      kept: handle === db ? kept : undefined,
    };
    return {
      documents: options.documents,
      chunks: options.chunks as C,
      indexes: collectionIndexes(base, shape.passages),
      recall: (wanted = {}) => recall({ db: handle, shape, embedder }, wanted),
      in: (tx) => on(tx, settings),
      as: (more) => {
        checkSettings(more);
        return on(base, { ...settings, ...more });
      },
      insert: async (rows, write = {}) => (await insert(context, embedder, list(rows), write)) as Written<D>,
      upsert: async (rows, write = {}) => (await upsert(context, embedder, list(rows), write)) as Written<D>,
      load: (rows, options = {}) => load(context, embedder, rows as Iterable<AnyRow>, options),
      backfill: (options = {}) => backfill(context, embedder, options),
      update: async (changes, where, write = {}) =>
        (await update(context, embedder, changes as AnyRow, condition(where), write)) as Written<D>,
      delete: async (where, write = {}) => remove(context, condition(where), write),
      get: async (key) =>
        (await select(handle, shape, { where: keyEquals(shape.documentKey, key), limit: 1 }))[0] as Row<D> | undefined,
      list: async (wanted = {}) => (await select(handle, shape, wanted)) as Row<D>[],
      count: async (where) => {
        const query = handle.select({ count: count() }).from(shape.documents).where(where);
        return Number((await withTranslatedErrors(async () => await query))[0]?.count ?? 0);
      },
      search: (query, wanted = {}) => new Search(searching, searchRequest(shape, query, wanted)),
      similar: (key, wanted = {}) => new Search(searching, similarRequest(shape, key, wanted)),
      searchMany: (queries, wanted = {}) => searchMany(searching, queries, wanted),
      pages: (query, wanted = {}) => pages(searching, query, wanted),
      searchQuery: (query, wanted = {}) => searchQuery(searching, query, wanted),
      neighbours: async (hit, { before = 1, after = 1 } = {}) => {
        const [back, on] = [whole(before, "before", 0), whole(after, "after", 0)];
        return (await withTranslatedErrors(() => neighboursOf(handle, shape, hit, back, on))) as (C extends PgTable
          ? Row<C>
          : never)[];
      },
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
