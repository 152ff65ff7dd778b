// Turns what a provider's SDK throws, or a bare HTTP response, into the `ProviderError` leaves of errors.ts. SDK classes are
// recognised by their shape and name, so that no SDK is imported here.
import {
  AuthenticationError,
  BadRequestError,
  ContentFilterError,
  ContextLengthError,
  DrizzleRagError,
  InvalidResponseError,
  NotFoundError,
  OverloadedError,
  PermissionDeniedError,
  ProviderConnectionError,
  ProviderError,
  type ProviderErrorFacts,
  ProviderTimeoutError,
  QuotaExceededError,
  RateLimitError,
  ServerError,
} from "../errors.ts";

/** Who was asked, as `provider` and the model's bare name. */
export interface ProviderErrorPlace {
  provider: string;
  model?: string | undefined;
  /** Of a response that has begun. */
  requestId?: string | undefined;
}

/** Of a model's id, `provider/name`. */
export function placeOf(modelId: string): ProviderErrorPlace {
  const slash = modelId.indexOf("/");
  return slash === -1 ? { provider: modelId } : { provider: modelId.slice(0, slash), model: modelId.slice(slash + 1) };
}

/** A failed HTTP response: what `httpError` needs of it. `status` is left out for an error that came inside a stream. */
export interface FailedResponse {
  status?: number | undefined;
  /** The parsed body, or its text. */
  body?: unknown;
  headers?: Headers | Record<string, string | undefined> | undefined;
  cause?: unknown;
}

/**
 * The error to throw for whatever a provider's client threw. Aborts (`AbortError`, the SDKs' `APIUserAbortError`), this package's own
 * errors and errors that did not come from a request are returned as they are; look at `signal.aborted` first and throw its reason.
 */
export function providerError(error: unknown, place: ProviderErrorPlace): Error {
  if (!(error instanceof Error)) return httpError(fromThrown(error), place);
  if (error instanceof DrizzleRagError || isAbort(error)) return error;
  const facts: ProviderErrorFacts = { ...place, cause: error };
  if (isNamed(error, /^(APIConnectionTimeoutError|TimeoutError)$/)) {
    return new ProviderTimeoutError(`${who(place)} did not answer in time.`, facts);
  }
  if (isNamed(error, /^APIConnectionError$/) || isSocketError(error)) {
    return new ProviderConnectionError(
      `${who(place)}: no connection (${rootMessage(error)}). Check the network and the base URL.`,
      facts,
    );
  }
  if ("status" in error || isNamed(error, /^APIError$/)) return httpError(fromThrown(error), place);
  if (error instanceof SyntaxError) {
    return new InvalidResponseError(`${who(place)} sent something that is not JSON: ${error.message}`, facts);
  }
  if (isNamed(error, /^(OpenAIError|AnthropicError)$/)) return new ProviderError(`${who(place)}: ${error.message}`, facts);
  return error;
}

/**
 * The error for a failed response. The status decides; where there is none, or it says too little, the error's own `type` and `code` do.
 * `retryAfter` comes from `retry-after-ms` or `retry-after` (seconds or a date), RFC 9110 section 10.2.3.
 */
export function httpError(response: FailedResponse, place: ProviderErrorPlace): ProviderError {
  const { status, body } = response;
  const said = readBody(body);
  const facts: ProviderErrorFacts = {
    ...place,
    status,
    raw: body,
    requestId: header(response, "x-request-id") ?? header(response, "request-id") ?? said.requestId ?? place.requestId,
    retryAfter: retryAfter(response),
    cause: response.cause,
  };
  const Leaf = leafOf(status, said);
  const number = status === undefined ? "" : ` ${status}`;
  return new Leaf(
    `${who(place)}:${number} ${said.message || "the request failed, no reason given"}${remedies.get(Leaf) ?? ""}`,
    facts,
  );
}

type Leaf = new (message: string, facts: ProviderErrorFacts) => ProviderError;

/** What to do, for the causes where that can be said. */
const remedies = new Map<Leaf, string>([
  [AuthenticationError, " (Check the API key.)"],
  [PermissionDeniedError, " (The key may not do this: check its rights and the account.)"],
  [QuotaExceededError, " (Check the account's plan and billing.)"],
  [ContentFilterError, " (Say it otherwise, or look at what the filter of the account lets through.)"],
  [NotFoundError, " (Check the model's name and the base URL.)"],
  [ContextLengthError, " (Send fewer or shorter sources and messages, or use a model with a larger context window.)"],
]);

/** The kinds that providers name in an error's `type` or `code`: Anthropic's, OpenAI's, and OpenRouter's numbers. */
const byKind = new Map<string, Leaf>([
  ["authentication_error", AuthenticationError],
  ["invalid_api_key", AuthenticationError],
  ["permission_error", PermissionDeniedError],
  ["billing_error", PermissionDeniedError],
  ["not_found_error", NotFoundError],
  ["model_not_found", NotFoundError],
  ["rate_limit_error", RateLimitError],
  ["rate_limit_exceeded", RateLimitError],
  ["insufficient_quota", QuotaExceededError],
  ["overloaded_error", OverloadedError],
  ["timeout_error", ProviderTimeoutError],
  ["api_error", ServerError],
  ["server_error", ServerError],
  ["internal_server_error", ServerError],
  ["invalid_request_error", BadRequestError],
  ["invalid_prompt", BadRequestError],
  ["request_too_large", BadRequestError],
  ["content_filter", ContentFilterError],
  ["content_policy_violation", ContentFilterError],
]);

const byStatus: Record<number, Leaf> = {
  400: BadRequestError,
  401: AuthenticationError,
  402: PermissionDeniedError,
  403: PermissionDeniedError,
  404: NotFoundError,
  408: ProviderTimeoutError,
  409: BadRequestError,
  413: BadRequestError,
  422: BadRequestError,
  429: RateLimitError,
  503: OverloadedError,
  529: OverloadedError,
};

/** How providers without a code for it say that a prompt is too long: Anthropic, vLLM, llama.cpp, Ollama, Gemini. */
const tooLong =
  /prompt is too long|maximum context length|context (window|length|size)|exceed context limit|input token count.*exceeds|too many (input )?tokens/i;

/** How those without a code for it say that their filter stepped in: Anthropic, Azure. */
const filtered = /content (filtering|management) policy/i;

interface Said {
  message: string;
  kinds: string[];
  requestId?: string | undefined;
}

function leafOf(status: number | undefined, said: Said): Leaf {
  const refused = status === undefined || status === 400 || status === 413 || status === 422;
  if (refused && (said.kinds.includes("context_length_exceeded") || tooLong.test(said.message))) return ContextLengthError;
  const isFiltered = said.kinds.some((kind) => byKind.get(kind) === ContentFilterError) || filtered.test(said.message);
  if (refused && isFiltered) return ContentFilterError;
  if (status === undefined) {
    for (const kind of said.kinds) {
      const leaf = byKind.get(kind) ?? leafOfStatus(Number(kind));
      if (leaf !== undefined) return leaf;
    }
    return ProviderError;
  }
  if (status === 429 && said.kinds.includes("insufficient_quota")) return QuotaExceededError;
  // OpenAI answers 400 for a model that does not exist.
  if (status === 400 && said.kinds.includes("model_not_found")) return NotFoundError;
  return leafOfStatus(status) ?? ProviderError;
}

function leafOfStatus(status: number): Leaf | undefined {
  return byStatus[status] ?? (status >= 500 && status <= 599 ? ServerError : undefined);
}

/** Bodies look like `{ error: { message, type, code } }`, the inside of it, or `{ error: "text" }`. */
function readBody(body: unknown): Said {
  if (typeof body === "string") return { message: body.length > 500 ? `${body.slice(0, 500)}…` : body, kinds: [] };
  if (!isRecord(body)) return { message: "", kinds: [] };
  const inner = isRecord(body.error) ? body.error : body;
  const message = inner.message ?? (typeof body.error === "string" ? body.error : undefined);
  const kinds = [inner.code, inner.type].filter((kind) => typeof kind === "string" || typeof kind === "number").map(String);
  const requestId = typeof body.request_id === "string" ? body.request_id : undefined;
  return {
    message: message === undefined ? "" : typeof message === "string" ? message : JSON.stringify(message),
    kinds,
    requestId,
  };
}

/** SDK errors hold the body as `error`; the response of a bare `fetch` is handed in with `body`. */
function fromThrown(thrown: unknown): FailedResponse {
  if (!isRecord(thrown)) return { body: String(thrown), cause: thrown };
  const body = thrown.error ?? thrown.body ?? thrown.message;
  const headers = thrown.headers;
  return {
    status: typeof thrown.status === "number" ? thrown.status : undefined,
    body,
    headers: isRecord(headers) ? (headers as FailedResponse["headers"]) : undefined,
    cause: thrown,
  };
}

function header({ headers }: FailedResponse, name: string): string | undefined {
  if (headers === undefined) return undefined;
  if (typeof headers.get === "function") return (headers as Headers).get(name) ?? undefined;
  return Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1] as string | undefined;
}

function retryAfter(response: FailedResponse): number | undefined {
  const ms = Number.parseFloat(header(response, "retry-after-ms") ?? "");
  if (ms >= 0) return ms;
  const value = header(response, "retry-after");
  if (value === undefined) return undefined;
  const seconds = Number(value);
  if (value.trim() !== "" && seconds >= 0) return seconds * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now());
}

function isAbort(error: Error): boolean {
  return error.name === "AbortError" || isNamed(error, /^APIUserAbortError$/);
}

/** By the names of the class and its parents: the OpenAI SDK leaves `name` at "Error". */
function isNamed(error: Error, pattern: RegExp): boolean {
  if (pattern.test(error.name)) return true;
  for (let proto: unknown = Object.getPrototypeOf(error); proto instanceof Error; proto = Object.getPrototypeOf(proto)) {
    if (pattern.test(proto.constructor.name)) return true;
  }
  return pattern.test((Object.getPrototypeOf(error) as { constructor: { name: string } }).constructor.name);
}

/** What Node's `fetch` throws when a connection cannot be made, or breaks while the body is read. */
function isSocketError(error: Error): boolean {
  if (error instanceof TypeError && /^(fetch failed|terminated)$/.test(error.message)) return true;
  const code = "code" in error ? String(error.code) : "";
  return (
    /^(ECONN|ENOTFOUND|EAI_|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|UND_ERR_)/.test(code) || error.message === "Premature close"
  );
}

function rootMessage(error: Error): string {
  let root: Error = error;
  for (let depth = 0; root.cause instanceof Error && depth < 8; depth++) root = root.cause;
  const code = "code" in root ? String(root.code) : "";
  // Node tries every address of a name, and says what each of them answered.
  const first: unknown = root instanceof AggregateError ? root.errors[0] : undefined;
  return root.message || (first instanceof Error ? first.message : code) || error.message;
}

function who(place: ProviderErrorPlace): string {
  return place.model === undefined ? place.provider : `${place.provider}/${place.model}`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
