// QED: questions with a paragraph of Wikipedia, and the sentence of it that supports the answer. No database.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { call } from "../../src/llm/call.ts";
import { extractive } from "../../src/llm/extractive.ts";
import { splitSentences } from "../../src/util/sentences.ts";
import { bestByBm25, overlaps } from "../../test/helpers/bm25.ts";
import { quick, report, say } from "../lib/report.ts";

export async function extracts(folder: string): Promise<void> {
  say("QED: the extractive model");
  const rows = (await readFile(join(folder, "citations/qed.jsonl"), "utf8"))
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line))
    .filter((row) => row.annotation?.selected_sentence)
    .slice(0, quick ? 20 : undefined);
  const ask = call({ model: extractive({ minCoverage: 0 }) }, (question: string, source: { text: string; title?: string }) => ({
    messages: question,
    sources: [source],
  }));
  const right = { titled: 0, bare: 0, bm25: 0 };
  for (const { question_text: question, paragraph_text: text, title_text: title, annotation } of rows) {
    const first = async (source: { text: string; title?: string }) => {
      const start = (await ask(question, source)).raw.passages[0]?.start;
      return start === undefined ? undefined : splitSentences(text).findLast((sentence) => sentence.start <= start);
    };
    if (overlaps(await first({ text, title }), annotation.selected_sentence)) right.titled++;
    if (overlaps(await first({ text }), annotation.selected_sentence)) right.bare++;
    if (overlaps(bestByBm25(question, text), annotation.selected_sentence)) right.bm25++;
  }
  const share = (count: number) => (count / rows.length).toFixed(3);
  for (const [name, count] of [
    ["with the title", right.titled],
    ["without", right.bare],
  ] as const) {
    report({
      measure: `QED, the first sentence supports the answer, ${name}, against BM25 over sentences`,
      value: count / right.bm25,
      unit: "×",
      bar: ">= 1",
      detail: `${share(count)} against ${share(right.bm25)} of ${rows.length}`,
    });
  }
}
