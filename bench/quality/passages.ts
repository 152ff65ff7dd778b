// Passages of long documents (chunking_evaluation) and paragraphs of Wikipedia (QED), by the offline default: what reranking by words gains.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { eq } from "drizzle-orm";
import type { Database } from "../../src/db/database.ts";
import { migrate } from "../../src/db/migrate.ts";
import { hashingEmbedder } from "../../src/embed/hashing.ts";
import type { JudgedQuery } from "../../src/eval/judgments.ts";
import { collection } from "../../src/store/collection.ts";
import { chunks } from "../../src/table/ready.ts";
import { jsonLines } from "../lib/json-lines.ts";
import { quick, say } from "../lib/report.ts";
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
  const judged = asked.map(({ corpus, question, references }, i): JudgedQuery => {
    const { units, chunks } = cut.get(corpus) as NonNullable<ReturnType<typeof cut.get>>;
    const answers = references.map((each) => ({ start: units[each.start_index] ?? 0, end: units[each.end_index] ?? 0 }));
    const relevant = chunks.filter((chunk) => answers.some((answer) => holds(chunk, answer)));
    return { id: String(i), query: question, relevant: Object.fromEntries(relevant.map(({ id }) => [id, 1])) };
  });
  await reranked(`${on}, chunking_evaluation`, judged.slice(0, quick ? 10 : undefined), {
    search,
    key: ({ chunk }) => String((chunk as { id: number }).id),
    k: 10,
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

/** Whether more than half of the shorter of the two lies in the other. */
function holds(chunk: Range, answer: Range): boolean {
  const shared = Math.min(chunk.end, answer.end) - Math.max(chunk.start, answer.start);
  return shared > 0.5 * Math.min(chunk.end - chunk.start, answer.end - answer.start);
}
