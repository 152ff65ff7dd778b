// Reads citation marks out of a model's answer, whole or as it arrives: the text without the quotes, and what each mark cites.
import { splitSentences } from "../util/sentences.ts";
import type { TextRange } from "../values.ts";
import { type MarkerItem, matchMarker } from "./markers.ts";

/** What a mark says, before it is looked up. */
export interface RawCitation {
  /** 0-based place of the source: the mark's number less 1. */
  index: number;
  /** As the model wrote it; left out where the mark had none. */
  quote?: string;
  /** The claim: the sentence or clause of the clean text that stands before the mark. Empty where the mark has nothing before it. */
  textRange: TextRange;
  /** The words of the claim. */
  claim: string;
  /** The mark itself in the clean text, `[n]`. */
  markRange: TextRange;
}

/** The answer without the quotes in its marks, and its citations in order. */
export interface ParsedCitations {
  text: string;
  citations: RawCitation[];
}

/** A piece of the clean text, or a citation whose mark has just gone by. */
export type CitationEvent = { type: "text"; text: string } | { type: "citation"; citation: RawCitation };

/**
 * Parses a whole answer. `count` is the number of sources: a mark none of whose numbers is among them is left as it stands. Marks in
 * code (spans and fenced blocks), escaped ones (\[1]), links ([1](url)) and link definitions ([1]: url) are text.
 */
export function parseCitations(text: string, count: number): ParsedCitations {
  const parser = citationParser(count);
  const events = [...parser.push(text), ...parser.end()];
  return { text: parser.text(), citations: events.flatMap((event) => (event.type === "citation" ? [event.citation] : [])) };
}

/** The same for an answer that comes in pieces. However it is cut, all events together say what `parseCitations` says of the whole. */
export interface CitationParser {
  /** Takes the next piece. Holds back what may be the beginning of a mark or of code, and nothing else. */
  push(delta: string): CitationEvent[];
  /** Takes what was held back as it is. */
  end(): CitationEvent[];
  /** The clean text so far. */
  text(): string;
}

/** UTF-16 units a code span may have; a backtick that is not closed within them, on its line, is just a backtick. */
const SPAN_LENGTH = 300;

/** Starts a parser for one answer; `count` is the number of sources. */
export function citationParser(count: number): CitationParser {
  let pending = "";
  // The clean text lies in pieces: joined after each mark, a long answer would be copied as often as it has marks.
  const clean: string[] = [];
  let length = 0;
  /** What came since the last mark. */
  let segment = "";
  /** The backticks or tildes that opened the fenced block we are in. */
  let fence: string | undefined;
  let inLink = false;
  let lastClaim: Claim | undefined;

  /** What can be passed over at once. It ends with a line, since a line's beginning is looked at. */
  const plain = /[^\n\\`[\]【]+|\n/y;

  function add(text: string): CitationEvent {
    clean.push(text);
    length += text.length;
    return { type: "text", text };
  }

  function* scan(final: boolean): Generator<CitationEvent> {
    let at = 0;
    let sent = 0;
    const flush = function* (): Generator<CitationEvent> {
      if (at === sent) return;
      const text = pending.slice(sent, at);
      segment += text;
      sent = at;
      yield add(text);
    };
    while (at < pending.length) {
      const before = at === 0 ? clean.at(-1)?.at(-1) : pending[at - 1];
      const lineStart = before === undefined || before === "\n";
      if (lineStart && " \t>`~".includes(pending[at]!)) {
        const line = fenceLine(pending, at, final);
        if (line === "more") break;
        if (line !== undefined) {
          const opens = fence === undefined && !(line.run.startsWith("`") && line.info.includes("`"));
          const closes = fence?.[0] === line.run[0] && line.run.length >= (fence?.length ?? 0) && line.info.trim() === "";
          if (opens) fence = line.run;
          if (closes) fence = undefined;
          if (opens || closes) {
            at = line.end;
            continue;
          }
        }
      }
      const char = pending[at]!;
      if (fence !== undefined) {
        const newline = pending.indexOf("\n", at);
        at = newline === -1 ? pending.length : newline + 1;
        continue;
      }
      plain.lastIndex = at;
      if (inLink) {
        if (/[\s)]/.test(char)) inLink = false;
        at++;
      } else if (plain.test(pending)) {
        at = plain.lastIndex;
      } else if (char === "\\") {
        if (at + 1 >= pending.length && !final) break;
        at += 2;
      } else if (char === "`") {
        const span = codeSpan(pending, at);
        if (span === "more" && !final) break;
        at = span === "more" ? at + /^`+/.exec(pending.slice(at))![0].length : span;
      } else if (char === "]" && pending[at + 1] === undefined && !final) {
        break;
      } else if (char === "]" && pending[at + 1] === "(") {
        inLink = true;
        at += 2;
      } else if (char === "[" || char === "【") {
        const match = matchMarker(pending, at);
        if (match.found === "more" && !final) break;
        if (match.found !== "yes") {
          at++;
          continue;
        }
        const next = pending[match.end];
        if (next === undefined && !final) break;
        const cited = match.items.filter(({ number }) => number <= count);
        if (cited.length === 0 || next === "(" || (next === ":" && lineStart && char === "[")) {
          at = match.end - 1;
          continue;
        }
        yield* flush();
        yield* mark(match.items, cited);
        at = match.end;
        sent = at;
      } else {
        at++;
      }
    }
    at = Math.min(at, pending.length);
    yield* flush();
    pending = pending.slice(at);
  }

  function* mark(items: MarkerItem[], cited: MarkerItem[]): Generator<CitationEvent> {
    const claim = claimBefore(segment, length - segment.length) ??
      lastClaim ?? { textRange: { start: length, end: length }, claim: "" };
    lastClaim = claim;
    segment = "";
    const text = `[${items.map(({ number }) => number).join(", ")}]`;
    const markRange = { start: length, end: length + text.length };
    yield add(text);
    for (const { number, quote } of cited) {
      yield { type: "citation", citation: { index: number - 1, ...(quote !== undefined && { quote }), ...claim, markRange } };
    }
  }

  return {
    push(delta) {
      pending += delta;
      return [...scan(false)];
    },
    end: () => [...scan(true)],
    text: () => clean.join(""),
  };
}

/** The line at `at` when it may open or close a fenced block: its run of backticks or tildes, what follows, and where that ends. */
function fenceLine(text: string, at: number, final: boolean): { run: string; info: string; end: number } | "more" | undefined {
  const window = text.slice(at, at + SPAN_LENGTH);
  const complete = final || window.length === SPAN_LENGTH;
  const [whole, run] = /^[ \t>]*(`+|~+|)/.exec(window) as unknown as [string, string];
  if (whole.length === window.length && !complete) return "more";
  if (run.length < 3) return undefined;
  const newline = window.indexOf("\n");
  if (newline === -1 && !complete) return "more";
  const end = newline === -1 ? window.length : newline;
  return { run, info: window.slice(whole.length, end), end: at + end };
}

/** One past the end of the code span that opens at `at`, or past the run of backticks when it opens none. */
function codeSpan(text: string, at: number): number | "more" {
  const window = text.slice(at, at + SPAN_LENGTH);
  const run = /^`+/.exec(window)![0];
  if (at + run.length >= text.length) return "more";
  const lineEnd = window.indexOf("\n");
  const body = window.slice(run.length, lineEnd === -1 ? undefined : lineEnd);
  for (const close of body.matchAll(/`+/g)) {
    const end = close.index + close[0].length;
    // A run at the very end may go on.
    if (end === body.length && lineEnd === -1 && window.length < SPAN_LENGTH) return "more";
    if (close[0].length === run.length) return at + run.length + end;
  }
  return lineEnd === -1 && window.length < SPAN_LENGTH ? "more" : at + run.length;
}

type Claim = Pick<RawCitation, "textRange" | "claim">;

/**
 * The claim that a mark supports: the last sentence of the text since the mark before it, or what there is of one, without the list
 * bullet or the comma it begins with. `undefined` where that text has no words: then the mark supports what the one before it does.
 * @param at where `segment` begins in the clean text.
 */
function claimBefore(segment: string, at: number): Claim | undefined {
  const line = Array.from(segment.matchAll(/[^\n]+/g)).findLast(([text]) => hasWord(text));
  const sentence = line && splitSentences(line[0]).findLast(({ start, end }) => hasWord(line[0].slice(start, end)));
  if (sentence === undefined) return undefined;
  const text = line![0].slice(sentence.start, sentence.end);
  const lead = /^(?:[-*+•>|]\s+|#{1,6}\s+|\d{1,3}[.)]\s+|[\s,;:.!?)\]–—-]+)*/.exec(text)![0].length;
  const claim = hasWord(text.slice(lead)) ? text.slice(lead) : text;
  const end = at + line!.index + sentence.end;
  return { textRange: { start: end - claim.length, end }, claim };
}

function hasWord(text: string): boolean {
  return /[\p{L}\p{N}]/u.test(text);
}
