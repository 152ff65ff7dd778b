// The interface of an embedder: one method. Batching, bounded concurrency, retries and checks are written once, in `embed.ts`.

/** What a text is embedded for; some models treat a question and a passage differently. */
export type EmbeddingKind = "document" | "query";

export interface EmbedOptions {
  /** Default: `document`. */
  kind?: EmbeddingKind | undefined;
  signal?: AbortSignal | undefined;
}

/** How much one request may carry, and how many may be under way. Defaults: `defaultLimits` in `limits.ts`. */
export interface EmbedderLimits {
  /** Texts a request. */
  batchSize: number;
  /** Estimated tokens a request; a text that is larger by itself goes alone. */
  batchTokens: number;
  /** Requests at once. */
  concurrency: number;
  /** Times a request is tried again after 429, 5xx or a lost connection. */
  retries: number;
}

/** Turns texts into vectors. To write your own, implement `embed`; the rest are facts about it. */
export interface Embedder {
  /**
   * Names provider, model and dimensions, and whatever else changes a document's vector. It is part of each chunk's hash: another id
   * means that chunks are embedded again.
   */
  readonly id: string;
  /** Length of every vector. */
  readonly dimensions: number;
  readonly limits?: Partial<EmbedderLimits> | undefined;
  /**
   * One request: a vector of `dimensions` for each text, in the order of the texts; none for no texts.
   * Throws a `ProviderError`; one that is `retryable` is tried again by the caller. Once `signal` has aborted, throws its reason.
   */
  embed(texts: readonly string[], options?: EmbedOptions): Promise<Float32Array[]>;
}
