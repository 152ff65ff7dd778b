// Where a text may be cut: never inside a character as a reader sees it (grapheme cluster), best between paragraphs, then
// lines, sentences and words.
import type { Span } from "./options.ts";

// A fixed language, so that the same text gives the same chunks on every machine.
const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });
const sentences = new Intl.Segmenter("en", { granularity: "sentence" });
const words = new Intl.Segmenter("en", { granularity: "word" });

/** A text that knows its characters. Offsets are UTF-16 units. */
export interface Cuttable {
  readonly text: string;
  /** Whether the text may be cut before this unit: not within a grapheme cluster. */
  isBoundary(at: number): boolean;
  /** The last place at or before `at` where the text may be cut. */
  boundaryBefore(at: number): number;
  /** The first place behind `at` where the text may be cut. */
  boundaryAfter(at: number): number;
  /** The range without white space at its ends; undefined when there is nothing else. */
  trim(start: number, end: number): Span | undefined;
}

export function cuttable(text: string): Cuttable {
  const clusters = graphemes.segment(text);
  const isBoundary = (at: number) => {
    if (at <= 0 || at >= text.length) return true;
    const before = text.charCodeAt(at - 1);
    const behind = text.charCodeAt(at);
    // Below the combining marks only CR and LF hold together, and asking ICU costs a microsecond.
    if (before < 0x300 && behind < 0x300) return !(before === 13 && behind === 10);
    return clusters.containing(at)?.index === at;
  };
  const isSpace = (at: number) => /\s/.test(text.charAt(at));
  return {
    text,
    isBoundary,
    boundaryBefore: (at) => (isBoundary(at) ? at : (clusters.containing(at)?.index ?? at)),
    boundaryAfter(at) {
      const cluster = clusters.containing(at);
      return cluster === undefined ? text.length : cluster.index + cluster.segment.length;
    },
    trim(start, end) {
      let [from, to] = [start, end];
      while (from < to && isSpace(from)) from++;
      while (to > from && isSpace(to - 1)) to--;
      if (from === to) return undefined;
      // A combining mark may sit on a space, which then stays.
      while (from > start && !isBoundary(from)) from--;
      while (to < end && !isBoundary(to)) to++;
      return { start: from, end: to };
    },
  };
}

/** Finds the places strictly inside a range where the text may be cut in a certain way, in order. */
export type Cutter = (source: Cuttable, start: number, end: number) => number[];

/** Places behind every match of `pattern`, which takes in the white space behind it. */
const behind =
  (pattern: RegExp): Cutter =>
  (source, start, end) => {
    const cuts: number[] = [];
    for (const match of source.text.slice(start, end).matchAll(pattern)) {
      const at = start + match.index + match[0].length;
      if (at > start && at < end && source.isBoundary(at)) cuts.push(at);
    }
    return cuts;
  };

const paragraphs = behind(/(?:\r\n?|\n)[^\S\r\n]*(?:(?:\r\n?|\n)[^\S\r\n]*)+/g);
const lines = behind(/(?:\r\n?|\n)\s*/g);
const spaces = behind(/\s+/g);

const sentenceEnds: Cutter = (source, start, end) => {
  // A line that is wrapped does not end a sentence.
  const unwrapped = source.text.slice(start, end).replace(/[\r\n\u0085\u2028\u2029]/g, " ");
  const cuts: number[] = [];
  for (const { index } of sentences.segment(unwrapped)) {
    if (index > 0 && source.isBoundary(start + index)) cuts.push(start + index);
  }
  return cuts;
};

/** Ends of sentences that are ends of lines too. */
const sentenceLines: Cutter = (source, start, end) => {
  const ends = new Set(sentenceEnds(source, start, end));
  return lines(source, start, end).filter((at) => ends.has(at));
};

/** How prose is cut, best first. What is still too long after the last has no white space in it. */
export const proseCutters: readonly Cutter[] = [paragraphs, sentenceLines, lines, sentenceEnds, spaces];

/** How code and tables are cut, where a full stop means little. */
export const codeCutters: readonly Cutter[] = [paragraphs, lines, spaces];

/** Where a repeated end may start, best first. */
export const overlapCutters: readonly Cutter[] = [sentenceEnds, lines, spaces];

/** The last end of a word in the second half of a range without white space, such as Chinese or a long identifier; else undefined. */
export function wordEnd(source: Cuttable, start: number, end: number): number | undefined {
  const from = start + ((end - start) >> 1);
  let found: number | undefined;
  // A little of what follows shows whether the last word ends here.
  for (const { index } of words.segment(source.text.slice(start, end + 32))) {
    const at = start + index;
    if (at > end) break;
    if (at > from && source.isBoundary(at)) found = at;
  }
  return found;
}
