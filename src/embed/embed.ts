// What every embedder needs and none should write: checks, batches, bounded concurrency, retries, each text embedded once.
import { BadRequestError, ContextLengthError, EmbeddingCountError, InputError } from "../errors.ts";
import { batches, mapConcurrent } from "../util/batch.ts";
import { type Clock, retry } from "../util/retry.ts";
import { approximateTokens } from "../util/tokens.ts";
import { checkVector } from "../util/vectors.ts";
import { checkText } from "../util/well-formed.ts";
import type { Embedder, EmbedOptions } from "./embedder.ts";
import { resolveLimits } from "./limits.ts";

export interface EmbedAllOptions extends EmbedOptions {
  /** Called after each request with the number of distinct texts embedded so far, and of all there are. */
  onProgress?: ((progress: { done: number; total: number }) => void) | undefined;
  /** @internal Waits between retries; for tests. */
  clock?: Clock | undefined;
}

/** A text with the row it first stood in. */
interface Item {
  text: string;
  row: number;
}

/**
 * Embeds any number of texts: a `Float32Array` of `embedder.dimensions` for each, in order. Equal texts are sent once and share one array.
 *
 * All texts are checked before the first request (`InvalidTextError`), all vectors after each: their number
 * (`EmbeddingCountError`), dimensions (`DimensionError`) and that they are finite (`InvalidVectorError`). All zeros are allowed here.
 * Retryable errors are tried again as often as `embedder.limits.retries` says; the first other error stops everything. A text too long
 * for the model throws an `InputError` that tells its row. An abort throws `signal.reason`.
 */
export async function embedAll(
  embedder: Embedder,
  texts: readonly string[],
  options: EmbedAllOptions = {},
): Promise<Float32Array[]> {
  const { signal, onProgress } = options;
  const limits = resolveLimits(embedder.limits);
  const places = new Map<string, number>();
  const items: Item[] = [];
  texts.forEach((text, row) => {
    checkText(text, { row });
    if (places.has(text)) return;
    places.set(text, items.length);
    items.push({ text, row });
  });
  signal?.throwIfAborted();

  const work = batches(items, {
    count: limits.batchSize,
    weight: limits.batchTokens,
    weigh: (item) => approximateTokens(item.text),
  });
  let done = 0;
  const vectors = await mapConcurrent(work, { concurrency: limits.concurrency, signal }, async (batch, _, jobSignal) => {
    const result = await embedBatch(embedder, batch, { ...options, signal: jobSignal }, limits.retries);
    done += batch.length;
    onProgress?.({ done, total: items.length });
    return result;
  });
  const flat = vectors.flat();
  return texts.map((text) => flat[places.get(text) as number] as Float32Array);
}

/** Embeds one text, as a `query` unless told otherwise. Checks and throws as `embedAll` does. */
export async function embedOne(embedder: Embedder, text: string, options: EmbedAllOptions = {}): Promise<Float32Array> {
  const [vector] = await embedAll(embedder, [text], { kind: "query", ...options });
  return vector as Float32Array;
}

/** One request with its retries. A batch refused as too large is halved, down to the one text that is at fault. */
async function embedBatch(
  embedder: Embedder,
  batch: readonly Item[],
  options: EmbedAllOptions,
  retries: number,
): Promise<Float32Array[]> {
  const { kind = "document", signal, clock } = options;
  const send = () =>
    embedder.embed(
      batch.map((item) => item.text),
      { kind, signal },
    );
  let vectors: Float32Array[];
  try {
    vectors = await retry(send, { retries, signal, ...(clock && { clock }) });
  } catch (error) {
    if (!isTooLarge(error)) throw error;
    if (batch.length === 1) throw tooLong(embedder, batch[0] as Item, error);
    const half = Math.ceil(batch.length / 2);
    const first = await embedBatch(embedder, batch.slice(0, half), options, retries);
    return [...first, ...(await embedBatch(embedder, batch.slice(half), options, retries))];
  }
  if (vectors.length !== batch.length) {
    throw new EmbeddingCountError(batch.length, vectors.length, { provider: embedder.id });
  }
  vectors.forEach((vector, i) => {
    const row = (batch[i] as Item).row;
    checkVector(vector, { dimensions: embedder.dimensions, allowZero: true, embedder: embedder.id, row });
  });
  return vectors;
}

/** Too many tokens, in one text or in all of them: our estimate was too low, or a text is longer than the model takes. */
function isTooLarge(error: unknown): error is BadRequestError {
  if (error instanceof ContextLengthError) return true;
  return error instanceof BadRequestError && (error.status === 413 || /\btokens?\b/i.test(error.message));
}

function tooLong(embedder: Embedder, { text, row }: Item, cause: BadRequestError): InputError {
  return new InputError(
    `The text is too long for ${embedder.id} (${text.length} characters). Cut it into smaller chunks. It answered: ${cause.message}`,
    { row },
    { cause },
  );
}
