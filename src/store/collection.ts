// The collection: insert, upsert, update, delete, get, list, count and search over the user's own tables.
import type { SQL } from "drizzle-orm";
import type { PgTable } from "drizzle-orm/pg-core";
import type { Chunker } from "../chunk/chunker.ts";
import type { Database } from "../db/database.ts";
import type { SettingValues } from "../db/scoped.ts";
import type { Embedder } from "../embed/embedder.ts";
import type { chunks, documents } from "../table/ready.ts";
import type { CollectionIndexes } from "./indexes/indexes.ts";
import type { Recall, RecallOptions } from "./indexes/recall.ts";
import type { KeywordRanker } from "./keywords/ranker.ts";
import { make } from "./make.ts";
import { readyMade } from "./ready.ts";
import type { SearchQuery } from "./search/query.ts";
import type { Search } from "./search/search.ts";
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
  /** What makes vectors of questions and passages; undefined where they are handed in. */
  readonly embedder: Embedder | undefined;
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
  /** Of any other iterable, also an asynchronous one: what `load` does. It is read as it is written, so it may be of any length. */
  insert(rows: Iterable<NewRow<D>> | AsyncIterable<NewRow<D>>, options?: Omit<LoadOptions, "key">): Promise<Loaded>;

  /**
   * Inserts documents, or updates those whose key is there. Chunks whose text, headings and embedder have not changed keep their rows and
   * vectors; the others are embedded. In one transaction. What a row does not mention keeps its value.
   * @throws InputError for two rows with the same key, and what `insert` throws.
   */
  upsert(rows: NewRow<D> | readonly NewRow<D>[], options?: UpsertOptions): Promise<Written<D>>;
  /** Of any other iterable: what `load` does with a `key`, which is the primary key unless another is given. */
  upsert(rows: Iterable<NewRow<D>> | AsyncIterable<NewRow<D>>, options?: LoadOptions): Promise<Loaded>;

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
  /** Ranks by words with an extension of Postgres, by an index over `rag.chunks`; see `CollectionOptions.keywords`. */
  keywords?: KeywordRanker;
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
