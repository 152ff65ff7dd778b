// From a range of text to pieces that fit, and from pieces to chunks filled as far as they may be.
import { boundaryAfter, boundaryBefore } from "./graphemes.ts";
import { type Fits, type Limits, largest, ruler, type Span } from "./options.ts";
import { type Cutter, overlapCutters, proseCutters, trim, wordEnd } from "./text.ts";

/** A text with the ruler to cut it by. */
export interface Splitter {
  readonly text: string;
  readonly limits: Limits;
  readonly fits: Fits;
}

export function splitter(text: string, limits: Limits): Splitter {
  return { text, limits, fits: ruler(text, limits) };
}

/**
 * Pieces of a range, in order, each of which fits, trimmed, and together all of it but white space. A part that fits is not cut.
 * @param lead Where the first piece starts, when it is to take something before `start` with it, such as a heading.
 */
export function pieces(on: Splitter, start: number, end: number, lead = start, levels: readonly Cutter[] = proseCutters): Span[] {
  const { text, fits } = on;
  const inner = trim(text, start, end);
  if (inner === undefined) return [];
  const from = lead < start ? lead : inner.start;
  if (fits(from, inner.end)) return [{ start: from, end: inner.end }];
  const [cutter, ...finer] = levels;
  if (cutter === undefined) return hardPieces(on, inner, from);
  const bounds = [inner.start, ...cutter(text, inner.start, inner.end), inner.end];
  const out: Span[] = [];
  for (let i = 1; i < bounds.length; i++) {
    for (const piece of pieces(on, bounds[i - 1]!, bounds[i]!, i === 1 ? from : undefined, finer)) out.push(piece);
  }
  return out;
}

/** Cuts where there is no white space: by words that ICU's dictionaries know, else anywhere between characters. */
function hardPieces(on: Splitter, { start, end }: Span, lead: number): Span[] {
  const { text, fits } = on;
  const out: Span[] = [];
  let from = lead;
  let at = start;
  let guess = 256;
  while (at < end) {
    const first = Math.min(end, boundaryAfter(text, at));
    // What leads leaves no room for even one character.
    if (from < at && !fits(from, first)) {
      for (const piece of pieces(on, from, at)) out.push(piece);
      from = at;
    }
    const begin = from;
    const reach = largest(first, end, at + guess, (k) => {
      const boundary = boundaryBefore(text, k);
      return boundary <= first || fits(begin, boundary);
    });
    const boundary = Math.max(first, boundaryBefore(text, reach));
    const cut = boundary < end && boundary > first ? (wordEnd(text, at, boundary) ?? boundary) : boundary;
    // White space between marks that cling to it.
    const piece = trim(text, from, cut);
    if (piece !== undefined) out.push(piece);
    guess = boundary - at;
    at = cut;
    from = cut;
  }
  return out;
}

/** Joins consecutive pieces to chunks, each as full as it may be, with the overlap asked for. */
export function pack(on: Splitter, list: readonly Span[]): Span[] {
  const { fits } = on;
  const groups: [first: number, count: number][] = [];
  const starts: number[] = [];
  let guess = 1;
  for (let i = 0; i < list.length; ) {
    const piece = list[i]!;
    const start = i === 0 ? piece.start : overlapStart(on, starts.at(-1)!, list[i - 1]!.end, piece);
    const count = largest(1, list.length - i, guess, (k) => fits(start, list[i + k - 1]!.end));
    groups.push([i, count]);
    starts.push(start);
    guess = count;
    i += count;
  }
  levelTail(on, list, groups);
  return groups.map(([first, count], i) => {
    const end = list[first + count - 1]!.end;
    const moved = i > 0 && i === groups.length - 1;
    const start = moved ? overlapStart(on, starts[i - 1]!, list[first - 1]!.end, { start: list[first]!.start, end }) : starts[i]!;
    return { start, end };
  });
}

/** A short last chunk says little by itself: it is given pieces of the one before, up to half of what both have. */
function levelTail({ text, fits, limits }: Splitter, list: readonly Span[], groups: [first: number, count: number][]): void {
  const [before, last] = groups.slice(-2);
  if (before === undefined || last === undefined || before[1] === 1) return;
  const end = list.at(-1)!.end;
  if (!fits(list[last[0]]!.start, end, limits.size / 4)) return;
  const length = (from: number, to: number) => limits.measure(text.slice(from, to));
  const begin = list[before[0]]!.start;
  const moved = largest(0, before[1] - 1, 1, (k) => {
    const first = last[0] - k;
    return fits(list[first]!.start, end) && length(list[first]!.start, end) <= length(begin, list[first - 1]!.end);
  });
  before[1] -= moved;
  last[0] -= moved;
  last[1] += moved;
}

/** Where a chunk starts that repeats the end of the chunk before it: at a sentence or line, else at a word. */
function overlapStart({ text, fits, limits }: Splitter, start: number, end: number, next: Span): number {
  if (limits.overlap === 0) return next.start;
  const fine = (at: number) => at > start && fits(at, end, limits.overlap) && fits(at, next.end);
  for (const cutter of overlapCutters) {
    const cuts = cutter(text, start, end);
    const back = largest(0, cuts.length, 1, (k) => fine(cuts[cuts.length - k]!));
    if (back > 0) return cuts[cuts.length - back]!;
  }
  return next.start;
}
