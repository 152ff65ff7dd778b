// Measures of one ranking against what was judged relevant. Formulas as in trec_eval (https://github.com/usnistgov/trec_eval): grades above 0
// are relevant, and what was not judged is not.

/** Documents by their key, with their grade: 0 is not relevant, more is better. */
export type Grades = Readonly<Record<string, number>>;

/** What one ranking is worth, each from 0 to 1; all but `map` look at the first `k` places alone. */
export interface Scores {
  /** Normalised discounted cumulative gain (Järvelin and Kekäläinen, 2002): gains are grades, discounted by log2(place + 1). */
  ndcg: number;
  /** Share of what is relevant that was found. */
  recall: number;
  /** Share of the `k` places that hold something relevant. */
  precision: number;
  /** 1 / the place of the first that is relevant; 0 where there is none. Its mean over queries is the MRR. */
  mrr: number;
  /** Mean of the precision at the place of each that is relevant, over the whole ranking. Its mean over queries is the MAP. */
  map: number;
}

/** @param ranked Keys, best first; one that comes again counts where it came first. */
export function scoresOf(ranked: readonly string[], grades: Grades, k: number): Scores {
  const keys = [...new Set(ranked)];
  const gradeOf = (key: string) => Math.max(0, Object.hasOwn(grades, key) ? (grades[key] as number) : 0);
  const best = Object.values(grades)
    .filter((grade) => grade > 0)
    .sort((a, b) => b - a);
  const relevant = best.length;
  if (relevant === 0) return { ndcg: 0, recall: 0, precision: 0, mrr: 0, map: 0 };
  const top = keys.slice(0, k).map(gradeOf);
  const first = top.findIndex((grade) => grade > 0);
  const found = top.filter((grade) => grade > 0).length;
  let seen = 0;
  let precisions = 0;
  keys.forEach((key, place) => {
    if (gradeOf(key) > 0) precisions += ++seen / (place + 1);
  });
  return {
    ndcg: discounted(top) / discounted(best.slice(0, k)),
    recall: found / relevant,
    precision: found / k,
    mrr: first === -1 ? 0 : 1 / (first + 1),
    map: precisions / relevant,
  };
}

function discounted(grades: readonly number[]): number {
  return grades.reduce((sum, grade, place) => sum + grade / Math.log2(place + 2), 0);
}

/** Means over queries. */
export function meanScores(all: readonly Scores[]): Scores {
  const mean = (name: keyof Scores) => all.reduce((sum, scores) => sum + scores[name], 0) / Math.max(1, all.length);
  return { ndcg: mean("ndcg"), recall: mean("recall"), precision: mean("precision"), mrr: mean("mrr"), map: mean("map") };
}
