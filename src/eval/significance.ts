// Whether a difference between two systems on the same queries may be chance: Fisher's randomisation test, which assumes nothing about how
// the scores are spread (Smucker, Allan and Carterette, A Comparison of Statistical Significance Tests for Information Retrieval, 2007).

/** How often the signs of the differences are drawn anew. */
const draws = 10_000;

/**
 * The two-sided probability that differences as large as these come about when both systems are equally good: 0 to 1. Up to 13 pairs every
 * combination of signs is looked at, above that 10,000 are drawn, always the same.
 */
export function randomisationTest(a: readonly number[], b: readonly number[]): number {
  const differences = a.map((value, i) => value - (b[i] ?? 0)).filter((difference) => difference !== 0);
  if (differences.length === 0) return 1;
  const sum = (sign: (i: number) => boolean) => Math.abs(differences.reduce((s, d, i) => s + (sign(i) ? d : -d), 0));
  const seen = sum(() => true) - 1e-12;
  const every = differences.length <= 13;
  const rounds = every ? 2 ** differences.length : draws;
  const next = generator(differences.length);
  let asLarge = 0;
  for (let round = 0; round < rounds; round++) {
    if (sum(every ? (i) => ((round >> i) & 1) === 1 : () => next() < 0.5) >= seen) asLarge++;
  }
  // The combination that was seen is one of those that could have been drawn.
  return every ? asLarge / rounds : (asLarge + 1) / (rounds + 1);
}

/** Mulberry32: the same numbers for the same seed, 0 to 1. */
export function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
}
