// How good a search is on judged queries, and whether one is better than another.
import { ConfigurationError, InputError } from "../errors.ts";
import { mapConcurrent } from "../util/batch.ts";
import type { JudgedQuery } from "./judgments.ts";
import { meanScores, type Scores, scoresOf } from "./metrics.ts";
import { randomisationTest } from "./significance.ts";

/** Anything that finds: `(question) => docs.search(question, { limit: 100 })`, with reranking, rewriting or another store behind it. */
export type Searcher<Found> = (question: string, judged: JudgedQuery) => PromiseLike<readonly Found[]>;

export interface EvaluateOptions<Found> {
  /** How many places count. Default: 10. */
  k?: number;
  /** The key that judgments know a hit by. Default: a string itself, else `hit.source`. */
  key?: (found: Found) => string;
  /** Searches at once. Default: 1. */
  concurrency?: number;
  signal?: AbortSignal;
  /** Called after each query. */
  onProgress?: (progress: { done: number; total: number }) => void;
}

export interface QueryScores extends Scores {
  id: string;
  query: string;
  /** Keys in the order of the search. */
  found: string[];
  /** Milliseconds that the search took. */
  milliseconds: number;
}

export interface Evaluation {
  k: number;
  /** Means over the queries. */
  mean: Scores;
  /** In the order of the judged queries. */
  queries: QueryScores[];
  /** Queries that nothing is relevant to: they are left out. */
  unjudged: number;
}

/**
 * Runs a search for every judged query, and measures what it finds.
 *
 * @throws InputError when nothing is judged; ConfigurationError when a hit has no `source` and no `key` is given; what the search throws.
 */
export async function evaluate<Found>(
  judged: readonly JudgedQuery[],
  search: Searcher<Found>,
  options: EvaluateOptions<Found> = {},
): Promise<Evaluation> {
  const { k = 10, key = sourceOf, concurrency = 1, signal } = options;
  if (!(Number.isInteger(k) && k >= 1)) throw new InputError(`${k} is not a whole number of at least 1.`, { field: "k" });
  const asked = judged.filter(({ relevant }) => Object.values(relevant).some((grade) => grade > 0));
  if (asked.length === 0) throw new InputError("No query has a relevant document.", { field: "judged" });
  let done = 0;
  const queries = await mapConcurrent(asked, { concurrency, signal }, async (each): Promise<QueryScores> => {
    const start = performance.now();
    const found = (await search(each.query, each)).map(key);
    const milliseconds = performance.now() - start;
    options.onProgress?.({ done: ++done, total: asked.length });
    return { id: each.id, query: each.query, ...scoresOf(found, each.relevant, k), found, milliseconds };
  });
  return { k, mean: meanScores(queries), queries, unjudged: judged.length - asked.length };
}

function sourceOf(found: unknown): string {
  if (typeof found === "string") return found;
  const source = (found as { source?: unknown } | null)?.source;
  if (typeof source === "string") return source;
  throw new ConfigurationError("A hit has no `source` that judgments could know it by: give evaluate() a `key`.");
}

export interface Compared {
  measure: keyof Scores;
  /** Mean of the first, and of the second. */
  a: number;
  b: number;
  /** b - a. */
  difference: number;
  /** The probability of a difference as large as this between searches that are equally good; see `randomisationTest()`. */
  p: number;
  /** Queries that the second does better, worse, and the same on. */
  better: number;
  worse: number;
  same: number;
}

/**
 * Two evaluations of the same queries, measure by measure.
 * @throws InputError when the queries or `k` are not the same.
 */
export function compare(a: Evaluation, b: Evaluation): Compared[] {
  if (a.k !== b.k || a.queries.length !== b.queries.length || a.queries.some(({ id }, i) => id !== b.queries[i]?.id))
    throw new InputError("The two evaluations are not of the same queries with the same k.", { field: "b" });
  return (Object.keys(a.mean) as (keyof Scores)[]).map((measure) => {
    const [first, second] = [a, b].map(({ queries }) => queries.map((query) => query[measure])) as [number[], number[]];
    const signs = second.map((value, i) => Math.sign(value - (first[i] as number)));
    const count = (sign: number) => signs.filter((each) => each === sign).length;
    return {
      measure,
      a: a.mean[measure],
      b: b.mean[measure],
      difference: b.mean[measure] - a.mean[measure],
      p: randomisationTest(second, first),
      better: count(1),
      worse: count(-1),
      same: count(0),
    };
  });
}
