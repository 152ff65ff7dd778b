// What a schema file needs: Drizzle alone is imported, so that drizzle-kit reads it quickly.
export type { IndexKind } from "./approximation.ts";
export { type ChunkColumnsOptions, chunkColumns, halfChunkColumns } from "./columns.ts";
export {
  type ChunkIndexesOptions,
  chunkIndexes,
  type IndexedColumns,
  type Metric,
  type VectorIndexOptions,
  vectorIndex,
} from "./indexes.ts";
export { chunks, documents, rag, readyDimensions } from "./ready.ts";
export { type LanguageColumn, regconfig, type TsVector, tsvector } from "./tsvector.ts";
