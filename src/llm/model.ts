// The interface of a language model: what every provider's adapter implements and every wrapper (retry, cache, limits) returns.
import type { Source, TextRange } from "../values.ts";

// — Messages: plain, serialisable values ———————————————————————————————————————————————————————————————————————————————————————

export interface TextPart {
  type: "text";
  text: string;
  /** Sources the model itself tied to this text, where the provider has native citations. */
  citations?: NativeCitation[];
}

/** A citation as a provider gives it: the place of the source in the list that was sent, and the words quoted. */
export interface NativeCitation {
  /** 0-based. */
  index: number;
  quote: string;
  /** Where in the source's text the provider says that the quote stands, in UTF-16 units, for providers that tell. */
  range?: TextRange;
}

/** A text the answer may rest on, for models with native citations. Other models get it numbered, as text. */
export interface SourcePart {
  type: "source";
  /** 0-based place in the call's `sources`. */
  index: number;
  source: Pick<Source, "text" | "title" | "source">;
}

/** Thinking that a model shows. `raw` is the provider's own block, sent back unchanged on the next turn. */
export interface ReasoningPart {
  type: "reasoning";
  text: string;
  raw?: unknown;
}

export interface UserMessage {
  role: "user";
  content: TextPart[];
}

export interface AssistantMessage {
  role: "assistant";
  content: (TextPart | ReasoningPart)[];
  /** The model that wrote it, as `provider/name`; left out for turns written by hand. */
  model?: string;
}

/** A turn of a conversation. Sources are not among them: they belong to one call, and a later call brings its own. */
export type Message = UserMessage | AssistantMessage;

/** A user's turn as a model gets it, with the sources of the call in it. */
export interface SourcedUserMessage {
  role: "user";
  content: (TextPart | SourcePart)[];
}

/** A turn as a model gets it. */
export type RequestMessage = SourcedUserMessage | AssistantMessage;

// — Request and response ———————————————————————————————————————————————————————————————————————————————————————————————————————

/**
 * Sampling settings by their common names. One that is left out is not sent. One that a provider does not have is a
 * `ConfigurationError`, never dropped. What is not named here goes through `extra`.
 */
export interface ModelParams {
  /** Most tokens of the answer. Anthropic demands one: 4096 is sent when it is left out. */
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

export interface ModelRequest {
  system?: string | undefined;
  messages: RequestMessage[];
  params: ModelParams;
  extra?: Extra | undefined;
}

export interface ModelOptions {
  signal?: AbortSignal | undefined;
  /** Times the provider's client may try again by itself; a wrapper that counts for itself says 0. Default: what the model was made with. */
  maxRetries?: number | undefined;
}

/** Why the model stopped. `other` for reasons of a provider that have no common name; `raw` has it. */
export type FinishReason = "stop" | "length" | "tool-calls" | "content-filter" | "refusal" | "other";

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
  /** Part of the output that was reasoning. */
  reasoningTokens?: number;
}

export interface ModelResponse<Raw = unknown> {
  /** The name of the model that answered, as the provider reports it. */
  model: string;
  content: (TextPart | ReasoningPart)[];
  finishReason: FinishReason;
  usage: Usage;
  /** The provider's id for the request, for its support. */
  requestId?: string | undefined;
  /** The provider's own response, untouched; of a stream, the same put together from its events. */
  raw: Raw;
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
 * What a model's stream yields. The last event is `finish`; a stream without one throws. A native citation belongs to the text since the
 * last `text-end`, and comes before the `text-end` of its own text.
 */
export type ModelEvent<Raw = unknown> =
  | { type: "text"; text: string }
  | { type: "native-citation"; citation: NativeCitation }
  | { type: "text-end" }
  | { type: "reasoning"; text: string }
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
