// Is a vector one that a column of its type can hold and compare?
import { DimensionError, type InputPlace, InvalidVectorError } from "../errors.ts";

export interface VectorCheck extends InputPlace {
  /** How many dimensions the vector must have. */
  dimensions: number;
  /** Whether all zeros are allowed; they have no direction, so cosine distance cannot compare them. Default: false. */
  allowZero?: boolean;
  /** Who made the vector, for the error's words. */
  embedder?: string;
}

/**
 * Checks a vector's length, that every number is finite as a 32-bit float (which is what pgvector stores), and that not all are
 * zero. Throws a `DimensionError` or an `InvalidVectorError`.
 */
export function checkVector(vector: ArrayLike<number>, check: VectorCheck): void {
  const { dimensions, allowZero = false, row, field, embedder } = check;
  const place = { row, field };
  if (vector.length !== dimensions) {
    throw new DimensionError(dimensions, vector.length, embedder === undefined ? place : { ...place, embedder });
  }
  // One sum answers both questions: NaN and infinity stay in it, and only zeros leave it at zero.
  let sum = 0;
  for (let i = 0; i < dimensions; i++) sum += Math.abs(Math.fround(vector[i] as number));
  if (!Number.isFinite(sum)) throw new InvalidVectorError("not finite", place);
  if (sum === 0 && !allowZero) throw new InvalidVectorError("zero", place);
}
