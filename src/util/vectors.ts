// Is a vector one that a column of its type can hold and compare?
import { DimensionError, type InputPlace, InvalidVectorError } from "../errors.ts";

export interface VectorCheck extends InputPlace {
  /** How many dimensions the vector must have. */
  dimensions: number;
  /** Whether all zeros are allowed; they have no direction, so cosine distance cannot compare them. Default: false. */
  allowZero?: boolean;
  /** Who made the vector, for the error's words. */
  embedder?: string | undefined;
  /** Who makes the vectors that it is to stand among. */
  others?: string | undefined;
}

/**
 * Checks a vector's length, that every number is finite as a 32-bit float (which is what pgvector stores), and that not all are
 * zero. Throws a `DimensionError` or an `InvalidVectorError`.
 */
export function checkVector(vector: ArrayLike<number>, check: VectorCheck): void {
  const { dimensions, allowZero = false, row, field, embedder, others } = check;
  const place = { row, field };
  if (vector.length !== dimensions) {
    throw new DimensionError(dimensions, vector.length, { ...place, embedder, others });
  }
  // One sum answers both questions: NaN and infinity stay in it, and only zeros leave it at zero.
  const sum = vector instanceof Float32Array ? sumOf(vector) : sumOf(Float32Array.from(vector));
  if (!Number.isFinite(sum)) throw new InvalidVectorError("not finite", place);
  if (sum === 0 && !allowZero) throw new InvalidVectorError("zero", place);
}

/** Of the absolute values. In four sums, which do not wait for each other: it is asked of every number that is loaded. */
function sumOf(vector: Float32Array): number {
  let [a, b, c, d] = [0, 0, 0, 0];
  let i = 0;
  for (; i + 3 < vector.length; i += 4) {
    a += Math.abs(vector[i] as number);
    b += Math.abs(vector[i + 1] as number);
    c += Math.abs(vector[i + 2] as number);
    d += Math.abs(vector[i + 3] as number);
  }
  for (; i < vector.length; i++) a += Math.abs(vector[i] as number);
  return a + b + c + d;
}
