// Looks a quote up in its source: literally, then folded, then in part. Nothing that differs by a word counts as found.
import type { TextRange, Verification } from "../values.ts";
import { type Folded, fold, hasLineHyphen, type LineHyphen } from "./fold.ts";

/** How well a quote was found; `range` is where it stands in the source, in UTF-16 units, and left out for `none`. */
export interface QuoteMatch {
  verified: Verification;
  range?: TextRange;
}

/** Share of a quote's words that must stand in the source in one run for the quote to be `partial`; 3 words at least. */
export const PARTIAL_SHARE = 0.5;
const PARTIAL_WORDS = 3;

/**
 * Looks for a quote in a text.
 *
 * `exact`: it stands there character by character, and neither end cuts a word or a number in two. `normalised`: it does after `fold`,
 * with white space and punctuation at the quote's ends set aside. `partial`: the longest run of its words that stands in the text has at
 * least 3 words and half of the quote's. Otherwise `none`. Where it stands several times, the first counts.
 */
export function findQuote(quote: string, text: string): QuoteMatch {
  return quoteFinder(text)(quote);
}

/** `findQuote` for many quotes of one text: the text is folded once, when a quote first needs it. */
export function quoteFinder(text: string): (quote: string) => QuoteMatch {
  const folds = new Map<LineHyphen, Folded>();
  const folded = (hyphen: LineHyphen): Folded => {
    const known = folds.get(hyphen) ?? fold(text, hyphen);
    folds.set(hyphen, known);
    return known;
  };
  const readings: LineHyphen[] = hasLineHyphen(text) ? ["join", "keep"] : ["keep"];
  return (quote) => {
    const trimmed = quote.trim();
    if (!/[\p{L}\p{N}\p{S}]/u.test(trimmed)) return { verified: "none" };
    const at = wholeWordIndex(text, trimmed);
    if (at !== -1) return { verified: "exact", range: { start: at, end: at + trimmed.length } };
    // A quote copied with its line breaks may itself hold such a hyphen.
    for (const hyphen of hasLineHyphen(quote) ? (["join", "keep"] as const) : readings) {
      const needle = trimEdges(fold(quote, hyphen).text);
      const index = needle === "" ? -1 : wholeWordIndex(folded(hyphen).text, needle);
      if (index !== -1) return { verified: "normalised", range: originalRange(folded(hyphen), index, index + needle.length) };
    }
    return longestRun(quote, folded(readings[0]!));
  };
}

/** First place where `needle` stands in `text` with no word or number cut at either end; -1 where there is none. */
function wholeWordIndex(text: string, needle: string): number {
  for (let at = text.indexOf(needle); at !== -1; at = text.indexOf(needle, at + 1)) {
    if (!cutsWord(text, at, "before") && !cutsWord(text, at + needle.length, "after")) return at;
  }
  return -1;
}

const spaceless = String.raw`\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}`;
const wordChar = `(?![${spaceless}])[\\p{L}\\p{N}\\p{M}_]`;
const insideWord = new RegExp(`${wordChar}$`, "u");
const beginsWord = new RegExp(`^${wordChar}`, "u");

/** Whether the edge at `at` runs through a word ("the|re"), a number ("1|.5", "1,|000") or parts a number from its sign ("-|5"). */
function cutsWord(text: string, at: number, side: "before" | "after"): boolean {
  const left = text.slice(Math.max(0, at - 4), at);
  const right = text.slice(at, at + 4);
  if (insideWord.test(left) && beginsWord.test(right)) return true;
  if (side === "before")
    return (/\d[.,]$/.test(left) && /^\d/.test(right)) || (/(^|[\s(])[-−+]$/.test(left) && /^[\d.]/.test(right));
  return /\d$/.test(left) && /^[.,]\d/.test(right);
}

function trimEdges(folded: string): string {
  return folded.replace(/^[\s"'.,;:!?]+(?=.)|[\s"'.,;:!?]+$/g, "");
}

function originalRange({ starts, ends }: Folded, start: number, end: number): TextRange {
  return { start: starts[start]!, end: ends[end - 1]! };
}

interface Token {
  word: string;
  start: number;
  end: number;
}

function tokens(folded: string): Token[] {
  return Array.from(folded.matchAll(/[\p{L}\p{N}\p{M}_]+(?:[.,]\d+)*/gu), (m) => ({
    word: m[0],
    start: m.index,
    end: m.index + m[0].length,
  }));
}

/** The longest run of the quote's words in the source, by dynamic programming over both; long quotes are cut at 300 words. */
function longestRun(quote: string, source: Folded): QuoteMatch {
  const wanted = tokens(fold(quote).text).slice(0, 300);
  const present = tokens(source.text);
  let best = { length: 0, end: 0 };
  let previous = new Uint16Array(wanted.length + 1);
  let current = new Uint16Array(wanted.length + 1);
  for (let i = 0; i < present.length; i++) {
    for (let j = 0; j < wanted.length; j++) {
      const run = present[i]!.word === wanted[j]!.word ? previous[j]! + 1 : 0;
      current[j + 1] = run;
      if (run > best.length) best = { length: run, end: i };
    }
    [previous, current] = [current, previous];
  }
  if (best.length < PARTIAL_WORDS || best.length < wanted.length * PARTIAL_SHARE) return { verified: "none" };
  const first = present[best.end - best.length + 1]!;
  return { verified: "partial", range: originalRange(source, first.start, present[best.end]!.end) };
}
