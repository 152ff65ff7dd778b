// The weights of hybrid search that suit a collection, learned from judged queries, and what they are worth on queries they were not learned from.
import type { PgTable } from "drizzle-orm/pg-core";
import { embedAll } from "../embed/embed.ts";
import type { Embedder } from "../embed/embedder.ts";
import { ConfigurationError, InputError } from "../errors.ts";
import type { Collection } from "../store/collection.ts";
import { defaultWeights } from "../store/search/hybrid.ts";
import type { Hit, Query, SearchOptions } from "../store/types.ts";
import { type EvaluateOptions, evaluate } from "./evaluate.ts";
import type { JudgedQuery } from "./judgments.ts";
import type { Scores } from "./metrics.ts";
import { generator, randomisationTest } from "./significance.ts";

export interface TuneOptions<H extends Hit> extends Omit<EvaluateOptions<H>, "onProgress"> {
  /** What is to be as high as can be. Default: `ndcg`. */
  measure?: keyof Scores;
  /** The question of a judged query, for collections without an embedder: a vector and its text. */
  query?: (judged: JudgedQuery) => Query;
  /** Options of every search, such as `where`. */
  search?: Omit<SearchOptions, "mode" | "weights" | "limit" | "offset">;
  /** Called after each weight. */
  onProgress?: (progress: { done: number; total: number }) => void;
}

export interface Tuned {
  /** For `search(…, { weights })`. */
  weights: { vector: number; keyword: number };
  measure: keyof Scores;
  k: number;
  /** How many judged queries it was learned from. */
  queries: number;
  /** Means on all of them: with weights learned from other queries (in two halves, both ways), with the default ones, by vector, by keyword. */
  crossValidated: number;
  byDefault: number;
  vector: number;
  keyword: number;
  /** The probability that weights which are no better than the default ones do so well by chance. */
  p: number;
  /** Whether the weights can be relied on to be better than the default ones: `p` is below 0.05 and they were better. */
  significant: boolean;
  /** The mean for every weight of the vectors that was tried; the keywords' is the rest to 1. */
  tried: { vector: number; mean: number }[];
}

const steps = 10;

/**
 * Tries the weights 0, 0.1 … 1 on judged queries, fifty and more of them if it is to be told what is chance. One of the two rankings alone is
 * given up only for a mixture that is better by more than the standard error of the difference (the one-standard-error rule, Breiman
 * and others, 1984): a mixture that fits its queries by chance does worse on others.
 *
 * @throws InputError for fewer than four judged queries; ConfigurationError for a collection without an embedder where no `query` is given.
 */
export async function tune<D extends PgTable, C extends PgTable | undefined>(
  docs: Collection<D, C>,
  judged: readonly JudgedQuery[],
  options: TuneOptions<Hit<D, C>> = {},
): Promise<Tuned> {
  const { measure = "ndcg", k = 10, search = {}, query, onProgress, ...rest } = options;
  const asked = judged.filter(({ relevant }) => Object.values(relevant).some((grade) => grade > 0));
  if (asked.length < 4) throw new InputError(`${asked.length} judged queries are too few to learn from.`, { field: "judged" });
  const questions = await questionsOf(docs.embedder, asked, query, rest.signal);
  const run = (weights: { vector: number; keyword: number }) =>
    evaluate<Hit<D, C>>(
      asked,
      (_, each) => docs.search(questions.get(each.id) as Query, { ...search, mode: "hybrid", weights, limit: 3 * k }),
      { ...rest, k },
    );
  const scores: number[][] = [];
  for (let step = 0; step <= steps; step++) {
    const { queries } = await run({ vector: step / steps, keyword: 1 - step / steps });
    scores.push(queries.map((each) => each[measure]));
    onProgress?.({ done: step + 1, total: steps + 1 });
  }
  const standard = scores[
    Math.round((defaultWeights.vector / (defaultWeights.vector + defaultWeights.keyword)) * steps)
  ] as number[];
  const learned = crossValidated(scores);
  const best = chosen(scores, indices(asked.length));
  const p = randomisationTest(learned, standard);
  return {
    weights: { vector: best / steps, keyword: 1 - best / steps },
    measure,
    k,
    queries: asked.length,
    crossValidated: mean(learned),
    byDefault: mean(standard),
    vector: mean(scores[steps] as number[]),
    keyword: mean(scores[0] as number[]),
    p,
    significant: p < 0.05 && mean(learned) > mean(standard),
    tried: scores.map((list, step) => ({ vector: step / steps, mean: mean(list) })),
  };
}

async function questionsOf(
  embedder: Embedder | undefined,
  judged: readonly JudgedQuery[],
  query: ((judged: JudgedQuery) => Query) | undefined,
  signal: AbortSignal | undefined,
): Promise<Map<string, Query>> {
  if (query !== undefined) return new Map(judged.map((each) => [each.id, query(each)]));
  if (embedder === undefined)
    throw new ConfigurationError(
      "The collection has no embedder: give tune() a `query` that makes a vector and a text of a judged query.",
    );
  // Once, and not for each weight.
  const texts = judged.map((each) => each.query);
  const vectors = await embedAll(embedder, texts, { kind: "query", ...(signal && { signal }) });
  return new Map(judged.map((each, i) => [each.id, { text: each.query, vector: vectors[i] as Float32Array }]));
}

/** The score of every query under the weight that the other half chose. */
function crossValidated(scores: readonly (readonly number[])[]): number[] {
  const all = indices(scores[0]?.length ?? 0);
  const next = generator(1);
  const shuffled = all.map((i) => ({ i, at: next() })).sort((a, b) => a.at - b.at);
  const halves = [0, 1].map((half) => shuffled.filter((_, place) => place % 2 === half).map(({ i }) => i)) as [
    number[],
    number[],
  ];
  const result: number[] = [];
  for (const [learnedFrom, testedOn] of [halves, [halves[1], halves[0]] as const]) {
    const weight = scores[chosen(scores, learnedFrom)] as readonly number[];
    for (const i of testedOn) result[i] = weight[i] as number;
  }
  return result;
}

/** The place of the weight to take, going by some of the queries. */
function chosen(scores: readonly (readonly number[])[], queries: readonly number[]): number {
  const of = (place: number) => queries.map((i) => scores[place]?.[i] as number);
  const means = scores.map((_, place) => mean(of(place)));
  const best = means.indexOf(Math.max(...means));
  const alone = (means[0] as number) >= (means[steps] as number) ? 0 : steps;
  const single = of(alone);
  const gains = of(best).map((value, i) => value - (single[i] as number));
  return mean(gains) > standardError(gains) ? best : alone;
}

function standardError(values: readonly number[]): number {
  const centre = mean(values);
  const variance = values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / Math.max(1, values.length - 1);
  return Math.sqrt(variance / Math.max(1, values.length));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}

function indices(length: number): number[] {
  return Array.from({ length }, (_, i) => i);
}
