// An embedder without a model: no key, no network, no dependency. It compares words and spelling, not meaning.
import { setImmediate } from "node:timers/promises";
import { ConfigurationError } from "../errors.ts";
import type { Embedder } from "./embedder.ts";
import { FeatureTable } from "./hashing-features.ts";
import { addWords } from "./hashing-words.ts";

export interface HashingEmbedderOptions {
  /** Length of the vectors. Below about 500 unrelated words begin to look alike. Default: 1536, as OpenAI's small model. */
  dimensions?: number | undefined;
}

/** Raise it with any change that changes a vector: the id is part of each chunk's hash. */
const VERSION = "v1";

/**
 * A lexical embedder: texts are near when they share words, word pairs or parts of words. It knows no synonyms and no other language,
 * so it suits tests, first steps and offline use; for meaning, use a model.
 *
 * Signed feature hashing after Weinberger et al., "Feature Hashing for Large Scale Multitask Learning" (ICML 2009): each feature adds
 * its weight, with a sign of its own, to one of the dimensions. Features are words (English endings folded lightly, function words
 * nearly off), pairs of neighbouring words, and the three-letter parts of each word; in scripts that write no spaces, characters and
 * their pairs. Counts go in by their square root. Vectors have length 1, are never zero, and are the same on every machine with the
 * same version of Unicode.
 *
 * Throws a `ConfigurationError` for dimensions that are no whole number from 1 to 65,536.
 */
export function hashingEmbedder(options: HashingEmbedderOptions = {}): Embedder {
  const dimensions = options.dimensions ?? 1536;
  if (!Number.isInteger(dimensions) || dimensions < 1 || dimensions > 65_536) {
    throw new ConfigurationError(`hashingEmbedder: dimensions is ${dimensions}. Give a whole number from 1 to 65,536.`);
  }
  return {
    id: `hashing/${VERSION}/${dimensions}`,
    dimensions,
    // One thread does the work, so more at once gains nothing; nothing can fail for a passing reason.
    limits: { batchSize: 64, batchTokens: 50_000, concurrency: 1, retries: 0 },
    async embed(texts, { signal } = {}) {
      // Lets the event loop turn between batches: timers, sockets and an abort get their chance.
      await setImmediate();
      signal?.throwIfAborted();
      const table = new FeatureTable();
      return texts.map((text) => hashText(text, dimensions, table));
    },
  };
}

function hashText(text: string, dimensions: number, table: FeatureTable): Float32Array {
  const folded = text.normalize("NFKC").toLowerCase();
  table.clear();
  addWords(folded, table);
  const sums = table.project(folded, dimensions);
  if (normalise(sums)) return Float32Array.from(sums);

  // No letters or digits: punctuation, symbols, emoji.
  table.clear();
  table.addCharacters(folded);
  const marks = table.project(folded, dimensions);
  // Signs can cancel out, above all in few dimensions.
  if (!normalise(marks)) marks[0] = 1;
  return Float32Array.from(marks);
}

/** Scales to length 1, in place; false for all zeros. */
function normalise(vector: Float64Array): boolean {
  let sum = 0;
  for (const x of vector) sum += x * x;
  if (sum === 0) return false;
  const scale = 1 / Math.sqrt(sum);
  for (let i = 0; i < vector.length; i++) vector[i] = (vector[i] as number) * scale;
  return true;
}
