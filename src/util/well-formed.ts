// Is a text one that Postgres and a provider can take? Asked before anything is sent or written.
import { type InputPlace, InvalidTextError } from "../errors.ts";

/** With the `u` flag this matches only surrogates that are not part of a pair. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * Checks that a value is a text with something in it: a string, not white space alone, no NUL, no half of a surrogate pair.
 * Throws an `InvalidTextError` that tells the place and, in UTF-16 units from the start, the first offset at fault.
 */
export function checkText(text: unknown, place: InputPlace = {}): asserts text is string {
  if (typeof text !== "string") throw new InvalidTextError("not a string", place);
  if (!/\S/.test(text)) throw new InvalidTextError("empty", place);
  const nul = text.indexOf("\0");
  if (nul !== -1) throw new InvalidTextError("nul", { ...place, offset: nul });
  // Asked of every string of a load: many times quicker than the search for the place.
  if (text.isWellFormed()) return;
  throw new InvalidTextError("surrogate", { ...place, offset: text.search(LONE_SURROGATE) });
}
