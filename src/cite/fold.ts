// Folds a text to what quotes are compared by, and keeps for each folded unit where it came from in the original.
import { invisible } from "./invisible.ts";

/** A folded text. `starts[i]` and `ends[i]` are the range of the original, in UTF-16 units, that unit `i` of `text` came from. */
export interface Folded {
  text: string;
  starts: number[];
  ends: number[];
}

/** What a hyphen at the end of a line means: part of the word ("well-\nknown"), or only a sign that it goes on ("exam-\nple"). */
export type LineHyphen = "keep" | "join";

/** Whether a text has a hyphen before a line break, so that both readings of it must be tried. */
export function hasLineHyphen(text: string): boolean {
  return /\p{L}[-‐]\s*\n/u.test(text);
}

const alternatives = {
  lineHyphen: String.raw`(?<=\p{L})[-‐][ \t]*\r?\n\s*(?=\p{L})`,
  dash: String.raw`\s*(?:--+|[‒–—―⸺⸻])\s*|\s+[-‐‑−](?=\s)\s+`,
  space: String.raw`\s+`,
  gone: String.raw`[\u00ad\u200c-\u200f]|${invisible}`,
  // Emphasis opens before a word and closes behind one; 10**9, 2*(3+4) and snake_case are left alone.
  mark: String.raw`\x60+|(?<=^|[\s(\[{"'“‘—–-])[*_]{1,6}(?=[^\s*_])|(?<=[^\s*_])[*_]{1,6}(?=[\s.,;:!?)\]}"'’”—–-]|$)`,
  // A character with its combining marks, or a Hangul syllable in parts.
  other: String.raw`[\u1100-\u11ff]+|[^][\p{M}]*`,
};
const piece = new RegExp(
  Object.entries(alternatives)
    .map(([name, source]) => `(?<${name}>${source})`)
    .join("|"),
  "gu",
);

/** Superscripts, subscripts and fractions: folding them would turn 10² into 102. */
const keepsShape = /[\u00b2\u00b3\u00b9\u00bc-\u00be\u2070-\u209f\u2150-\u215f\u2460-\u24ff]/;

/**
 * Folds white space to one space, quotation marks and dashes to `"`, `'` and `-`, case, compatibility forms (NFKC) and Markdown's marks
 * of emphasis and code; drops soft hyphens and invisible characters.
 */
export function fold(text: string, lineHyphen: LineHyphen = "keep"): Folded {
  const starts: number[] = [];
  const ends: number[] = [];
  let folded = "";
  for (const match of text.matchAll(piece)) {
    const replacement = foldPiece(match[0], match.groups as Record<string, string | undefined>, lineHyphen);
    folded += replacement;
    for (let i = 0; i < replacement.length; i++) {
      starts.push(match.index);
      ends.push(match.index + match[0].length);
    }
  }
  return { text: folded, starts, ends };
}

function foldPiece(original: string, groups: Record<string, string | undefined>, lineHyphen: LineHyphen): string {
  if (groups.lineHyphen !== undefined) return lineHyphen === "join" ? "" : "-";
  if (groups.dash !== undefined) return "-";
  if (groups.space !== undefined) return " ";
  if (groups.gone !== undefined || groups.mark !== undefined) return "";
  const code = original.charCodeAt(0);
  if (original.length === 1 && code < 128) return code >= 65 && code <= 90 ? original.toLowerCase() : original;
  if (/^[‘’‚‛′´ʼ]/.test(original)) return "'";
  if (/^[“”„‟″«»]/.test(original)) return '"';
  if (/^[‐‑−﹣－]/.test(original)) return "-";
  if (keepsShape.test(original)) return original;
  return original.normalize("NFKC").toLowerCase().normalize("NFKC").replaceAll("ς", "σ");
}
