// Hits in a better order without a model and without a network: by what a ranking of single words does not see.
import { isStopWord, words } from "../cite/words.ts";
import { InputError } from "../errors.ts";
import type { Source } from "../values.ts";
import { headingsOf, type Reranker } from "./rerank.ts";

export interface LexicalRerankerOptions {
  /** Most hits that come back. Default: all. */
  limit?: number | undefined;
  /** How much the words count against the order that the hits come in: 0 leaves that as it is. Default: 1. */
  weight?: number | undefined;
}

/**
 * What each sign adds to the hit's own score, which runs from 0 for the last to 1 for the best. Set on documentation of Claude, Cranfield and the
 * questions of chunking_evaluation; see docs/evaluation.md. BM25, coverage and the best sentence were tried and on the whole gained nothing beside
 * these: the score has them already.
 */
const signs = { headings: 0.3, pairs: 0.5, run: 0.1 };

/** Two words of the question that stand side by side in it may stand so far apart in a passage. */
const pairDistance = 3;

/**
 * Reranks by words alone, in this process: the score that a hit has, and how much of the question stands in its title and headings, how many
 * of the question's neighbouring words stand close to each other in it in the same order, and how long a run of the question stands in it
 * word for word. Words count by how rare they are among the hits (the inverse document frequency of BM25). Function words and endings are
 * those of English; in other languages whole words are compared.
 *
 * Hits without scores, or not in the order of their scores, are taken by their places. Throws an `InputError` for options that cannot be meant.
 */
export function lexicalReranker(options: LexicalRerankerOptions = {}): Reranker {
  const { limit, weight = 1 } = options;
  if (!(Number.isFinite(weight) && weight >= 0)) throw new InputError(`${weight} is not 0 or more.`, { field: "weight" });
  if (limit !== undefined && !(Number.isInteger(limit) && limit >= 1))
    throw new InputError(`${limit} is not a whole number of at least 1.`, { field: "limit" });
  return async (question, hits, { signal } = {}) => {
    signal?.throwIfAborted();
    const own = ownScores(hits);
    const lexical = wordScores(question, hits);
    return hits
      .map((hit, i) => ({ hit, score: (own[i] as number) + weight * (lexical[i] as number) }))
      .sort((a, b) => b.score - a.score)
      .slice(0, limit)
      .map(({ hit }) => hit);
  };
}

/** From 0 for the last to 1 for the best. */
function ownScores(hits: readonly Source[]): number[] {
  const scores = hits.map((hit) => ("score" in hit ? Number(hit.score) : Number.NaN));
  const [most, least] = [scores[0] as number, scores.at(-1) as number];
  const falls = scores.every((score, i) => Number.isFinite(score) && score <= (scores[i - 1] ?? score));
  return hits.map((_, i) => {
    if (!falls || most === least) return 1 - i / hits.length;
    return ((scores[i] as number) - least) / (most - least);
  });
}

function wordScores(question: string, hits: readonly Source[]): number[] {
  const all = words(question);
  const content = all.filter(({ word }) => !isStopWord(word));
  const order = (content.length > 0 ? content : all).map(({ stem }) => stem);
  const said = all.map(({ stem }) => stem);
  const passages = hits.map((hit) => {
    const stems = words(hit.text).map(({ stem }) => stem);
    return { stems, there: new Set(stems), above: new Set(words(headingsOf(hit)).map(({ stem }) => stem)) };
  });
  const rarity = new Map(
    order.map((term) => {
      const holding = passages.filter(({ there, above }) => there.has(term) || above.has(term)).length;
      return [term, Math.log(1 + (passages.length - holding + 0.5) / (holding + 0.5))];
    }),
  );
  return passages.map(
    ({ stems, above }) =>
      signs.headings * share([...rarity], ([term]) => above.has(term)) +
      signs.pairs * pairs(order, stems, rarity) +
      (signs.run * Math.max(0, longestRun(said, stems) - 1)) / Math.max(1, said.length - 1),
  );
}

/** What weighs, as a share of the whole. */
function share<T>(weighed: readonly (readonly [T, number])[], counts: (one: readonly [T, number]) => boolean): number {
  const sum = (list: readonly (readonly [T, number])[]) => list.reduce((total, [, weight]) => total + weight, 0);
  return sum(weighed.filter(counts)) / (sum(weighed) || 1);
}

/** Share of the question's neighbouring words that stand close to each other in the passage, in the same order. */
function pairs(order: readonly string[], stems: readonly string[], rarity: ReadonlyMap<string, number>): number {
  const places = new Map<string, number[]>();
  for (const [place, stem] of stems.entries()) {
    if (!rarity.has(stem)) continue;
    const list = places.get(stem);
    if (list === undefined) places.set(stem, [place]);
    else list.push(place);
  }
  const neighbours = order.slice(1).map((second, i) => {
    const first = order[i] as string;
    return [[first, second], (rarity.get(first) ?? 0) + (rarity.get(second) ?? 0)] as const;
  });
  return share(neighbours, ([[first, second]]) => {
    const seconds = places.get(second) ?? [];
    return (places.get(first) ?? []).some((a) => seconds.some((b) => b > a && b - a <= pairDistance));
  });
}

/** The longest run of the question's words, function words included, that stands in the passage. */
function longestRun(question: readonly string[], passage: readonly string[]): number {
  let longest = 0;
  let before: number[] = [];
  for (const stem of passage) {
    const runs = question.map((word, i) => (word === stem ? (before[i - 1] ?? 0) + 1 : 0));
    for (const run of runs) if (run > longest) longest = run;
    before = runs;
  }
  return longest;
}
