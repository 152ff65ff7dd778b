// Maximal marginal relevance: hits that are near the question and unlike each other.

/** Of length one; all zeros stay so. */
export function normalized(vector: Float32Array): Float32Array {
  let sum = 0;
  for (const x of vector) sum += x * x;
  const length = Math.sqrt(sum) || 1;
  return vector.map((x) => x / length);
}

/**
 * Carbonell and Goldstein, The Use of MMR, Diversity-Based Reranking (1998): one after another, the candidate with the greatest
 * λ · relevance - (1 - λ) · (greatest cosine similarity to those chosen before), where λ = 1 - diversity. Ties go to the earlier one.
 *
 * @param candidates Best first, with relevance on the scale of a cosine (at most 1) and vectors of length one.
 * @returns Indexes of at most `count` candidates, in the order chosen.
 */
export function mostDiverse(
  candidates: readonly { relevance: number; vector: Float32Array }[],
  diversity: number,
  count: number,
): number[] {
  const chosen: number[] = [];
  const left = new Set(candidates.keys());
  const nearest = new Float64Array(candidates.length).fill(Number.NEGATIVE_INFINITY);
  while (chosen.length < count && left.size > 0) {
    let best = -1;
    let most = Number.NEGATIVE_INFINITY;
    for (const i of left) {
      const { relevance } = candidates[i] as { relevance: number };
      const marginal = chosen.length === 0 ? relevance : (1 - diversity) * relevance - diversity * (nearest[i] as number);
      if (best === -1 || marginal > most) [best, most] = [i, marginal];
    }
    chosen.push(best);
    left.delete(best);
    const { vector } = candidates[best] as { vector: Float32Array };
    for (const i of left)
      nearest[i] = Math.max(nearest[i] as number, dot(vector, (candidates[i] as { vector: Float32Array }).vector));
  }
  return chosen;
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}
