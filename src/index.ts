// The public names. Embedders, models and loaders that need a package of their own, or that not everybody uses, have their own entry points.

export * from "./answer/index.ts";
export type { Chunker } from "./chunk/chunker.ts";
export { type Connection, type ConnectOptions, connect } from "./db/connect.ts";
export type { Database } from "./db/database.ts";
export { type MigrateOptions, migrate } from "./db/migrate.ts";
export type { SettingValues } from "./db/scoped.ts";
export { embedAll, embedOne } from "./embed/embed.ts";
export type { Embedder, EmbedderLimits, EmbeddingKind, EmbedOptions } from "./embed/embedder.ts";
export * from "./errors.ts";
export * from "./llm/index.ts";
export { postgresCache, responseTable } from "./llm/wrappers/postgres-cache.ts";
export { type Collection, collection, type Everything, type ReadyOptions } from "./store/collection.ts";
export type { BuildOptions } from "./store/indexes/build.ts";
export type { PgvectorFault } from "./store/indexes/faults.ts";
export type { CollectionIndexes, DropOptions, RebuildOptions } from "./store/indexes/indexes.ts";
export type { Recall, RecallAt, RecallOptions } from "./store/indexes/recall.ts";
export type { BuildProgress, IndexesStatus, IndexStatus } from "./store/indexes/status.ts";
export { documentRow } from "./store/ready.ts";
export type { SearchFields, SearchQuery } from "./store/search/query.ts";
export type { Search } from "./store/search/search.ts";
export type {
  Backfilled,
  BackfillOptions,
  Changes,
  Chosen,
  CollectionOptions,
  ContextOf,
  Field,
  Hit,
  HitContext,
  Key,
  ListOptions,
  Loaded,
  LoadOptions,
  NewRow,
  PagesOptions,
  Query,
  Row,
  SearchedIndex,
  SearchMode,
  SearchOptions,
  SearchQueryOptions,
  Selection,
  SimilarOptions,
  UpsertOptions,
  WriteOptions,
  Written,
} from "./store/types.ts";
export { chunks, documents } from "./table/ready.ts";
export type { Chunk, Citation, Document, Json, Source, SparseVector, TextRange, Verification, WebCitation } from "./values.ts";
