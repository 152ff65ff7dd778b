// The types of a collection: what it is made of, what goes in and what comes out, all derived from the user's own tables.
import type { InferInsertModel, InferSelectModel, SQL } from "drizzle-orm";
import type { PgColumn, PgTable } from "drizzle-orm/pg-core";
import type { SelectResultFields } from "drizzle-orm/query-builders/select.types";
import type { Chunker } from "../chunk/chunker.ts";
import type { Embedder } from "../embed/embedder.ts";
import type { IndexKind } from "../table/approximation.ts";
import type { Metric } from "../table/indexes.ts";
import type { TsVector } from "../table/tsvector.ts";
import type { Chunk, Source, SparseVector } from "../values.ts";
import type { KeywordRanker } from "./keywords/ranker.ts";

/** Drizzle's names for pgvector's column types. */
type VectorColumn = "PgVector" | "PgHalfVector" | "PgSparseVector" | "PgBinaryVector";

type Columns<T extends PgTable> = T["_"]["columns"];

/** A table's row as results hold it: every column but vectors and search words, which nobody reads and everybody would pay for. */
export type Row<T extends PgTable> = {
  [K in keyof InferSelectModel<T> as K extends keyof Columns<T>
    ? Columns<T>[K]["_"]["columnType"] extends VectorColumn
      ? never
      : Columns<T>[K]["_"]["data"] extends TsVector
        ? never
        : K
    : K]: InferSelectModel<T>[K];
};

/** What `insert` takes: the table's insert type; the vector is optional, since the collection makes it. */
export type NewRow<T extends PgTable> = {
  [K in keyof InferInsertModel<T> as K extends VectorKeys<T> ? never : K]: InferInsertModel<T>[K];
} & { [K in VectorKeys<T>]?: VectorInput<Columns<T>[K]["_"]["columnType"]> };

type VectorInput<Type> = Type extends "PgSparseVector" ? SparseVector | string : number[] | Float32Array;

type VectorKeys<T extends PgTable> = {
  [K in keyof Columns<T>]: Columns<T>[K]["_"]["columnType"] extends VectorColumn ? K : never;
}[keyof Columns<T>];

/** What `update` sets: values or SQL expressions, as in Drizzle's `update().set()`. */
export type Changes<T extends PgTable> = { [K in keyof InferInsertModel<T>]?: InferInsertModel<T>[K] | SQL };

/** A property of a document: one of its columns, or computed from the row. */
export type Field<D extends PgTable, T> = PgColumn | ((row: Row<D>) => T);

export interface CollectionOptions<D extends PgTable, C extends PgTable | undefined = undefined> {
  /** The table of documents: any Drizzle table with a primary key. */
  documents: D;
  /** What is embedded and found: a text column, or a function of the row. */
  text: Field<D, string>;
  /** Shown with hits, and put before each chunk's headings, so that it is embedded with every passage. */
  title?: Field<D, string | null | undefined>;
  /** Where a document came from, for people: a path or a URL. */
  source?: Field<D, string | null | undefined>;
  /** `markdown` or `plain`, for the default chunker. Default: plain. */
  format?: Field<D, "plain" | "markdown"> | "plain" | "markdown";
  /** Where the prose begins, past front matter. Default: 0. */
  bodyStart?: Field<D, number>;
  /** The table of chunks, with `chunkColumns()`. Left out: one vector a row, in a column of the documents' own table. */
  chunks?: C;
  /** Left out: rows come with their vectors and questions are vectors. */
  embedder?: Embedder;
  /** Default: Markdown-aware for Markdown, by paragraphs for plain text. */
  chunker?: Chunker;
  /**
   * Lets the server keep the statements of searches, as named prepared statements, which saves it planning them: on with a direct connection
   * or PgBouncer from 1.21, off with other poolers in transaction mode. Default: false.
   */
  namedStatements?: boolean;
  /**
   * How vectors travel: in pgvector's binary format, or as text, several times slower, for servers and proxies that do not take binary
   * parameters; with `text` nothing goes through COPY either. Default: `binary` over `pg`; other drivers always get text.
   */
  vectorFormat?: "binary" | "text";
  /** How near is measured. Default: what the index over the vectors that the schema declares is made for; without one, `cosine`. */
  metric?: Metric;
  /** Which index searches go through. Default: the first over the vectors that the schema of the table declares. */
  index?: SearchedIndex;
  /**
   * The text search configuration that words are read with: one for all rows, such as `german`; or each row's own, by the column of the
   * table that is searched which holds its name (`regconfig`, or text). With `chunks` it may also be a column or a function of the document:
   * then it is written to the column of its chunks that `chunkColumns({ language: { column } })` names.
   * Default: what the `tsvector()` column says, else `english`.
   */
  language?: string | Field<D, string>;
  /**
   * Ranks by words with an extension of Postgres, in place of BM25 by this package's own statement: `pgTextsearch()`, `pgSearch()` or
   * `vchordBm25()` of `drizzle-rag/keywords`, or a `KeywordRanker` of yours. The table then needs no tsvector column. What a word in a heading
   * counts, and in which language words are read, is up to the index; quoted phrases and exclusions are looked up in the tsvector column, or
   * in the text's where there is none.
   */
  keywords?: KeywordRanker;
  /** Which column of `chunks` refers to which of `documents`. Default: the foreign key between the two. */
  reference?: readonly (readonly [chunk: PgColumn, document: PgColumn])[];
  /** Values for columns of your own in the table of chunks, such as a tenant. */
  chunkValues?: C extends PgTable ? (document: Row<D>, chunk: Chunk) => Partial<InferInsertModel<C>> : never;
  /** Without `chunks`: the vector column. Default: the only one there is. */
  embedding?: PgColumn;
  /** Without `chunks`: the `tsvector` column for keyword search. Default: the only one there is, if any. */
  search?: PgColumn;
  /** Without `chunks`: a text column for the hash of what was embedded. With it, a change of the embedder is noticed as well. */
  hash?: PgColumn;
}

/** The index that searches by vector go through, for a table whose schema does not declare it, and how far they look. */
export interface SearchedIndex {
  /** Default: what the schema declares, else `full`. */
  kind?: IndexKind;
  /** How many leading dimensions are in the index. Default: what the schema declares, else all. */
  subvector?: number;
  /**
   * How many candidates of the index are ranked again by the whole vectors, for each hit wanted; 1: none are. Default: `binary` 10 and at
   * least 200 from 1,024 bits on, 20 and 400 from 256, 40 and 800 below; with `subvector` 4; else 1.
   */
  overfetch?: number;
  /** Least `hnsw.ef_search`, 1 to 1,000: `recall()` tells what it takes. Default: pgvector's 40, more where a search asks for more. */
  efSearch?: number;
}

/** A passage that a search found. It can be handed to a call's `sources` as it is. */
export interface Hit<D extends PgTable = PgTable, C extends PgTable | undefined = PgTable | undefined, Document = Row<D>>
  extends Source {
  /** The passage. */
  text: string;
  title: string | undefined;
  source: string | undefined;
  /** First UTF-16 unit of the passage in the document's text; 0 without a table of chunks. */
  start: number;
  /** One past the last. */
  end: number;
  /** The document's title and the titles of the sections around the passage; empty without a table of chunks. */
  headings: string[];
  /**
   * Higher is nearer. By vector: cosine similarity (-1 to 1), the inner product, or 1 / (1 + distance) for L1 and L2.
   * By keyword: BM25, 0 and up. Hybrid: the weighted mean of its place between the 40th and the best score of each ranking, 0 to 1: 1 is first in
   * both. Of several questions: reciprocal rank fusion as a share of the best possible.
   * Scores of different modes, and keyword scores of different queries, do not compare.
   */
  score: number;
  /** What each way of searching made of it; left out where that way did not find it. */
  scores: { vector?: number; keyword?: number };
  /** The document's row; with the option `select`, what was chosen of it. */
  document: Document;
  /** The chunk's row; undefined without a table of chunks. */
  chunk: C extends PgTable ? Row<C> : undefined;
  /** The passage with what is around it; there with the option `context`. */
  context?: HitContext;
}

/**
 * What is wanted around a hit: the section that it stands in, the whole document, or so many chunks before and after it.
 *
 * A section is the run of neighbouring chunks whose `headings` are those of the hit or go on below them; of one that reaches further than 100
 * chunks before or after the hit, those. Where a document has no headings, it is one section.
 */
export type ContextOf = "section" | "document" | { neighbours: number };

/** A passage with what is around it. */
export interface HitContext {
  of: "section" | "document" | "neighbours";
  /**
   * Exactly `slice(start, end)` of the document's text. With the option `select`, which leaves the document's text out: the chunks
   * joined, with white space where the chunker left something out between two, so that offsets into it are not the document's.
   */
  text: string;
  /** First UTF-16 unit in the document's text. */
  start: number;
  /** One past the last. */
  end: number;
  /** The next shorter one, where several were asked for. */
  narrower?: HitContext;
}

/** Columns and SQL expressions by the names that results have them under, as in Drizzle's `select()`. */
export type Selection = Record<string, PgColumn | SQL | SQL.Aliased>;

/** A hit's `document`: what was chosen, else the table's row. */
export type Chosen<D extends PgTable, S extends Selection | undefined> = S extends Selection
  ? {
      [K in keyof S]: S[K] extends DenseColumn
        ? Float32Array | Extract<SelectResultFields<S>[K], null>
        : SelectResultFields<S>[K];
    }
  : Row<D>;

type DenseColumn = { _: { columnType: "PgVector" | "PgHalfVector" } };

export type SearchMode = "vector" | "keyword" | "hybrid";

export interface SearchOptions<S extends Selection | undefined = undefined> {
  /** Default: `hybrid` where there is a `tsvector` column, else `vector`. */
  mode?: SearchMode;
  /** Any Drizzle condition over the columns of documents and chunks. An `undefined` that is given (`and()` of nothing) is refused. */
  where?: SQL | undefined;
  /** Most hits. Default: 10. */
  limit?: number;
  /** Hits to pass over. Default: 0. */
  offset?: number;
  /** Leaves out hits with a lower score; see `Hit.score` for what it means in each mode. */
  minScore?: number;
  /** Hybrid: how much each ranking counts, against the other, before how far its first hits stand out. Default: vector 0.4, keyword 0.6; `tune()` finds those of your collection. */
  weights?: { vector?: number; keyword?: number };
  /**
   * What `hit.document` holds: columns and SQL expressions over documents and chunks. Default: all columns of the document but vectors.
   * What `hit.title` and `hit.source` are read from is fetched as well.
   */
  select?: S;
  /**
   * What makes a hit's `context`: one, or a list, of which `context` is the longest and leads to the others by `narrower`. Read in one more
   * statement for all hits, or in none for whole documents that the hits hold already. The filter does not apply to it. Default: none.
   */
  context?: ContextOf | readonly ContextOf[];
  /** Most hits of one document. There are still `limit` hits where that many documents match. Default: any number. */
  perDocument?: number;
  /**
   * 0 to 1: how much a hit counts for being unlike those before it rather than for being near the question. Maximal marginal relevance
   * (Carbonell and Goldstein, 1998, with λ = 1 - diversity) over the 4 × (limit + offset) best hits, in whose order the result is: scores
   * no longer fall. Default: 0, by score alone.
   */
  diversity?: number;
  /**
   * By keyword and hybrid: the text search configuration that the question is read with, such as `german`. It chooses no rows; that is
   * for `where`. Default: the collection's; where each row has its own, every language there is, each for its rows.
   */
  language?: string;
  signal?: AbortSignal;
}

/** `similar` searches by vector, so what is about words is left out. */
export interface SimilarOptions<S extends Selection | undefined = undefined>
  extends Omit<SearchOptions<S>, "mode" | "weights" | "language"> {
  /** The primary key of one of the document's chunks, to search near that alone. Default: near the average of all its chunks. */
  chunk?: Key;
}

/** `pages` has its own way of cutting the result. */
export interface PagesOptions<S extends Selection | undefined = undefined>
  extends Omit<SearchOptions<S>, "limit" | "offset" | "diversity"> {
  /** Most hits a page. Default: 10. */
  pageSize?: number;
  /** Most hits in all: so many are ranked, once, before the first page. Default: 1,000. */
  window?: number;
}

/** What `searchQuery` leaves to your own query is left out. */
export type SearchQueryOptions = Omit<SearchOptions, "select" | "context" | "diversity">;

/**
 * A question as text, which the embedder turns into a vector; as a ready-made vector; or both. Over a `sparsevec` column the vector is a
 * `SparseVector`.
 */
export type Query = string | Float32Array | SparseVector | { text: string; vector: Float32Array | SparseVector };

export interface ListOptions {
  where?: SQL | undefined;
  orderBy?: SQL | PgColumn | (SQL | PgColumn)[];
  /** Default: 100. */
  limit?: number;
  /** Default: 0. */
  offset?: number;
}

/** A primary key's value: of one column as it is, of several as an object. */
export type Key = string | number | bigint | { [column: string]: unknown };

export type {
  Backfilled,
  BackfillOptions,
  Loaded,
  LoadOptions,
  UpsertOptions,
  WriteOptions,
  Written,
} from "./write/types.ts";
