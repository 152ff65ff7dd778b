// What of the hits goes to the model: near-equal ones once, with what is around them where there is room, and no more than a budget of tokens.
import { contentStems } from "../cite/words.ts";
import type { Hit } from "../store/types.ts";
import { approximateTokens, type Measure } from "../util/tokens.ts";
import { type Given, mergedOverlaps, widened } from "./widen.ts";

export interface FitOptions {
  /** Most tokens of all sources together. Default: 4,000. */
  maxTokens?: number;
  /** How tokens are counted. Default: an estimate. */
  measure?: Measure;
  /** Most hits that are taken. Default: all that fit. */
  limit?: number;
}

/** From this share of words in common, of the shorter one, two passages say the same. */
const alike = 0.9;

/**
 * The hits to answer from, in their order. The first is always among them. A hit that says the same as one before it is left out; one that is
 * too long for what is left is passed over.
 *
 * Then hits that have a `context` (the option of the search) are given with it, the best first, as long as there is room: with the longest that
 * fits, so with the whole document, else with the section, else with the neighbours. Text of a document that several hits lead to is given
 * once, with the best of them. `text`, `start` and `end` are then the context's, so that citations still tell the place in the document.
 */
export function fitSources<H extends Hit>(hits: readonly H[], options: FitOptions = {}): H[] {
  const { maxTokens = 4000, measure = approximateTokens, limit = hits.length } = options;
  const taken: { given: Given<H>; words: Set<string> }[] = [];
  let left = maxTokens;
  for (const hit of hits) {
    if (taken.length >= limit) break;
    const words = contentStems(hit.text);
    if (taken.some((other) => saysTheSame(words, other.words))) continue;
    const tokens = measure(hit.text);
    if (tokens > left && taken.length > 0) continue;
    taken.push({ given: { hit, text: hit.text, start: hit.start, end: hit.end, tokens }, words });
    left -= tokens;
  }
  const given = mergedOverlaps(
    taken.map((one) => one.given),
    measure,
  );
  return widened(given, maxTokens, measure).map(({ hit, text, start, end }) =>
    start === hit.start && end === hit.end ? hit : { ...hit, text, start, end },
  );
}

function saysTheSame(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  const [small, large] = a.size <= b.size ? [a, b] : [b, a];
  // Of two words, or of lengths far apart, nothing can be told.
  if (small.size < 5 || large.size > 2 * small.size) return false;
  let common = 0;
  for (const word of small) if (large.has(word)) common++;
  return common / small.size >= alike && common / large.size >= alike * alike;
}
