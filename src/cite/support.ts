// For a citation that came without a quote: which sentence of the source supports the claim best, and does it at all?
import { splitSentences } from "../util/sentences.ts";
import type { TextRange } from "../values.ts";
import { type QuoteMatch, quoteFinder } from "./quote.ts";
import { contentStems } from "./words.ts";

/** Share of a claim's content words (as stems) that a sentence must hold to count as `partial` support. */
const SUPPORT_SHARE = 0.5;

/**
 * Where a text supports a claim. `exact` and `normalised` only when the claim itself stands there (see `findQuote`); `partial` when one
 * sentence holds at least half of the claim's content words, and then `range` is that sentence, the first of the best; else `none`.
 */
export function findSupport(claim: string, text: string): QuoteMatch {
  return supportFinder(text)(claim);
}

/** `findSupport` for many claims on one text, whose sentences are read once. `find` is a `quoteFinder` of the same text. */
export function supportFinder(text: string, find = quoteFinder(text)): (claim: string) => QuoteMatch {
  let sentences: { range: TextRange; stems: Set<string> }[] | undefined;
  return (claim) => {
    const literal = find(claim.replace(/[.!?…]+$/, ""));
    if (literal.verified === "exact" || literal.verified === "normalised") return literal;
    sentences ??= splitSentences(text).map((range) => ({ range, stems: contentStems(text.slice(range.start, range.end)) }));
    const wanted = [...contentStems(claim)];
    let best: QuoteMatch = { verified: "none" };
    let most = 0;
    for (const { range, stems } of sentences) {
      const held = wanted.filter((word) => stems.has(word)).length;
      if (held > most && held >= wanted.length * SUPPORT_SHARE) {
        best = { verified: "partial", range };
        most = held;
      }
    }
    return best;
  };
}
