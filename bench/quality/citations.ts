// Marks and quotes of real answers and paragraphs: marks are read, true quotes found, and quotes with a word changed are not. No database.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseCitations } from "../../src/cite/parse.ts";
import { quoteFinder } from "../../src/cite/quote.ts";
import { splitSentences } from "../../src/util/sentences.ts";
import { quick, report, say } from "../lib/report.ts";
import { random } from "../lib/vectors.ts";

export async function citations(folder: string): Promise<void> {
  say("citations: marks and quotes");
  const lines = async (file: string) =>
    (await readFile(join(folder, "citations", file), "utf8"))
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line))
      .slice(0, quick ? 20 : undefined);
  const answers = (await lines("expertqa.jsonl")).flatMap(({ answers }) => Object.values(answers)) as Answer[];
  marks(answers.map(({ answer_string }) => answer_string));
  quotes(
    "expertqa",
    answers.flatMap(({ claims }) => claims.flatMap(({ evidence }) => evidence.map(withoutAddress))),
  );
  quotes(
    "qed",
    (await lines("qed.jsonl")).map(({ paragraph_text }) => paragraph_text as string),
  );
}

interface Answer {
  answer_string: string;
  claims: { evidence: string[] }[];
}

/** Evidence begins with its number and address. */
function withoutAddress(evidence: string): string {
  return evidence.replace(/^\[\d+\]\s*\S+\s*/, "");
}

function marks(texts: readonly string[]): void {
  let written = 0;
  let resolved = 0;
  for (const text of texts) {
    const numbers = [...text.matchAll(/\[(\d{1,4}(?:\s*,\s*\d{1,4})*)\](?!\(|:)/g)].flatMap(([, list = ""]) =>
      list.split(",").map(Number),
    );
    const cited = parseCitations(text, 9999).citations.map(({ index }) => index + 1);
    written += numbers.length;
    for (const [i, number] of numbers.entries()) if (cited[i] === number) resolved++;
  }
  report({
    measure: "expertqa, marks of answers resolved",
    value: resolved / written,
    unit: "of all",
    bar: ">= 1",
    detail: `${written} marks`,
  });
}

function quotes(name: string, texts: readonly string[]): void {
  const next = random(1);
  let [asked, found, changed, rejected] = [0, 0, 0, 0];
  for (const text of new Set(texts)) {
    const find = quoteFinder(text);
    const sentences = splitSentences(text).filter(({ start, end }) => end - start > 20 && end - start < 600);
    for (let n = 0; n < Math.min(3, sentences.length); n++) {
      const { start, end } = sentences[Math.floor(next() * sentences.length)] as { start: number; end: number };
      const quote = text.slice(start, end);
      const told = disguises[asked % disguises.length]?.(quote) as string;
      asked++;
      if (["exact", "normalised"].includes(find(told).verified)) found++;
      const false_ = withWordChanged(quote, next);
      if (false_ === undefined || text.includes(false_)) continue;
      changed++;
      if (!["exact", "normalised"].includes(find(false_).verified)) rejected++;
    }
  }
  report({
    measure: `${name}, true quotes found`,
    value: found / asked,
    unit: "of all",
    bar: ">= 0.995",
    detail: `${asked} quotes`,
  });
  report({
    measure: `${name}, quotes with a word changed rejected`,
    value: rejected / changed,
    unit: "of all",
    bar: ">= 0.995",
    detail: `${changed} quotes`,
  });
}

/** What models do to a quote that is true all the same. */
const disguises: ((quote: string) => string)[] = [
  (quote) => quote,
  (quote) => quote.replace(/\s+/g, " "),
  (quote) => quote.replaceAll('"', "”").replaceAll("'", "’"),
  (quote) => quote.toLowerCase(),
  (quote) => quote.replace(/[.!?]\s*$/, ""),
];

function withWordChanged(quote: string, next: () => number): string | undefined {
  const words = [...quote.matchAll(/\p{L}{4,}/gu)];
  const word = words[Math.floor(next() * words.length)];
  if (word === undefined) return undefined;
  return `${quote.slice(0, word.index)}${word[0].toLowerCase() === "zebra" ? "giraffe" : "zebra"}${quote.slice(word.index + word[0].length)}`;
}
