// The interface of a language model: what every provider's adapter implements and every wrapper (retry, cache, limits) returns.
import type { Json, Source, TextRange, WebCitation } from "../values.ts";

// — Messages: plain, serialisable values ———————————————————————————————————————————————————————————————————————————————————————

/** Ends a part of the request that the provider is to cache: for five minutes or an hour. Providers that cache by themselves need none. */
export type CacheMark = "5m" | "1h";

export interface TextPart {
  type: "text";
  text: string;
  cache?: CacheMark;
  /** Sources the model itself tied to this text, where the provider has native citations. */
  citations?: NativeCitation[];
  /** Pages of the provider's own search that it tied to this text. */
  webCitations?: NativeWebCitation[];
  /** The provider's own item, where it has to go back unchanged: what OpenAI's models say between their reasoning and a tool call. */
  raw?: unknown;
}

/** A citation as a provider gives it: the place of the source in the list that was sent, and the words quoted. */
export interface NativeCitation {
  /** 0-based. */
  index: number;
  quote: string;
  /** Where in the source's text the provider says that the quote stands, in UTF-16 units, for providers that tell. */
  range?: TextRange;
}

/** A page that the provider found by itself, as it gives it. */
export interface NativeWebCitation extends Omit<WebCitation, "textRange"> {
  /** Which part of its text it belongs to, in UTF-16 units of that text. Left out: the whole text. */
  range?: TextRange;
  /** The provider's own item, sent back unchanged on the next turn. */
  raw?: unknown;
}

/** A text the answer may rest on, for models with native citations. Other models get it numbered, as text. */
export interface SourcePart {
  type: "source";
  /** 0-based place in the call's `sources`. */
  index: number;
  source: Pick<Source, "text" | "title" | "source">;
}

/** Where the bytes of a medium are: at an address that the provider can reach, or here, in base64. */
export type MediaSource = { url: string } | { data: string; mediaType: string };

export interface ImagePart {
  type: "image";
  source: MediaSource;
  cache?: CacheMark;
}

export interface AudioPart {
  type: "audio";
  source: { data: string; mediaType: string };
}

/** A PDF or a text, handed in as a whole. What an answer is to be checked against goes into the call's `sources`. */
export interface DocumentPart {
  type: "document";
  source: MediaSource | { text: string };
  title?: string;
  /** What the model is to know of the document and not to cite; to providers that have no place for it, it goes as text before the document. */
  context?: string;
  cache?: CacheMark;
}

/** Instructions: a text, or several of which one may end what the provider is to cache. */
export type SystemPrompt = string | readonly TextPart[];

/** A tool that the model wants to be run. */
export interface ToolCallPart {
  type: "tool-call";
  id: string;
  name: string;
  /** The arguments, parsed; the text itself where it is no JSON. */
  input: unknown;
  /** The provider's own item, sent back unchanged on the next turn. */
  raw?: unknown;
}

/** What came of a tool call. */
export interface ToolResultPart {
  type: "tool-result";
  /** Of the call. */
  id: string;
  name: string;
  content: (TextPart | ImagePart | DocumentPart)[];
  /** The tool failed, and the content says how. */
  isError?: boolean;
  cache?: CacheMark;
}

/** Something of the provider's that has no common name, such as a search that it ran; sent back unchanged on the next turn. */
export interface ProviderPart {
  type: "provider";
  raw: unknown;
}

/** Thinking that a model shows. `raw` is the provider's own block, sent back unchanged on the next turn. */
export interface ReasoningPart {
  type: "reasoning";
  text: string;
  raw?: unknown;
}

export type UserPart = TextPart | ImagePart | AudioPart | DocumentPart | ToolResultPart;
export type AssistantPart = TextPart | ReasoningPart | ToolCallPart | ProviderPart;

export interface UserMessage {
  role: "user";
  content: UserPart[];
}

export interface AssistantMessage {
  role: "assistant";
  content: AssistantPart[];
  /** The model that wrote it, as `provider/name`; left out for turns written by hand. */
  model?: string;
}

/** A turn of a conversation. Sources are not among them: they belong to one call, and a later call brings its own. */
export type Message = UserMessage | AssistantMessage;

/** A user's turn as a model gets it, with the sources of the call in it. */
export interface SourcedUserMessage {
  role: "user";
  content: (UserPart | SourcePart)[];
}

/** A turn as a model gets it. */
export type RequestMessage = SourcedUserMessage | AssistantMessage;

// — Request and response ———————————————————————————————————————————————————————————————————————————————————————————————————————

/**
 * Sampling settings by their common names. One that is left out is not sent. One that a provider does not have is a
 * `ConfigurationError`, never dropped. What is not named here goes through `extra`.
 */
export interface ModelParams {
  /** Most tokens of the answer. Anthropic demands one: when it is left out, 4,096 is sent for models up to Claude 4.5, 16,384 for newer ones. */
  maxTokens?: number | undefined;
  temperature?: number | undefined;
  topP?: number | undefined;
  topK?: number | undefined;
  seed?: number | undefined;
  stopSequences?: string[] | undefined;
}

/** Anything the provider has and this package has not named: merged into the request last, so it wins. */
export interface Extra {
  /** Members of the JSON body, one level deep; `undefined` takes a member out. */
  body?: Record<string, unknown> | undefined;
  headers?: Record<string, string> | undefined;
  query?: Record<string, string> | undefined;
}

/** A JSON Schema, draft 2020-12. */
export type JsonSchema = { [key: string]: unknown };

/** A tool as a model gets it: a function of the caller's, or a tool that the provider runs itself, in the provider's own words. */
export type ModelTool =
  | {
      type: "function";
      name: string;
      description?: string | undefined;
      inputSchema: JsonSchema;
      /** The provider makes sure that the arguments fit the schema. */
      strict?: boolean | undefined;
      cache?: CacheMark | undefined;
    }
  | { type: "provider"; tool: Record<string, unknown> };

/** Whether tools are used: as the model likes, never, at least one, or this one. Default: as the model likes. */
export type ToolChoice = "auto" | "none" | "required" | { tool: string };

/** How long the model thinks before it answers: by a level, or, where the provider counts, by tokens. */
export type ReasoningEffort = "none" | "minimal" | "low" | "medium" | "high" | "xhigh" | { budgetTokens: number };

/** The answer is to be JSON: of this schema, or of any kind. */
export type OutputFormat =
  | { type: "schema"; name: string; description?: string; schema: JsonSchema; strict: boolean }
  | { type: "json" };

export interface ModelRequest {
  /** Parts where one of them ends what the provider is to cache. */
  system?: SystemPrompt | undefined;
  messages: RequestMessage[];
  tools?: ModelTool[] | undefined;
  toolChoice?: ToolChoice | undefined;
  /** Whether the model may call several tools in one turn. Default: the provider's. */
  parallelToolCalls?: boolean | undefined;
  reasoning?: ReasoningEffort | undefined;
  output?: OutputFormat | undefined;
  params: ModelParams;
  extra?: Extra | undefined;
}

export interface ModelOptions {
  signal?: AbortSignal | undefined;
  /** Times the provider's client may try again by itself; a wrapper that counts for itself says 0. Default: what the model was made with. */
  maxRetries?: number | undefined;
  /** What the caller noted; for wrappers that log, never sent. */
  metadata?: Readonly<Record<string, Json>> | undefined;
}

/**
 * Why the model stopped. `paused`: the provider's own tools take longer than one request, and the turn goes on when it is sent back (`maxSteps`,
 * `resume([])`). `other` for reasons of a provider that have no common name; `raw` has it.
 */
export type FinishReason = "stop" | "length" | "tool-calls" | "content-filter" | "refusal" | "paused" | "other";

/** Tokens as the provider bills them. What a provider does not report is left out, never 0. */
export interface Usage {
  /** All input tokens, cached ones included. */
  inputTokens?: number;
  /** All output tokens, reasoning included. */
  outputTokens?: number;
  /** Part of the input that was read from the provider's cache. */
  cacheReadTokens?: number;
  /** Part of the input that was written to the provider's cache. */
  cacheWriteTokens?: number;
  /** Part of `cacheWriteTokens` that is kept for an hour, where the provider bills that apart. */
  cacheWriteHourTokens?: number;
  /** Part of the output that was reasoning. */
  reasoningTokens?: number;
}

export interface ModelResponse<Raw = unknown> {
  /** The name of the model that answered, as the provider reports it. */
  model: string;
  content: AssistantPart[];
  finishReason: FinishReason;
  usage: Usage;
  /** The provider's id for the request, for its support. */
  requestId?: string | undefined;
  /** The provider's own response, untouched; of a stream, the same put together from its events. */
  raw: Raw;
  /** The model that answered, `provider/name`, where another than the one asked did; see `withFallback()`. */
  modelId?: string | undefined;
  /** Models that were asked before this one and failed; see `withFallback()`. */
  failures?: readonly FailedModel[] | undefined;
}

/** A model that failed, and with what. */
export interface FailedModel {
  /** `provider/name` */
  model: string;
  error: unknown;
}

/**
 * What a model's stream yields. The last event is `finish`; a stream without one throws. A native or web citation belongs to the text since
 * the last `text-end`, and comes before the `text-end` of its own text.
 */
export type ModelEvent<Raw = unknown> =
  | { type: "text"; text: string }
  | { type: "native-citation"; citation: NativeCitation }
  | { type: "web-citation"; citation: NativeWebCitation }
  | { type: "text-end" }
  | { type: "reasoning"; text: string }
  /** A tool call begins; its arguments come as pieces of JSON, and then whole. */
  | { type: "tool-call-start"; id: string; name: string }
  | { type: "tool-input"; id: string; text: string }
  | { type: "tool-call"; call: ToolCallPart }
  | { type: "finish"; response: ModelResponse<Raw> };

/** A language model. A value: it holds no state that a call changes, and a wrapper is a function from model to model. */
export interface Model<Raw = unknown> {
  /** `provider/name`. */
  readonly id: string;
  /** `native`: takes source parts and ties its text to them itself. `numbered`: sources are sent as numbered text. */
  readonly citations: "native" | "numbered";
  /** Throws a `ProviderError`, or the signal's reason. */
  generate(request: ModelRequest, options: ModelOptions): Promise<ModelResponse<Raw>>;
  /** Leaving the iteration early closes the connection. */
  stream(request: ModelRequest, options: ModelOptions): AsyncIterable<ModelEvent<Raw>>;
  /** The request as the provider would get it, without a network. For people to look at; a model need not have it. */
  encode?(request: ModelRequest): unknown;
}
