// The grammar of a citation mark in a model's answer: [1], [1, 3], [1-3], 【1】, [1 "quote"], [1: "quote", 2 "quote"].

/** One number of a mark, with the quote that came with it. */
export interface MarkerItem {
  /** As written: 1 is the first source. */
  number: number;
  quote?: string;
}

/** `more`: what there is may be the beginning of a mark. `end` is one past its closing bracket. */
export type MarkerMatch = { found: "yes"; items: MarkerItem[]; end: number } | { found: "no" } | { found: "more" };

/** UTF-16 units a mark may have; what is longer is text, so that a stream never holds back more than this. */
const MARKER_LENGTH = 1_000;

/** Which characters may close a quotation that a given one opens: models mix them. */
const closing: Record<string, string> = {
  '"': '"”',
  "“": '”"“',
  "„": '“”"',
  "”": '”"',
  "«": "»",
  "'": "'’",
  "‘": "’'",
  "「": "」",
  "『": "』",
};

/**
 * Reads the mark that begins at `text[at]`, a `[` or `【`. Whether it is one does not depend on what follows its closing bracket, and
 * once the answer is `yes` or `no`, more text does not change it.
 */
export function matchMarker(text: string, at: number): MarkerMatch {
  const window = text.slice(at, at + MARKER_LENGTH);
  const match = readMarker(window);
  if (match === "no" || (match === "more" && window.length === MARKER_LENGTH)) return { found: "no" };
  return match === "more" ? { found: "more" } : { found: "yes", items: match.value, end: at + match.end };
}

/** What was read and where it ends; or that it is something else; or that the text ends before it can be told. */
type Read<T> = { value: T; end: number } | "no" | "more";

function readMarker(text: string): Read<MarkerItem[]> {
  const items: MarkerItem[] = [];
  let i = 1;
  for (;;) {
    const number = readNumber(text, skipSpace(text, i));
    if (typeof number === "string") return number;
    if (text[number.end] === "†") return readDagger(text, number.end, number.value);
    const item: MarkerItem = { number: number.value };
    items.push(item);
    i = skipSpace(text, number.end);
    if (i >= text.length) return "more";
    if (text[i] === ":" || text[i] === ",") {
      const next = skipSpace(text, i + 1);
      if (next >= text.length) return "more";
      if (text[next]! in closing) i = next;
      else if (text[i] === ":") return "no";
    }
    if (text[i]! in closing) {
      const quote = readQuote(text, i);
      if (typeof quote === "string") return quote;
      item.quote = quote.value;
      i = skipSpace(text, quote.end);
    } else if (/[-–—]/.test(text[i]!)) {
      const to = readNumber(text, skipSpace(text, i + 1));
      if (typeof to === "string") return to;
      // [1-3]; of more than ten sources it is rather a span of years, pages or characters.
      if (to.value <= item.number || to.value - item.number > 9) return "no";
      for (let next = item.number + 1; next <= to.value; next++) items.push({ number: next });
      i = skipSpace(text, to.end);
    }
    if (i >= text.length) return "more";
    if (text[i] === "]" || text[i] === "】") return { value: items, end: i + 1 };
    if (text[i] !== "," && text[i] !== ";") return "no";
    i++;
  }
}

/** 1 to 9999, with a character behind it that tells it is complete. */
function readNumber(text: string, at: number): Read<number> {
  const digits = /^[0-9]*/.exec(text.slice(at, at + 5))![0];
  if (digits.length > 4 || digits.startsWith("0")) return "no";
  if (at + digits.length >= text.length) return "more";
  return digits === "" ? "no" : { value: Number(digits), end: at + digits.length };
}

/** 【1†source】, as one provider's models write it. */
function readDagger(text: string, at: number, number: number): Read<MarkerItem[]> {
  const end = text.slice(at).search(/[\]】\n]/);
  if (end === -1) return "more";
  return text[at + end] === "\n" ? "no" : { value: [{ number }], end: at + end + 1 };
}

/** A quotation ends where its closing character is followed by the end of the mark or by the next number; others belong to it. */
function readQuote(text: string, at: number): Read<string> {
  const ends = closing[text[at]!]!;
  const behind = /\s*(?:[\]】]|[,;]\s*(?:\d|$)|$)/y;
  for (let i = at + 1; i < text.length; i++) {
    if (text[i] === "\\") {
      i++;
      continue;
    }
    if (!ends.includes(text[i]!)) continue;
    behind.lastIndex = i + 1;
    const rest = behind.exec(text);
    if (rest === null) continue;
    if (!/[\]】\d]$/.test(rest[0])) return "more";
    return { value: text.slice(at + 1, i).replace(/\\(["'“”\\])/g, "$1"), end: i + 1 };
  }
  return "more";
}

function skipSpace(text: string, at: number): number {
  let i = at;
  while (i < text.length && /\s/.test(text[i]!)) i++;
  return i;
}
