// The sentences of a source that could be an answer: prose, list items and table rows, without Markdown's line marks. Front matter,
// headings, rules, link definitions and code blocks are not answers.
import { withoutInvisible } from "../cite/invisible.ts";
import { splitSentences } from "../util/sentences.ts";
import type { TextRange } from "../values.ts";

export interface Candidate {
  /** Where it stands in the source's text, without bullet, quotation mark or outer bars. */
  range: TextRange;
  /** As it is shown: on one line. */
  text: string;
  /** The heading it stands under; empty where there is none. */
  heading: string;
  /** Whether it is a heading itself. */
  isHeading: boolean;
}

const lead = /^(?:\s*(?:[-*+•]\s+(?:\[[ xX]\]\s+)?|\d{1,9}[.)]\s+|>\s?))+/;

/** The candidates of a source, in order. */
export function candidates(text: string): Candidate[] {
  const found: Candidate[] = [];
  const hidden = hiddenRanges(text);
  let heading = "";
  for (const range of splitSentences(text)) {
    if (hidden.some(({ start, end }) => range.start < end && range.end > start)) continue;
    const line = text.slice(range.start, range.end);
    if (!/[\p{L}\p{N}]/u.test(line) || /^\[[^\]]+\]:\s*\S+/.test(line)) continue;
    const mark = /^#{1,6}\s+/.exec(line);
    const row = /^\|.*\|$/s.test(line);
    const cut = mark?.[0].length ?? (row ? 1 : (lead.exec(line)?.[0].length ?? 0));
    const inner = line.slice(cut, row ? -1 : undefined);
    const start = range.start + cut + (inner.length - inner.trimStart().length);
    const end = start + inner.trim().length;
    if (end <= start) continue;
    const shown = shownText(text.slice(start, end), row);
    if (mark !== null) heading = shown;
    found.push({ range: { start, end }, text: shown, heading: mark === null ? heading : "", isHeading: mark !== null });
  }
  return found;
}

function shownText(text: string, row: boolean): string {
  const line = withoutInvisible(text)
    .replace(/\n[ \t]*>[ \t]?/g, " ")
    .replace(/\s+/g, " ");
  return row ? line.replace(/\s*(?<!\\)\|\s*/g, " | ") : line;
}

/** Front matter and fenced blocks; one that is not closed goes to the end. */
function hiddenRanges(text: string): TextRange[] {
  const ranges: TextRange[] = [];
  const front = /^---[ \t]*\n[\s\S]*?\n(?:---|\.\.\.)[ \t]*(?:\n|$)/.exec(text);
  if (front !== null) ranges.push({ start: 0, end: front[0].length });
  let open: { start: number; mark: string } | undefined;
  for (const line of text.matchAll(/^[ \t>]*(`{3,}|~{3,})([^\n]*)$/gm)) {
    const mark = line[1]!;
    if (open === undefined) open = { start: line.index, mark };
    else if (mark[0] === open.mark[0] && mark.length >= open.mark.length && line[2]!.trim() === "") {
      ranges.push({ start: open.start, end: line.index + line[0].length });
      open = undefined;
    }
  }
  if (open !== undefined) ranges.push({ start: open.start, end: text.length });
  return ranges;
}
