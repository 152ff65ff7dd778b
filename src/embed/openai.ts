// OpenAI's embedding models, through OpenAI's own SDK.
import { ConfigurationError, MissingKeyError } from "../errors.ts";
import { env } from "../util/env.ts";
import type { Embedder } from "./embedder.ts";
import {
  type ConnectionOptions,
  checkDimensions,
  connectOpenAI,
  type EmbeddingsClient,
  protocolEmbedder,
} from "./openai-client.ts";

export type { EmbeddingsClient } from "./openai-client.ts";

export interface OpenAIEmbedderOptions extends ConnectionOptions {
  /** Length of the vectors. Default: the model's own. `text-embedding-3` models can be asked for fewer. */
  dimensions?: number | undefined;
  /** Default: `OPENAI_API_KEY` in the environment, read at the first request. */
  apiKey?: string | undefined;
  /** Default: `OPENAI_BASE_URL`, else OpenAI's. A server that is named here or there need not have a key. */
  baseURL?: string | undefined;
  /** Default: `OPENAI_ORG_ID`. */
  organization?: string | undefined;
  /** A client of your own, such as `new AzureOpenAI()`; key, address, organization and fetch are then its own affair. */
  client?: EmbeddingsClient | undefined;
}

/** Dimensions by model: https://platform.openai.com/docs/guides/embeddings */
const knownDimensions: Record<string, number> = {
  "text-embedding-3-small": 1536,
  "text-embedding-3-large": 3072,
  "text-embedding-ada-002": 1536,
};

/**
 * OpenAI takes 2,048 texts and 300,000 tokens a request (https://platform.openai.com/docs/api-reference/embeddings/create). We count
 * estimates, which on single texts can be a tenth too low, and leave that much room. A text above the model's 8,192 tokens is left to
 * OpenAI to refuse.
 */
const openaiLimits = { batchSize: 2048, batchTokens: 270_000 };

/**
 * An embedder over OpenAI's API. Needs the package `openai`, which is loaded at the first request.
 *
 * Throws a `ConfigurationError` at once for a model whose dimensions are neither known nor given, or for more than it has; at the first
 * request a `MissingKeyError` or `MissingPackageError`; then what `Embedder.embed` throws.
 */
export function openaiEmbedder(model = "text-embedding-3-small", options: OpenAIEmbedderOptions = {}): Embedder {
  const known = knownDimensions[model];
  const dimensions = options.dimensions ?? known;
  const who = `openaiEmbedder("${model}")`;
  if (dimensions === undefined) throw new ConfigurationError(`${who}: give the model's dimensions, { dimensions: … }.`);
  checkDimensions(dimensions, who);
  if (known !== undefined && dimensions > known) {
    throw new ConfigurationError(`${who}: the model has ${known} dimensions, ${dimensions} were asked for.`);
  }
  return protocolEmbedder({
    id: `openai/${model}/${dimensions}`,
    dimensions,
    limits: { ...openaiLimits, ...options.limits },
    provider: "openai",
    model,
    encoding: "base64",
    sentDimensions: options.dimensions,
    baseURL: options.client === undefined ? options.baseURL : undefined,
    headers: options.headers,
    body: options.body,
    connect: async () => options.client ?? connect(options),
  });
}

function connect(options: OpenAIEmbedderOptions): Promise<EmbeddingsClient> {
  const { baseURL, organization, fetch } = options;
  const apiKey = options.apiKey ?? env("OPENAI_API_KEY");
  if (!apiKey && !baseURL && !env("OPENAI_BASE_URL")) throw new MissingKeyError("OpenAI", "OPENAI_API_KEY");
  return connectOpenAI("openaiEmbedder", apiKey, {
    ...(baseURL !== undefined && { baseURL }),
    ...(organization !== undefined && { organization }),
    ...(fetch !== undefined && { fetch }),
  });
}
