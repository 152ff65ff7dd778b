// Cuts a text into sentences by rule, keeping where each stands. Markdown's own lines (headings, list items, table rows) end a
// sentence too. It knows no language model and no dictionary, so abbreviations it has not heard of may cut one sentence in two.
import type { TextRange } from "../values.ts";

/**
 * The sentences of a text in order, without the white space around them. Together they hold every character that is not white space.
 * Nothing inside a code span (`a. B`) ends a sentence. Ranges count UTF-16 units.
 */
export function splitSentences(text: string): TextRange[] {
  const sentences: TextRange[] = [];
  for (const block of textBlocks(text)) {
    let start = block.start;
    for (const end of sentenceEnds(text.slice(block.start, block.end))) {
      pushTrimmed(sentences, text, start, block.start + end);
      start = block.start + end;
    }
    pushTrimmed(sentences, text, start, block.end);
  }
  return sentences;
}

/** A line that stands for itself in Markdown: heading, table row, rule, fence; a list item or a quotation begins one. */
const lineAlone = /^[ \t]*(#{1,6}[ \t]|\||(`{3,}|~{3,})|([-*_][ \t]*){3,}$|={3,}[ \t]*$)/;
const lineBegins = /^[ \t]*([-*+•][ \t]|\d{1,9}[.)][ \t]|>)/;

/** Runs of lines that belong together: paragraphs, list items with the lines that carry them on, single headings and rows. */
function textBlocks(text: string): TextRange[] {
  const blocks: TextRange[] = [];
  let open: TextRange | undefined;
  for (const match of text.matchAll(/[^\n]*(?:\n|$)/g)) {
    const line = match[0];
    if (line === "") break;
    const range = { start: match.index, end: match.index + line.length };
    const alone = lineAlone.test(line.trimEnd());
    if (line.trim() === "") open = undefined;
    else if (open === undefined || alone || lineBegins.test(line)) {
      blocks.push(range);
      open = alone ? undefined : range;
    } else open.end = range.end;
  }
  return blocks;
}

const terminator = /[.!?…]+["'”’)\]»*_]*(?=\s)|[。！？]+["'”’」』）]*/g;
const abbreviation =
  /^(mr|mrs|ms|dr|prof|sr|jr|st|vs|cf|e\.g|i\.e|eg|ie|fig|figs|no|nos|vol|pp|eds?|al|approx|dept|inc|ltd|co|corp|resp|viz|ca|sec|eq|ref|chap|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec|z\.b|d\.h|bzw|usw|ggf|vgl)$/i;
const starter = /^(the|a|an|it|its|in|on|this|these|that|those|he|she|they|we|you|i|but|and|if|when|as|for|however|there)\b/i;

/** Offsets in one block at which a sentence ends. */
function sentenceEnds(block: string): number[] {
  const text = block.replace(/(?<!`)(`+)(?!`)[^`\n]+\1(?!`)/g, (span) => "x".repeat(span.length));
  const ends: number[] = [];
  for (const match of text.matchAll(terminator)) {
    const end = match.index + match[0].length;
    const rest = text.slice(end, end + 40).trimStart();
    if (/^\p{Ll}/u.test(rest)) {
      // A masked code span looks like a word in small letters, and a sentence may well begin with one.
      if (block[end + text.slice(end, end + 40).search(/\S/)] !== "`") continue;
    }
    if (
      match[0].startsWith(".") &&
      !match[0].startsWith("..") &&
      isAbbreviated(text.slice(Math.max(0, match.index - 24), match.index), rest)
    )
      continue;
    ends.push(end);
  }
  return ends;
}

/** Whether the full stop after `before` belongs to the word: "Dr.", "J. Smith", "U.S. law", or the number of a list item. */
function isAbbreviated(before: string, rest: string): boolean {
  const token = /[\p{L}\p{N}.]*$/u.exec(before)?.[0] ?? "";
  if (token === "") return /(^|\s)\p{Lu}\s+$/u.test(before) && /^\p{Lu}/u.test(rest);
  if (/^\d{1,3}$/.test(token)) return before.trim() === token;
  if (abbreviation.test(token)) return true;
  return /^(\p{L}\.)*\p{Lu}$/u.test(token) && !starter.test(rest);
}

function pushTrimmed(into: TextRange[], text: string, start: number, end: number): void {
  while (start < end && /\s/.test(text[start]!)) start++;
  while (end > start && /\s/.test(text[end - 1]!)) end--;
  if (end > start) into.push({ start, end });
}
