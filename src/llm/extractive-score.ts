// How well each sentence of the sources answers a question: words that match, weighed by how rare they are among the sentences, and by
// what else tells: words side by side, the heading and title above, the kind of answer asked for, the rank of the source.
import { contentStems, isStopWord, words } from "../cite/words.ts";
import { answerCue } from "./extractive-cues.ts";
import type { Candidate } from "./extractive-sentences.ts";

/** A candidate, where it stands, and how well it answers. */
export interface Scored {
  candidate: Candidate;
  /** Place of its source among those given, best first. */
  rank: number;
  /** Place among the candidates of its source. */
  position: number;
  /** What the answers are ordered by; comparable within one question. */
  score: number;
  /** Share of the question's words that the sentence or the headings above it hold, each weighed by 1 and its rarity; in [0, 1]. */
  coverage: number;
}

/** The sources' candidates, with the words of the title each source has. */
export interface ScoredSource {
  title: string;
  candidates: Candidate[];
}

/**
 * What each sign adds to the share of the question's words. Set by hand while looking at QED and the questions of chunking_evaluation
 * (see test/llm/extractive.test.ts): weights that were fitted to one half of them did worse on the other.
 */
const weights = { context: 1, nearby: 0.2, pairs: 0.1, cue: 0.35, lead: 0.2, rank: 0.1, long: 0.05 };

/** All candidates, the best first. Empty when the question has no words. */
export function scoreSentences(question: string, sources: readonly ScoredSource[]): Scored[] {
  const asked = [...contentStems(question)];
  const order = words(question)
    .filter(({ word }) => !isStopWord(word))
    .map(({ stem }) => stem);
  const texts = sources.map(({ candidates }) => candidates.map(({ text }) => words(text).map(({ stem }) => stem)));
  const sets = texts.map((sentences) => sentences.map((stems) => new Set(stems)));
  const total = sets.reduce((sum, sentences) => sum + sentences.length, 0);
  const all = sets.flat();
  const rarity = new Map(
    asked.map((term) => {
      const holding = all.filter((set) => set.has(term)).length;
      return [term, Math.log(1 + (total - holding + 0.5) / (holding + 0.5))];
    }),
  );
  const weigh = (has: (term: string) => boolean, least = 0) =>
    asked.reduce((sum, term) => sum + (has(term) ? least + rarity.get(term)! : 0), 0);
  const whole = weigh(() => true);
  // By rarity alone, words that nearly all sentences hold would count for nothing: a question about what the sources are about would seem foreign.
  const counted = weigh(() => true, 1);
  if (whole === 0) return [];
  const cue = answerCue(question);
  const length = all.reduce((sum, set) => sum + set.size, 0) / Math.max(1, total);

  const scored = sources.flatMap(({ title, candidates }, rank) =>
    candidates.map((candidate, position): Scored => {
      const set = sets[rank]![position]!;
      const above = contentStems(`${title} ${candidate.heading}`);
      const before = sets[rank]![position - 1];
      const own = weigh((term) => set.has(term)) / whole;
      const context = weigh((term) => !set.has(term) && above.has(term)) / whole;
      const nearby = weigh((term) => !set.has(term) && !above.has(term) && before?.has(term) === true) / whole;
      const score =
        own +
        weights.context * context +
        weights.nearby * nearby +
        weights.pairs * own * pairs(order, texts[rank]![position]!) +
        (cue?.test(without(candidate.text, asked)) ? weights.cue * Math.min(1, own + context) : 0) +
        (weights.lead / (1 + position)) * own +
        (weights.rank / (1 + rank)) * own -
        weights.long * Math.max(0, Math.log(set.size / length)) * own;
      const coverage = weigh((term) => set.has(term) || above.has(term), 1) / counted;
      return { candidate, rank, position, score: candidate.isHeading ? score * 0.3 : score, coverage };
    }),
  );
  return scored.sort((a, b) => b.score - a.score);
}

/** The text without the question's own words: what answers must be something new. */
function without(text: string, asked: readonly string[]): string {
  let rest = "";
  let at = 0;
  for (const { stem, start, end } of words(text)) {
    if (!asked.includes(stem)) continue;
    rest += `${text.slice(at, start)}_`;
    at = end;
  }
  return rest + text.slice(at);
}

/** Share of the question's neighbouring words that stand close to each other in the sentence, in the same order. */
function pairs(order: readonly string[], sentence: readonly string[]): number {
  if (order.length < 2) return 0;
  let close = 0;
  for (let i = 1; i < order.length; i++) {
    for (let at = sentence.indexOf(order[i - 1]!); at !== -1; at = sentence.indexOf(order[i - 1]!, at + 1)) {
      const next = sentence.indexOf(order[i]!, at + 1);
      if (next !== -1 && next - at <= 4) {
        close++;
        break;
      }
    }
  }
  return close / (order.length - 1);
}
