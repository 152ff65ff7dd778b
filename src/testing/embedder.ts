// A test double for an embedder: no network, the same vectors each time, and a record of what it was asked.
import { createHash } from "node:crypto";
import type { Embedder, EmbedderLimits, EmbeddingKind } from "../embed/embedder.ts";

export interface FakeEmbedderOptions {
  /** Default: the length of the first of `vectors`, else 8. */
  dimensions?: number | undefined;
  /** Vectors of single texts, to decide what is near what. Any other text gets a unit vector that its content decides. */
  vectors?: Record<string, readonly number[]> | undefined;
  /** Errors to throw, by the 0-based number of the call: `{ 0: new RateLimitError(…) }` fails once. */
  failures?: Record<number, Error> | undefined;
  /** Default: `fake/<dimensions>`. */
  id?: string | undefined;
  limits?: Partial<EmbedderLimits> | undefined;
}

/** One call of `embed`, failed ones included. */
export interface FakeEmbedderCall {
  texts: string[];
  kind: EmbeddingKind;
}

export interface FakeEmbedder extends Embedder {
  /** Every call so far, oldest first. */
  readonly calls: FakeEmbedderCall[];
  /** The texts of all calls, in order. */
  readonly texts: string[];
}

/**
 * An embedder for tests. A vector of `vectors` is given back as it stands, so that one of the wrong length or with a NaN tests what
 * comes after. An abort rejects with `signal.reason`.
 */
export function fakeEmbedder(options: FakeEmbedderOptions = {}): FakeEmbedder {
  const { vectors = {}, failures = {} } = options;
  const dimensions = options.dimensions ?? Object.values(vectors)[0]?.length ?? 8;
  const calls: FakeEmbedderCall[] = [];
  return {
    id: options.id ?? `fake/${dimensions}`,
    dimensions,
    limits: options.limits,
    calls,
    get texts() {
      return calls.flatMap((call) => call.texts);
    },
    async embed(texts, { kind = "document", signal } = {}) {
      signal?.throwIfAborted();
      const failure = failures[calls.length];
      calls.push({ texts: [...texts], kind });
      // As over a network: what the caller does right after the call, such as an abort, comes first.
      await Promise.resolve();
      signal?.throwIfAborted();
      if (failure !== undefined) throw failure;
      return texts.map((text) => {
        const given = Object.hasOwn(vectors, text) ? vectors[text] : undefined;
        return given === undefined ? unitVector(text, dimensions) : Float32Array.from(given);
      });
    },
  };
}

/** Bytes of SHA-256 as numbers from -1 to 1, scaled to length 1: other texts point elsewhere, in no meaningful direction. */
function unitVector(text: string, dimensions: number): Float32Array {
  const vector = new Float64Array(dimensions);
  for (let from = 0; from < dimensions; from += 32) {
    const block = createHash("sha256").update(`${from}:${text}`).digest();
    block.subarray(0, dimensions - from).forEach((byte, i) => {
      vector[from + i] = (byte - 127.5) / 127.5;
    });
  }
  const length = Math.sqrt(vector.reduce((sum, x) => sum + x * x, 0));
  return Float32Array.from(vector, (x) => x / length);
}
