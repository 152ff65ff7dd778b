// Requests to embedding and language models, and what comes back of them.
import { DrizzleRagError } from "./base.ts";

/** What is known about a failed request to a provider. */
export interface ProviderErrorFacts {
  provider: string;
  model?: string | undefined;
  /** HTTP status; left out where no response came. */
  status?: number | undefined;
  requestId?: string | undefined;
  /** The provider's own error body. */
  raw?: unknown;
  /** Milliseconds the provider asked to wait. */
  retryAfter?: number | undefined;
  cause?: unknown;
}

/** A request to an embedding or language model failed. */
export class ProviderError extends DrizzleRagError {
  readonly provider: string;
  readonly model: string | undefined;
  readonly status: number | undefined;
  readonly requestId: string | undefined;
  readonly raw: unknown;
  readonly retryAfter: number | undefined;
  constructor(message: string, facts: ProviderErrorFacts) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.provider = facts.provider;
    this.model = facts.model;
    this.status = facts.status;
    this.requestId = facts.requestId;
    this.raw = facts.raw;
    this.retryAfter = facts.retryAfter;
  }
}

/** The model refused to answer where an answer of a certain form was asked for; the message is what it said. */
export class RefusalError extends ProviderError {}
/** The answer does not fit the schema that was asked for, also after it was asked for again. */
export class InvalidOutputError extends ProviderError {
  /** What came, as text. */
  readonly text: string;
  /** What the schema has against it; the path is empty for the whole. */
  readonly issues: readonly { path: string; message: string }[];
  override readonly retryable: boolean = true;
  constructor(message: string, text: string, issues: InvalidOutputError["issues"], facts: ProviderErrorFacts) {
    super(message, facts);
    this.text = text;
    this.issues = issues;
  }
}
/** What a tool's call came to grief by, and who called it. */
export interface ToolErrorFacts {
  /** Of the tool, as the model wrote it. */
  tool: string;
  /** The model's id of the call. */
  callId: string;
  /** The arguments, as the model gave them. */
  input: unknown;
  /** `unknown`: there is no such tool; `arguments`: they do not fit its schema; `failed`: it threw, and the `cause` is what. */
  reason: "unknown" | "arguments" | "failed";
  /** Who called it. */
  provider: string;
  model?: string | undefined;
  requestId?: string | undefined;
  /** The provider's own item of the call. */
  raw?: unknown;
  cause?: unknown;
}
/** A tool that a model called gave no result. It is told to the model, and to `onToolError` of the settings; it is not thrown. */
export class ToolError extends DrizzleRagError {
  readonly tool: string;
  readonly callId: string;
  readonly input: unknown;
  readonly reason: ToolErrorFacts["reason"];
  readonly provider: string;
  readonly model: string | undefined;
  readonly requestId: string | undefined;
  readonly raw: unknown;
  /** That of the cause. */
  override readonly retryable: boolean;
  constructor(message: string, { cause, ...facts }: ToolErrorFacts) {
    super(message, cause === undefined ? undefined : { cause });
    this.tool = facts.tool;
    this.callId = facts.callId;
    this.input = facts.input;
    this.reason = facts.reason;
    this.provider = facts.provider;
    this.model = facts.model;
    this.requestId = facts.requestId;
    this.raw = facts.raw;
    this.retryable = cause instanceof DrizzleRagError && cause.retryable;
  }
}
/** 401: the key is wrong or was revoked. */
export class AuthenticationError extends ProviderError {}
/** 403: the key may not do this. */
export class PermissionDeniedError extends ProviderError {}
/** 400, 409, 413, 422: the provider refuses the request as it is. */
export class BadRequestError extends ProviderError {}
/** The prompt does not fit into the model's context window. */
export class ContextLengthError extends BadRequestError {}
/**
 * The provider's content filter stopped the prompt, or an answer of which an `output` was asked. Any other answer that it cut short is no
 * error: its `finishReason` is `content-filter`.
 */
export class ContentFilterError extends BadRequestError {}
/** 404: no such model or endpoint. */
export class NotFoundError extends ProviderError {}
/** 429: too many requests or tokens; `retryAfter` tells for how long, where the provider does. */
export class RateLimitError extends ProviderError {
  override readonly retryable: boolean = true;
}
/** 429 because the account has no credit left: waiting does not help. */
export class QuotaExceededError extends RateLimitError {
  override readonly retryable = false;
}
/** 503, 529: the provider is overloaded. */
export class OverloadedError extends ProviderError {
  override readonly retryable = true;
}
/** Any other 5xx. */
export class ServerError extends ProviderError {
  override readonly retryable = true;
}
/** No connection to the provider. */
export class ProviderConnectionError extends ProviderError {
  override readonly retryable = true;
}
/** The provider did not answer in time. */
export class ProviderTimeoutError extends ProviderError {
  override readonly retryable = true;
}
/** A stream ended before the provider said that it was finished. What came until then has been delivered. */
export class StreamInterruptedError extends ProviderError {
  override readonly retryable = true;
}
/** The provider answered with something that its protocol does not allow. */
export class InvalidResponseError extends ProviderError {}
/** An embedder returned another number of vectors than it was given texts. */
export class EmbeddingCountError extends InvalidResponseError {
  constructor(
    readonly expected: number,
    readonly actual: number,
    facts: ProviderErrorFacts,
  ) {
    super(
      `${facts.provider} returned ${actual} vectors for ${expected} texts. Nothing was stored; use a smaller batch or another server.`,
      facts,
    );
  }
}
