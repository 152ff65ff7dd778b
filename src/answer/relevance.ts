// How much the best of the hits has to do with the question, on scales that compare from one question to the next, as fused scores do not.
import { contentStems, words } from "../cite/words.ts";
import { InputError } from "../errors.ts";
import type { Source } from "../values.ts";
import { headingsOf } from "./rerank.ts";

export interface Relevance {
  /** The highest similarity by vector (`hit.scores.vector`): what is much and what is little depends on the embedder. Undefined where no hit tells it. */
  vector: number | undefined;
  /**
   * Share of the question's words that carry meaning which the passage that holds most of them holds, with its title and headings; 0 to 1. A word
   * weighs 1 and its rarity among the passages (the inverse document frequency of BM25), so that a name that none of them holds counts for more
   * than a word that all do. It goes by words: of a question in another language than its passages nothing can be told.
   */
  coverage: number;
}

/** Least values; those left out do not count. */
export interface Threshold {
  vector?: number | undefined;
  coverage?: number | undefined;
}

/** How relevant the best of the hits are. Of several wordings of the question, the best counts. */
export function relevance(question: string | readonly string[], hits: readonly Source[]): Relevance {
  const similarities = hits.flatMap((hit) => {
    const scores = "scores" in hit ? (hit.scores as { vector?: unknown } | undefined) : undefined;
    return typeof scores?.vector === "number" ? scores.vector : [];
  });
  const passages = hits.map((hit) => new Set(words(`${headingsOf(hit)}\n${hit.text}`).map(({ stem }) => stem)));
  const questions = typeof question === "string" ? [question] : question;
  return {
    vector: similarities.length > 0 ? Math.max(...similarities) : undefined,
    coverage: Math.max(0, ...questions.map((each) => coverage(each, passages))),
  };
}

/** Whether it reaches each of the least values. */
export function reaches(found: Relevance, { vector, coverage }: Threshold): boolean {
  return (vector === undefined || (found.vector ?? Number.NEGATIVE_INFINITY) >= vector) && found.coverage >= (coverage ?? 0);
}

/** @throws InputError */
export function checkThreshold({ vector, coverage = 0 }: Threshold): void {
  if (vector !== undefined && !Number.isFinite(vector))
    throw new InputError(`${vector} is not a similarity.`, { field: "threshold.vector" });
  if (!(coverage >= 0 && coverage <= 1))
    throw new InputError(`${coverage} is not between 0 and 1.`, { field: "threshold.coverage" });
}

function coverage(question: string, passages: readonly ReadonlySet<string>[]): number {
  const weights = [...contentStems(question)].map((term) => {
    const holding = passages.filter((passage) => passage.has(term)).length;
    return [term, 1 + Math.log(1 + (passages.length - holding + 0.5) / (holding + 0.5))] as const;
  });
  const whole = weights.reduce((sum, [, weight]) => sum + weight, 0);
  const held = passages.map((passage) => weights.reduce((sum, [term, weight]) => sum + (passage.has(term) ? weight : 0), 0));
  return whole === 0 ? 0 : Math.max(0, ...held) / whole;
}
