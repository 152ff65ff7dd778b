// Passages of long documents (chunking_evaluation) and paragraphs of Wikipedia (QED), by the offline default: what reranking by words gains, and
// whether the extractive model picks a sentence that answers from eight passages.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { eq } from "drizzle-orm";
import type { Database } from "../../src/db/database.ts";
import { migrate } from "../../src/db/migrate.ts";
import { hashingEmbedder } from "../../src/embed/hashing.ts";
import type { JudgedQuery } from "../../src/eval/judgments.ts";
import { call } from "../../src/llm/call.ts";
import { extractive } from "../../src/llm/extractive.ts";
import { collection } from "../../src/store/collection.ts";
import { chunks } from "../../src/table/ready.ts";
import type { Source } from "../../src/values.ts";
import { bestByBm25, overlaps } from "../../test/helpers/bm25.ts";
import { jsonLines } from "../lib/json-lines.ts";
import { quick, report, say } from "../lib/report.ts";
import { reranked } from "./reranking.ts";

export async function passages(db: Database, folder: string, on: string): Promise<void> {
  await migrate(db);
  const docs = collection(db, { embedder: hashingEmbedder() });
  const lines = <T>(file: string) => jsonLines<T>(join(folder, file));
  const search = (question: string) => docs.search(question, { limit: 40 });

  say(`chunking_evaluation on ${on}`);
  await docs.delete({ all: true });
  const asked = await lines<LongQuestion>("chunking/questions.jsonl");
  const cut = new Map<string, { units: number[]; chunks: { id: number; start: number; end: number }[] }>();
  for (const source of new Set(asked.map(({ corpus }) => corpus))) {
    const text = await readFile(join(folder, `chunking/${source}.md`), "utf8");
    // The indices count code points.
    const units = [0];
    for (const character of text) units.push((units.at(-1) as number) + character.length);
    const [document] = (await docs.insert({ source, text, format: "markdown" })).documents;
    const { id, start, end } = chunks;
    const own = eq(chunks.documentId, document?.id as number);
    cut.set(source, { units, chunks: await db.select({ id, start, end }).from(chunks).where(own) });
  }
  const answers = asked.map(({ corpus, references }) => {
    const units = cut.get(corpus)?.units ?? [];
    return references.map((each) => ({ start: units[each.start_index] ?? 0, end: units[each.end_index] ?? 0 }));
  });
  const judged = asked.map(({ corpus, question }, i): JudgedQuery => {
    const relevant = cut.get(corpus)?.chunks.filter((chunk) => answers[i]?.some((answer) => overlaps(chunk, answer))) ?? [];
    return { id: String(i), query: question, relevant: Object.fromEntries(relevant.map(({ id }) => [id, 1])) };
  });
  await reranked(`${on}, chunking_evaluation`, judged.slice(0, quick ? 10 : undefined), {
    search,
    key: ({ chunk }) => String((chunk as { id: number }).id),
    k: 10,
  });

  const ask = call({ model: extractive({ minCoverage: 0 }) }, (question: string, sources: Source[]) => ({
    messages: question,
    sources,
  }));
  const right = { ours: 0, bm25: 0 };
  const some = asked.slice(0, quick ? 10 : undefined);
  for (const [i, { corpus, question }] of some.entries()) {
    const hits = await docs.search(question, { limit: 8 });
    const isRight = (hit: (typeof hits)[number] | undefined, range: Range | undefined) => {
      if (hit === undefined || range === undefined || hit.source !== corpus) return false;
      const place = { start: hit.start + range.start, end: hit.start + range.end };
      return answers[i]?.some((answer) => overlaps(place, answer)) === true;
    };
    const [first] = (await ask(question, hits)).raw.passages;
    if (first !== undefined && isRight(hits[first.source], first)) right.ours++;
    const best = bestByBm25(question, hits.map(({ text }) => text).join("\n\n"));
    let at = 0;
    const held = hits.find(({ text }) => {
      const isHere = best !== undefined && best.start < at + text.length;
      if (!isHere) at += text.length + 2;
      return isHere;
    });
    if (best !== undefined && isRight(held, { start: best.start - at, end: best.end - at })) right.bm25++;
  }
  report({
    measure: `${on}, chunking_evaluation, the extractive model's first passage answers, against BM25 over sentences`,
    value: right.ours / right.bm25,
    unit: "×",
    bar: ">= 1",
    detail: `${(right.ours / some.length).toFixed(3)} against ${(right.bm25 / some.length).toFixed(3)} of ${some.length}`,
  });

  say(`QED's paragraphs on ${on}`);
  await docs.delete({ all: true });
  const questions = await lines<{ question_text: string; title_text: string; paragraph_text: string }>("citations/qed.jsonl");
  const numbers = new Map([...new Set(questions.map((each) => each.paragraph_text))].map((text, i) => [text, String(i)]));
  const titles = new Map(questions.map((each) => [each.paragraph_text, each.title_text]));
  await docs.insert([...numbers].map(([text, source]) => ({ source, title: titles.get(text) ?? "", text })));
  const byParagraph = questions.map(
    ({ question_text: query, paragraph_text }, i): JudgedQuery => ({
      id: String(i),
      query,
      relevant: { [numbers.get(paragraph_text) as string]: 1 },
    }),
  );
  await reranked(`${on}, QED, paragraphs`, byParagraph.slice(0, quick ? 10 : undefined), {
    search,
    key: ({ source }) => String(source),
    k: 10,
  });
  await docs.delete({ all: true });
}

interface LongQuestion {
  corpus: string;
  question: string;
  references: { start_index: number; end_index: number }[];
}

type Range = { start: number; end: number };
