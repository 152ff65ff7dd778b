// The vectors of questions: those that came as text are embedded, in one request for all.
import type { Database } from "../../db/database.ts";
import type { QueryVector } from "../../db/vectors.ts";
import { embedAll } from "../../embed/embed.ts";
import type { Embedder } from "../../embed/embedder.ts";
import { ConfigurationError, InputError } from "../../errors.ts";
import { isSparse, sparseToText } from "../../util/sparse.ts";
import { checkVector } from "../../util/vectors.ts";
import type { Shape } from "../shape.ts";
import type { KeptStatements } from "./kept.ts";
import type { FilterEstimates } from "./narrow.ts";
import type { Asked, SearchRequest } from "./request.ts";
import type { Capabilities } from "./settings.ts";

/** What a search runs with. */
export interface SearchContext {
  db: Database;
  shape: Shape;
  embedder: Embedder | undefined;
  capabilities: () => Promise<Capabilities>;
  /** Throws for an extension that ranks by words and is not there. */
  keywordsReady: () => Promise<void>;
  /** How many rows filters leave. */
  estimates: FilterEstimates;
  /** Undefined in a transaction of the user's. */
  kept: KeptStatements | undefined;
}

/**
 * The vector of each question, in order; undefined where none is needed.
 * @throws ConfigurationError for a text without an embedder, DimensionError, InvalidVectorError, and what the embedder throws.
 */
export async function vectorsOf(
  { embedder, shape }: SearchContext,
  asked: readonly Asked[],
  { mode, signal }: Pick<SearchRequest, "mode" | "signal">,
): Promise<(QueryVector | undefined)[]> {
  if (mode === "keyword") return asked.map(() => undefined);
  const isText = ({ vector, stored }: Asked) => vector === undefined && stored === undefined;
  const texts = asked.filter(isText).map(({ text }) => text);
  if (texts.length > 0 && embedder === undefined)
    throw new ConfigurationError("The collection has no embedder, so the question has to be a vector.");
  const made =
    embedder === undefined || texts.length === 0
      ? []
      : await embedAll(embedder, texts, { kind: "query", ...(signal && { signal }) });
  const next = made.values();
  return asked.map((question, row) => {
    if (question.stored !== undefined) return undefined;
    const vector = question.vector ?? (next.next().value as Float32Array);
    const allowZero = shape.metric !== "cosine";
    const place = { field: "query", ...(asked.length > 1 && { row }) };
    if (shape.vectorType === "sparsevec") {
      if (!isSparse(vector))
        throw new InputError("The column holds sparse vectors: give the question as { indices, values }.", place);
      return sparseToText(vector, { dimensions: shape.dimensions, allowZero, ...place });
    }
    if (isSparse(vector)) throw new InputError("The column holds dense vectors: give the question as a Float32Array.", place);
    checkVector(vector, {
      dimensions: shape.dimensions,
      allowZero,
      ...place,
      embedder: isText(question) ? embedder?.id : undefined,
      others: embedder?.id,
    });
    return vector;
  });
}
