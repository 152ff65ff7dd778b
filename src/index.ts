// The public names. Embedders, models and loaders that need a package of their own, or that not everybody uses, have their own entry points.

export type { Chunker } from "./chunk/chunker.ts";
export { type Connection, type ConnectOptions, connect } from "./db/connect.ts";
export type { Database } from "./db/database.ts";
export { type MigrateOptions, migrate } from "./db/migrate.ts";
export type { SettingValues } from "./db/scoped.ts";
export { embedAll, embedOne } from "./embed/embed.ts";
export type { Embedder, EmbedderLimits, EmbeddingKind, EmbedOptions } from "./embed/embedder.ts";
export * from "./errors.ts";
export { type Call, call, type RenderedCall } from "./llm/call.ts";
export { type Billed, costOf } from "./llm/cost.ts";
export { type McpClient, mcpTools } from "./llm/mcp.ts";
export { audio, type DocumentOptions, document, image, type MediaInput, type MediaOptions } from "./llm/media.ts";
export type {
  AssistantMessage,
  AssistantPart,
  AudioPart,
  CacheMark,
  DocumentPart,
  Extra,
  FailedModel,
  FinishReason,
  ImagePart,
  JsonSchema,
  MediaSource,
  Message,
  Model,
  ModelEvent,
  ModelParams,
  ModelRequest,
  ModelResponse,
  ModelTool,
  NativeCitation,
  OutputFormat,
  ProviderPart,
  ReasoningEffort,
  ReasoningPart,
  RequestMessage,
  SourcePart,
  TextPart,
  ToolCallPart,
  ToolChoice,
  ToolResultPart,
  Usage,
  UserMessage,
  UserPart,
} from "./llm/model.ts";
export { type Price, type Prices, prices, pricesAsOf } from "./llm/prices.ts";
export type { CallResponse, Reply } from "./llm/response.ts";
export { jsonSchema, type Schema, type SchemaIssue } from "./llm/schema.ts";
export { type Searchable, type SearchToolOptions, searchTool } from "./llm/search-tool.ts";
export type { CallSettings, MessageInput, MessagesInput, ModelInput, OutputMode, Prompt, PromptConfig } from "./llm/settings.ts";
export type { CallEvent, CallStream } from "./llm/stream.ts";
export type { ToResponseOptions } from "./llm/to-response.ts";
export {
  type AnyTool,
  type ProviderTool,
  providerTool,
  type Tool,
  type ToolContext,
  type ToolDefinition,
  type ToolOutput,
  tool,
} from "./llm/tool.ts";
export { memoryCache, type ResponseCache, type WithCacheOptions, withCache } from "./llm/wrappers/cache.ts";
export { type WithFallbackOptions, withFallback } from "./llm/wrappers/fallback.ts";
export { type WithLimitsOptions, withLimits } from "./llm/wrappers/limits.ts";
export { postgresCache, responseTable } from "./llm/wrappers/postgres-cache.ts";
export { type WithRetryOptions, withRetry } from "./llm/wrappers/retry.ts";
export { type WithTimeoutOptions, withTimeout } from "./llm/wrappers/timeout.ts";
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
export type { Chunk, Citation, Document, Json, Source, SparseVector, TextRange, Verification } from "./values.ts";
