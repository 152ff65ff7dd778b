// The vectors of one write: made before the transaction, kept by hash, so that no row is locked while a provider is waited for.
import { embedAll } from "../../embed/embed.ts";
import type { Embedder } from "../../embed/embedder.ts";
import { ConfigurationError } from "../../errors.ts";
import { checkVector } from "../../util/vectors.ts";
import type { Passage } from "../passages.ts";
import type { Shape } from "../shape.ts";
import type { WriteOptions } from "../types.ts";

/** Thrown inside a transaction that finds passages nobody has a vector for; it is rolled back, they are embedded, it runs again. */
export class MissingVectors extends Error {
  constructor(readonly passages: readonly Passage[]) {
    super("vectors are missing");
  }
}

/** A passage and the document it came from, for error messages. */
export interface PassageOf {
  passage: Passage;
  /** Index of the document in what the user handed in. */
  row: number;
}

export class VectorStash {
  private readonly byHash = new Map<string, Float32Array>();

  constructor(
    private readonly shape: Shape,
    private readonly embedder: Embedder | undefined,
    private readonly options: WriteOptions,
  ) {}

  /** How many vectors were made. */
  get size(): number {
    return this.byHash.size;
  }

  /** The vectors of these passages. Throws MissingVectors when there are some that `embed` has not been given. */
  require(passages: readonly Passage[]): Float32Array[] {
    const missing = passages.filter(({ hash }) => !this.byHash.has(hash));
    if (missing.length > 0) throw new MissingVectors(missing);
    return passages.map(({ hash }) => this.byHash.get(hash) as Float32Array);
  }

  /** Makes vectors for passages that have none yet. */
  async embed(passages: readonly PassageOf[]): Promise<void> {
    const wanted = new Map<string, PassageOf>();
    for (const item of passages) if (!this.byHash.has(item.passage.hash)) wanted.set(item.passage.hash, item);
    if (wanted.size === 0) return;
    const { embedder, shape } = this;
    if (embedder === undefined) {
      throw new ConfigurationError(
        "The collection has no embedder, so every row has to bring its vector. Give `embedder` to collection().",
      );
    }
    const items = [...wanted.values()];
    const vectors = await embedAll(
      embedder,
      items.map(({ passage }) => passage.input),
      {
        kind: "document",
        ...(this.options.signal && { signal: this.options.signal }),
        onProgress: ({ done, total }) => this.options.onProgress?.({ embedded: done, toEmbed: total }),
      },
    );
    const allowZero = shape.metric !== "cosine";
    items.forEach(({ row }, i) => {
      checkVector(vectors[i] as Float32Array, {
        dimensions: shape.dimensions,
        allowZero,
        row,
        field: shape.textField,
        embedder: embedder.id,
      });
    });
    items.forEach(({ passage }, i) => {
      this.byHash.set(passage.hash, vectors[i] as Float32Array);
    });
  }
}
