// From what a model said to checked citations: each quote is looked up in its source, and one shape comes out for every provider.
import type { Citation, Source, TextRange } from "../values.ts";
import { type QuoteMatch, quoteFinder } from "./quote.ts";
import { supportFinder } from "./support.ts";

/** A citation to be checked: from a mark (`RawCitation`), or from a provider that cites natively. */
export interface UncheckedCitation {
  /** 0-based place of the source. */
  index: number;
  /** Left out where the model gave none: then the sentence that supports the claim best is looked for. */
  quote?: string | undefined;
  /** The claim, in the answer's text. */
  textRange: TextRange;
  /** The words of the claim; needed where there is no quote. */
  claim?: string | undefined;
  /** Where in the source the provider says the quote stands. Believed only if it does. */
  sourceRange?: TextRange | undefined;
}

/** Checks all citations of an answer. Those whose `index` is not among the sources are left out. */
export function resolveCitations<S extends Source>(
  citations: readonly UncheckedCitation[],
  sources: readonly S[],
): Citation<S>[] {
  const resolve = citationResolver(sources);
  return citations.flatMap((citation) => resolve(citation) ?? []);
}

/**
 * The same one by one, for a stream: each source is prepared once, when it is first cited. Returns `undefined` for a
 * source that does not exist.
 */
export function citationResolver<S extends Source>(
  sources: readonly S[],
): (citation: UncheckedCitation) => Citation<S> | undefined {
  const finders = new Map<number, { quote: (quote: string) => QuoteMatch; claim: (claim: string) => QuoteMatch }>();
  return ({ index, quote, textRange, claim = "", sourceRange }) => {
    const source = sources[index];
    if (source === undefined) return undefined;
    let finder = finders.get(index);
    if (finder === undefined) {
      const find = quoteFinder(source.text);
      finder = { quote: find, claim: supportFinder(source.text, find) };
      finders.set(index, finder);
    }
    const match = placed(quote, sourceRange, source.text) ?? (quote ? finder.quote(quote) : finder.claim(claim));
    const found = match.range;
    return {
      source,
      index,
      quote: found === undefined ? (quote ?? "") : source.text.slice(found.start, found.end),
      verified: match.verified,
      textRange,
      ...(found !== undefined && { sourceRange: found }),
      ...(found !== undefined &&
        typeof source.start === "number" && {
          documentRange: { start: source.start + found.start, end: source.start + found.end },
        }),
    };
  };
}

function placed(quote: string | undefined, range: TextRange | undefined, text: string): QuoteMatch | undefined {
  if (!quote?.trim() || range === undefined || text.slice(range.start, range.end) !== quote) return undefined;
  const start = range.start + (quote.length - quote.trimStart().length);
  return { verified: "exact", range: { start, end: start + quote.trim().length } };
}
