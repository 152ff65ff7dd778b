// drizzle-rag/llm: calls alone, for programs that keep no documents. It loads a tenth of what the whole package does.
export { type Call, call, type RenderedCall } from "./call.ts";
export { type Billed, costOf } from "./cost.ts";
export type { CallTypes, ToolCall } from "./inferred.ts";
export { type McpClient, mcpTools } from "./mcp.ts";
export { audio, type DocumentOptions, document, image, type MediaInput, type MediaOptions } from "./media.ts";
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
  NativeWebCitation,
  OutputFormat,
  ProviderPart,
  ReasoningEffort,
  ReasoningPart,
  RequestMessage,
  SourcePart,
  SystemPrompt,
  TextPart,
  ToolCallPart,
  ToolChoice,
  ToolResultPart,
  Usage,
  UserMessage,
  UserPart,
} from "./model.ts";
export { type Price, type Prices, prices, pricesAsOf } from "./prices.ts";
export type { CallResponse, Reply } from "./response.ts";
export { jsonSchema, type Schema, type SchemaIssue } from "./schema.ts";
export { type Searchable, type SearchToolOptions, searchTool } from "./search-tool.ts";
export type { CallSettings, MessageInput, MessagesInput, ModelInput, OutputMode, Prompt, PromptConfig } from "./settings.ts";
export type { CallEvent, CallStream } from "./stream.ts";
export type { ToResponseOptions } from "./to-response.ts";
export {
  type AnyTool,
  type OnToolFailure,
  type ProviderTool,
  providerTool,
  type Tool,
  type ToolContext,
  type ToolDefinition,
  type ToolOutput,
  tool,
} from "./tool.ts";
export { memoryCache, type ResponseCache, type WithCacheOptions, withCache } from "./wrappers/cache.ts";
export { type WithFallbackOptions, withFallback } from "./wrappers/fallback.ts";
export { type WithLimitsOptions, withLimits } from "./wrappers/limits.ts";
export { type WithRetryOptions, withRetry } from "./wrappers/retry.ts";
export { type WithTimeoutOptions, withTimeout } from "./wrappers/timeout.ts";
