// Passages given with more of their documents than was found, no text twice.
import type { Hit } from "../store/types.ts";
import type { Measure } from "../util/tokens.ts";

/** A hit, and the part of its document that is given for it. */
export interface Given<H extends Hit = Hit> {
  hit: H;
  text: string;
  start: number;
  end: number;
  tokens: number;
}

type Part = Pick<Given, "text" | "start" | "end">;

/** Chunkers repeat the end of a chunk at the start of the next: those that overlap are made one, in the place of the better. */
export function mergedOverlaps<H extends Hit>(given: readonly Given<H>[], measure: Measure): Given<H>[] {
  let all = [...given];
  for (const one of given) if (all.includes(one)) all = put(all, one, one, Number.POSITIVE_INFINITY, measure) ?? all;
  return all;
}

/** The best first, each in the longest of its contexts that there is room for. */
export function widened<H extends Hit>(given: readonly Given<H>[], maxTokens: number, measure: Measure): Given<H>[] {
  let all = [...given];
  for (const { hit } of given) {
    for (let level = hit.context; level !== undefined; level = level.narrower) {
      // What has become part of another is not there any more.
      const own = all.find((one) => one.hit === hit);
      if (own === undefined) break;
      const next = put(all, own, level, maxTokens, measure);
      if (next === undefined) continue;
      all = next;
      break;
    }
  }
  return all;
}

/**
 * The list with `own` given as `part`, together with all that this overlaps. Undefined where they are more than `maxTokens` together, or
 * cannot be put together.
 */
function put<H extends Hit>(
  all: readonly Given<H>[],
  own: Given<H>,
  part: Part,
  maxTokens: number,
  measure: Measure,
): Given<H>[] | undefined {
  if (isTooLong(part.text, maxTokens, measure)) return undefined;
  const joined = all.filter((other) => other === own || touches(other, own, part));
  const whole = union([part, ...joined.map(({ text, start, end }) => ({ text, start, end }))]);
  if (whole === undefined) return undefined;
  const [best] = joined as [Given<H>];
  const next = { hit: best.hit, ...whole, tokens: whole.text === own.text ? own.tokens : measure(whole.text) };
  const result = all.filter((other) => other === best || !joined.includes(other)).map((other) => (other === best ? next : other));
  return result.reduce((sum, { tokens }) => sum + tokens, 0) <= maxTokens ? result : undefined;
}

/** A whole book is not measured to say that it is too long. */
function isTooLong(text: string, maxTokens: number, measure: Measure): boolean {
  const probe = 16 * maxTokens + 64;
  return text.length > probe && measure(text.slice(0, probe)) > maxTokens;
}

function touches(other: Given, own: Given, part: Part): boolean {
  return isSameDocument(other.hit, own.hit) && other.start < part.end && part.start < other.end;
}

function isSameDocument(a: Hit, b: Hit): boolean {
  if (a.chunk === undefined || b.chunk === undefined) return false;
  return a.document === b.document || (a.source !== undefined && a.source === b.source);
}

/** Overlapping parts of one text as one. Undefined where they are not what the text has there: chunks that were joined, or of an older text. */
function union(parts: readonly Part[]): Part | undefined {
  const [first, ...rest] = [...parts].sort((a, b) => a.start - b.start || b.end - a.end);
  let whole = first as Part;
  for (const { text, start, end } of rest) {
    if (end <= whole.end && holds(whole, { text, start, end })) continue;
    const overlap = whole.end - start;
    if (!isExact(whole) || !isExact({ text, start, end }) || !whole.text.endsWith(text.slice(0, overlap))) return undefined;
    whole = { text: whole.text + text.slice(overlap), start: whole.start, end };
  }
  return whole;
}

/** Whether a part that lies inside another stands there. Of chunks that were joined, the places are not known. */
function holds(whole: Part, { text, start }: Part): boolean {
  return isExact(whole) ? whole.text.startsWith(text, start - whole.start) : whole.text.includes(text);
}

function isExact({ text, start, end }: Part): boolean {
  return text.length === end - start;
}
