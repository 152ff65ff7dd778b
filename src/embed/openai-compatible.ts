// Any server that speaks OpenAI's embeddings protocol: Ollama, vLLM, LM Studio, Text Embeddings Inference, llama.cpp.
import { ConfigurationError } from "../errors.ts";
import { contentHash } from "../util/hash.ts";
import type { Embedder } from "./embedder.ts";
import { type ConnectionOptions, checkDimensions, connectOpenAI, protocolEmbedder } from "./openai-client.ts";

export interface OpenAICompatibleEmbedderOptions extends ConnectionOptions {
  /** Where the protocol begins, usually ending in `/v1`: `http://localhost:11434/v1` for Ollama. */
  baseURL: string;
  /** Length of the vectors the model gives. It is not sent, since many servers refuse it; `body: { dimensions }` sends it. */
  dimensions: number;
  /** Sent as a bearer token. Default: none; the environment's OpenAI key is never sent to another server. */
  apiKey?: string | undefined;
  /** Put before a question, for models that were trained so: `"query: "` for E5, `"search_query: "` for nomic-embed-text. Default: "". */
  queryPrefix?: string | undefined;
  /** Put before a passage: `"passage: "` for E5, `"search_document: "` for nomic-embed-text. Part of the id. Default: "". */
  documentPrefix?: string | undefined;
  /** What to ask for. Either is understood, whatever was asked; some servers refuse `base64`, which is smaller. Default: `float`. */
  encoding?: "base64" | "float" | undefined;
}

/** Text Embeddings Inference takes no more than 32 texts unless it is told to (`--max-client-batch-size`). */
const compatibleLimits = { batchSize: 32 };

/**
 * An embedder over a server with OpenAI's embeddings protocol. Needs the package `openai`, which is loaded at the first request.
 *
 * Throws a `ConfigurationError` at once for a `baseURL` that is no URL or for dimensions below 1; at the first request a
 * `MissingPackageError`; then what `Embedder.embed` throws: where no server answers, a `ProviderConnectionError` that names the URL.
 */
export function openaiCompatibleEmbedder(model: string, options: OpenAICompatibleEmbedderOptions): Embedder {
  const { baseURL, dimensions, apiKey, queryPrefix = "", documentPrefix = "", encoding = "float", fetch } = options;
  const who = `openaiCompatibleEmbedder("${model}")`;
  checkDimensions(dimensions, who);
  if (!/^https?:$/.test(protocolOf(baseURL))) {
    throw new ConfigurationError(
      `${who}: baseURL is "${baseURL}". Give an http or https URL, such as http://localhost:11434/v1.`,
    );
  }
  const prefixId = documentPrefix === "" ? "" : `/${contentHash(documentPrefix).slice(0, 8)}`;
  return protocolEmbedder({
    id: `openai-compatible/${model}/${dimensions}${prefixId}`,
    dimensions,
    limits: { ...compatibleLimits, ...options.limits },
    provider: "openai-compatible",
    model,
    encoding,
    prefixes: { query: queryPrefix, document: documentPrefix },
    baseURL,
    headers: options.headers,
    body: options.body,
    // `null` keeps the SDK from reading OpenAI's organization, project and keys in the environment.
    connect: () =>
      connectOpenAI("openaiCompatibleEmbedder", apiKey, {
        baseURL,
        organization: null,
        project: null,
        adminAPIKey: null,
        ...(fetch !== undefined && { fetch }),
      }),
  });
}

function protocolOf(url: string): string {
  return URL.canParse(url) ? new URL(url).protocol : "";
}
