// The call both OpenAI embedders make: the SDK's client, loaded on first use, one request, its reply read and its errors named.
import type { ClientOptions } from "openai";
import { ConfigurationError, ProviderConnectionError } from "../errors.ts";
import { lazyImport } from "../util/lazy-import.ts";
import { providerError } from "../util/provider-errors.ts";
import type { Embedder, EmbedderLimits, EmbeddingKind } from "./embedder.ts";
import { type EmbeddingSource, readEmbeddings } from "./openai-response.ts";

/** The body of a request to `/embeddings`. */
export interface EmbeddingsRequest {
  model: string;
  input: string[];
  encoding_format: "base64" | "float";
  dimensions?: number;
}

/** The part of an OpenAI client that is used; `new OpenAI()` and `new AzureOpenAI()` have it. */
export interface EmbeddingsClient {
  embeddings: {
    create(
      body: EmbeddingsRequest,
      options: { signal?: AbortSignal; maxRetries: number; headers?: Record<string, string> },
    ): PromiseLike<unknown>;
  };
}

/** Settings of a connection that both OpenAI embedders take. */
export interface ConnectionOptions {
  apiKey?: string | undefined;
  baseURL?: string | undefined;
  /** Sent with every request. */
  headers?: Record<string, string> | undefined;
  /** Merged into the body of every request, last, so that it wins: whatever the server has and this package has not named. */
  body?: Record<string, unknown> | ((kind: EmbeddingKind) => Record<string, unknown>) | undefined;
  /** Used instead of the global `fetch`, for a proxy or a test. Not used by a `client` of your own. */
  fetch?: typeof fetch | undefined;
  /** Overrides single limits. */
  limits?: Partial<EmbedderLimits> | undefined;
}

/** What sets one embedder over this protocol apart from another. */
export interface ProtocolSettings extends EmbeddingSource {
  id: string;
  dimensions: number;
  limits: Partial<EmbedderLimits>;
  encoding: "base64" | "float";
  /** Sent as `dimensions`; left out where the model's own number is meant. */
  sentDimensions?: number | undefined;
  /** Put before each text of a kind. */
  prefixes?: Record<EmbeddingKind, string>;
  /** Where requests go, for the error of a lost connection; left out where only the client knows. */
  baseURL?: string | undefined;
  headers?: Record<string, string> | undefined;
  body?: ConnectionOptions["body"];
  /** Called once, on first use. */
  connect: () => Promise<EmbeddingsClient>;
}

/** An embedder over OpenAI's embeddings endpoint: https://platform.openai.com/docs/api-reference/embeddings/create */
export function protocolEmbedder(settings: ProtocolSettings): Embedder {
  const { id, dimensions, limits, provider, model, encoding, sentDimensions, prefixes, headers, body } = settings;
  let connecting: Promise<EmbeddingsClient> | undefined;
  return {
    id,
    dimensions,
    limits,
    async embed(texts, { kind = "document", signal } = {}) {
      signal?.throwIfAborted();
      if (texts.length === 0) return [];
      connecting ??= settings.connect();
      // A missing key or package can be put right while the process runs, so a failure is not kept.
      const client = await connecting.catch((error: unknown) => {
        connecting = undefined;
        throw error;
      });
      const prefix = prefixes?.[kind] ?? "";
      const request: EmbeddingsRequest = {
        model,
        input: prefix === "" ? [...texts] : texts.map((text) => prefix + text),
        encoding_format: encoding,
        ...(sentDimensions !== undefined && { dimensions: sentDimensions }),
        ...(typeof body === "function" ? body(kind) : body),
      };
      try {
        // Retries are counted in one place, by `embedAll`; the SDK's own would multiply them.
        const response = await client.embeddings.create(request, {
          maxRetries: 0,
          ...(signal && { signal }),
          ...(headers && { headers }),
        });
        return readEmbeddings(response, texts.length, { provider, model });
      } catch (error) {
        signal?.throwIfAborted();
        throw withAddress(providerError(error, { provider, model }), settings);
      }
    },
  };
}

/**
 * Loads the SDK and makes a client. Without a key no `Authorization` header is sent; the SDK would not start without one, hence the
 * placeholder.
 */
export async function connectOpenAI(
  neededBy: string,
  apiKey: string | undefined,
  options: ClientOptions,
): Promise<EmbeddingsClient> {
  const { OpenAI } = await lazyImport(() => import("openai"), "openai", neededBy);
  const noKey = { apiKey: "none", defaultHeaders: { Authorization: null } };
  return new OpenAI({ ...options, ...(apiKey ? { apiKey } : noKey) });
}

/** Throws a `ConfigurationError` unless `dimensions` is a whole number of at least 1. */
export function checkDimensions(dimensions: number, who: string): void {
  if (Number.isInteger(dimensions) && dimensions >= 1) return;
  throw new ConfigurationError(`${who}: dimensions is ${dimensions}. Give a whole number of at least 1.`);
}

function withAddress(error: Error, { provider, model, baseURL }: ProtocolSettings): Error {
  if (!(error instanceof ProviderConnectionError) || baseURL === undefined) return error;
  return new ProviderConnectionError(
    `${provider}/${model}: no connection to ${baseURL} (${deepest(error)}). Check that the server is running and listens there, and that the URL is right (usually it ends in /v1).`,
    { provider, model, cause: error.cause },
  );
}

/** What went wrong at the socket: "connect ECONNREFUSED 127.0.0.1:11434" says more than "Connection error." */
function deepest(error: unknown): string {
  let inner = error;
  while (inner instanceof Error && inner.cause instanceof Error) inner = inner.cause;
  if (inner instanceof AggregateError && inner.errors[0] instanceof Error) inner = inner.errors[0];
  return inner instanceof Error ? inner.message : String(inner);
}
