// Where the characters a reader sees (grapheme clusters) begin and end. ICU knows; but since it takes time in proportion to the
// text for each question, it is shown only the few characters around the place.

const clusters = new Intl.Segmenter("en", { granularity: "grapheme" });

/** How far back, in UTF-16 units, a place is looked for that is certainly between two characters. */
const FARTHEST = 4_096;

/** Code points that neither join what is before them nor what is behind them, as long as both sides are of them. */
const plain: readonly (readonly [from: number, to: number])[] = [
  [0x20, 0x2ff], // Latin
  [0x391, 0x3ff], // Greek
  [0x400, 0x482], // Cyrillic
  [0x48a, 0x52f],
  [0x5d0, 0x5ea], // Hebrew
  [0x620, 0x64a], // Arabic
  [0x915, 0x939], // Devanagari
  [0xe01, 0xe2e], // Thai
  [0x2010, 0x2027], // typographic punctuation
  [0x3000, 0x3029], // kana and Han
  [0x3041, 0x3096],
  [0x30a1, 0x30fa],
  [0x3400, 0x9fff],
  [0xac00, 0xd7a3], // Hangul
  [0x1f300, 0x1f3fa], // emoji
  [0x1f400, 0x1faff],
  [0x20000, 0x3ffff],
];

/** Marks on what is before them that join nothing behind them. */
const marks: typeof plain = [
  [0x300, 0x36f],
  [0x64b, 0x65f], // Arabic
  [0x93e, 0x94c], // Devanagari
  [0xe30, 0xe4e], // Thai
];

/** Whether the text may be cut before the unit at `at`. */
export function isBoundary(text: string, at: number): boolean {
  return at <= 0 || at >= text.length || isCertain(text, at) || clusterAt(text, at).start === at;
}

/** The last place at or before `at` where the text may be cut. */
export function boundaryBefore(text: string, at: number): number {
  return isBoundary(text, at) ? at : clusterAt(text, at).start;
}

/** The first place behind `at` where the text may be cut. */
export function boundaryAfter(text: string, at: number): number {
  return clusterAt(text, at).end;
}

/** The character that holds the unit at `at`. */
function clusterAt(text: string, at: number): { start: number; end: number } {
  let from = at;
  const limit = Math.max(0, at - FARTHEST);
  while (from > limit && !isCertain(text, from)) from--;
  if (isLow(text.charCodeAt(from)) && isHigh(text.charCodeAt(from - 1))) from--;
  for (let length = at - from + 16; ; length *= 4) {
    const found = clusters.segment(text.slice(from, from + length)).containing(at - from);
    if (found === undefined) return { start: text.length, end: text.length };
    const end = from + found.index + found.segment.length;
    // One that goes on to the end of the window may go on behind it.
    if (found.index + found.segment.length < length - 1 || end >= text.length) return { start: from + found.index, end };
  }
}

/** Whether it is plain without ICU that the text may be cut before the unit at `at`. */
function isCertain(text: string, at: number): boolean {
  const [before, behind] = [text.charCodeAt(at - 1), text.charCodeAt(at)];
  if (before === 10) return true;
  if (before === 13) return behind !== 10;
  if (behind === 10 || behind === 13) return true;
  const first = isLow(before) ? (text.codePointAt(at - 2) ?? 0) : before;
  return isAmong(plain, text.codePointAt(at) ?? 0) && (isAmong(plain, first) || isAmong(marks, first));
}

function isAmong(ranges: typeof plain, codePoint: number): boolean {
  for (const [from, to] of ranges) if (codePoint <= to) return codePoint >= from;
  return false;
}

function isHigh(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00;
}

function isLow(unit: number): boolean {
  return unit >= 0xdc00 && unit < 0xe000;
}
