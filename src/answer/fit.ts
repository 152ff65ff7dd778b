// What of the hits goes to the model: near-equal ones once, with the text around them where there is room, and no more than a budget of tokens.
import { contentStems } from "../cite/words.ts";
import type { Hit } from "../store/types.ts";
import { approximateTokens, type Measure } from "../util/tokens.ts";

export interface FitOptions {
  /** Most tokens of all sources together. Default: 4,000. */
  maxTokens?: number;
  /** How tokens are counted. Default: an estimate. */
  measure?: Measure;
  /** Most sources. Default: all that fit. */
  limit?: number;
}

/** From this share of words in common, of the shorter one, two passages say the same. */
const alike = 0.9;

/**
 * The hits to answer from, in their order. The first is always among them. A hit that says the same as one before it, or lies inside one, is left
 * out; one that is too long for what is left is passed over. Then hits that have a `context` (`neighbours` of the search) are given with it, the
 * best first, as long as there is room: `text`, `start` and `end` are the context's, so that citations still tell the place in the document.
 */
export function fitSources<H extends Hit>(hits: readonly H[], options: FitOptions = {}): H[] {
  const { maxTokens = 4000, measure = approximateTokens, limit = hits.length } = options;
  const taken: { hit: H; words: Set<string> }[] = [];
  let left = maxTokens;
  for (const hit of hits) {
    if (taken.length >= limit) break;
    const words = contentStems(hit.text);
    if (taken.some((other) => saysTheSame(words, other.words))) continue;
    const cost = measure(hit.text);
    if (cost > left && taken.length > 0) continue;
    taken.push({ hit, words });
    left -= cost;
  }
  const result: H[] = taken.map(({ hit }) => hit);
  for (const [i, hit] of result.entries()) {
    const { context } = hit;
    if (context === undefined || isGone(result, hit)) continue;
    const cost = measure(context.text) - measure(hit.text);
    if (cost > left) continue;
    left -= cost;
    result[i] = { ...hit, ...context };
  }
  return result.filter((hit) => !isGone(result, hit));
}

/** Whether the hit lies inside another of the same document, which was given with what is around it. */
function isGone<H extends Hit>(hits: readonly H[], hit: H): boolean {
  return hits.some(
    (other) =>
      other !== hit &&
      isSameDocument(other, hit) &&
      other.start <= hit.start &&
      other.end >= hit.end &&
      other.end - other.start > hit.end - hit.start,
  );
}

function isSameDocument(a: Hit, b: Hit): boolean {
  if (a.chunk === undefined || b.chunk === undefined) return false;
  return a.document === b.document || (a.source !== undefined && a.source === b.source);
}

function saysTheSame(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  const [small, large] = a.size <= b.size ? [a, b] : [b, a];
  // Of two words, or of lengths far apart, nothing can be told.
  if (small.size < 5 || large.size > 2 * small.size) return false;
  let common = 0;
  for (const word of small) if (large.has(word)) common++;
  return common / small.size >= alike && common / large.size >= alike * alike;
}
