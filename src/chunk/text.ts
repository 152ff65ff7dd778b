// Where a text may be cut: never inside a character as a reader sees it (grapheme cluster), best between paragraphs, then
// lines, sentences and words.
import { boundaryAfter, boundaryBefore, isBoundary } from "./graphemes.ts";
import type { Span } from "./options.ts";

// A fixed language, so that the same text gives the same chunks on every machine.
const sentences = new Intl.Segmenter("en", { granularity: "sentence" });
const words = new Intl.Segmenter("en", { granularity: "word" });

/** The range without white space at its ends; undefined when there is nothing else. */
export function trim(text: string, start: number, end: number): Span | undefined {
  let [from, to] = [start, end];
  while (from < to && isSpace(text, from)) from++;
  while (to > from && isSpace(text, to - 1)) to--;
  if (from === to) return undefined;
  // A combining mark may sit on a space, which then stays.
  return {
    start: Math.max(start, boundaryBefore(text, from)),
    end: isBoundary(text, to) ? to : Math.min(end, boundaryAfter(text, to)),
  };
}

function isSpace(text: string, at: number): boolean {
  return /\s/.test(text.charAt(at));
}

/** Finds the places strictly inside a range where the text may be cut in a certain way, in order. */
export type Cutter = (text: string, start: number, end: number) => number[];

/** Places behind every match of `pattern`, which takes in the white space behind it. */
const behind =
  (pattern: RegExp): Cutter =>
  (text, start, end) => {
    const cuts: number[] = [];
    for (const match of text.slice(start, end).matchAll(pattern)) {
      const at = boundaryBefore(text, start + match.index + match[0].length);
      if (at > (cuts.at(-1) ?? start) && at < end) cuts.push(at);
    }
    return cuts;
  };

const paragraphs = behind(/(?:\r\n?|\n)[^\S\r\n]*(?:(?:\r\n?|\n)[^\S\r\n]*)+/g);
const lines = behind(/(?:\r\n?|\n)\s*/g);
const spaces = behind(/\s+/g);

/** Lines, unless most of them go on with a small letter: then the text was wrapped, and its lines mean nothing. */
const proseLines: Cutter = (text, start, end) => {
  const cuts = lines(text, start, end);
  const wrapped = cuts.filter((at) => /\p{Ll}/u.test(text.charAt(at)));
  return wrapped.length > cuts.length / 2 ? [] : cuts;
};

/** How much ICU is shown at once: what it takes for one sentence is in proportion to the whole text it was given. */
const WINDOW = 2_048;

/** Where the sentences of a text start. */
function starts(text: string): number[] {
  const out: number[] = [];
  let length = WINDOW;
  for (let at = 0; at < text.length; ) {
    const whole = at + length >= text.length;
    const found = Array.from(sentences.segment(text.slice(at, at + length)), ({ index }) => at + index);
    const last = found.at(-1) ?? at;
    // The last one may go on behind the window, and is read again with what follows.
    if (!whole && last === at) {
      length *= 2;
      continue;
    }
    for (const start of whole ? found : found.slice(0, -1)) out.push(start);
    at = whole ? text.length : last;
    length = WINDOW;
  }
  return out;
}

const sentenceEnds: Cutter = (text, start, end) => {
  // A line that is wrapped does not end a sentence.
  const unwrapped = text.slice(start, end).replace(/[\r\n\u0085\u2028\u2029]/g, " ");
  return starts(unwrapped)
    .map((index) => start + index)
    .filter((at) => at > start && isBoundary(text, at));
};

/** Ends of sentences that are ends of lines too. */
const sentenceLines: Cutter = (text, start, end) => {
  const ends = new Set(sentenceEnds(text, start, end));
  return lines(text, start, end).filter((at) => ends.has(at));
};

/** How prose is cut, best first. What is still too long after the last has no white space in it. */
export const proseCutters: readonly Cutter[] = [paragraphs, sentenceLines, proseLines, sentenceEnds, spaces];

/** How code and tables are cut, where a full stop means little. */
export const codeCutters: readonly Cutter[] = [paragraphs, lines, spaces];

/** Where a repeated end may start, best first. */
export const overlapCutters: readonly Cutter[] = [sentenceEnds, lines, spaces];

/** The last end of a word shortly before the end of a range without white space, such as Chinese or a long identifier. */
export function wordEnd(text: string, start: number, end: number): number | undefined {
  const from = boundaryBefore(text, Math.max(start + ((end - start) >> 1), end - 256));
  let found: number | undefined;
  // A little of what follows shows whether the last word ends here.
  for (const { index } of words.segment(text.slice(from, end + 32))) {
    const at = from + index;
    if (at > end) break;
    if (at > from && at > start && isBoundary(text, at)) found = at;
  }
  return found;
}
