// Whether answers say that the sources do not tell when they do not, and only then: questions of a collection, and those of others asked of it.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { answer } from "../../src/answer/answer.ts";
import { reaches, type Threshold } from "../../src/answer/relevance.ts";
import type { Database } from "../../src/db/database.ts";
import { migrate } from "../../src/db/migrate.ts";
import { hashingEmbedder } from "../../src/embed/hashing.ts";
import { collection } from "../../src/store/collection.ts";
import { jsonLines } from "../lib/json-lines.ts";
import { quick, report, say } from "../lib/report.ts";

interface Paragraph {
  question_text: string;
  title_text: string;
  paragraph_text: string;
}

export async function abstention(db: Database, folder: string, on: string): Promise<void> {
  const docs = join(folder, "collections/claude-docs");
  const read = async <T>(file: string) => JSON.parse(await readFile(join(docs, file), "utf8")) as T[];
  const sections = await read<{ chunk_link: string; chunk_heading: string; text: string }>("chunks.json");
  const qed = await jsonLines<Paragraph>(join(folder, "citations/qed.jsonl"));
  const queries = async (file: string) => (await jsonLines<{ text: string }>(join(folder, file))).map(({ text }) => text);
  const questions = {
    "claude-docs": (await read<{ question: string }>("eval.json")).map(({ question }) => question),
    QED: qed.map(({ question_text }) => question_text),
    Cranfield: await queries("collections/cranfield/queries.jsonl"),
    Vaswani: await queries("collections/vaswani_npl/queries.jsonl"),
    chunking_evaluation: (await jsonLines<{ question: string }>(join(folder, "chunking/questions.jsonl"))).map(
      ({ question }) => question,
    ),
  };
  await asked(db, on, "claude-docs", questions, {
    rows: sections.map(({ chunk_link, chunk_heading, text }) => ({ source: chunk_link, title: chunk_heading, text })),
    thresholds: [{ coverage: 0.3 }, { vector: 0.3 }],
  });
  // Its questions are about anything, as are those of chunking_evaluation. The thresholds were chosen while looking at both collections.
  const paragraphs = new Map(qed.map(({ paragraph_text, title_text }) => [paragraph_text, title_text]));
  await asked(db, on, "QED", questions, {
    rows: [...paragraphs].map(([text, title], i) => ({ source: String(i), title, text })),
    thresholds: [{ coverage: 0.3 }, { vector: 0.2 }],
  });
}

async function asked<Q extends Record<string, string[]>>(
  db: Database,
  on: string,
  own: keyof Q & string,
  questions: Q,
  { rows, thresholds }: { rows: { source: string; title: string; text: string }[]; thresholds: Threshold[] },
): Promise<void> {
  say(`${own} on ${on}: its own questions, and foreign ones`);
  await migrate(db);
  const docs = collection(db, { embedder: hashingEmbedder() });
  await docs.delete({ all: true });
  await docs.insert(rows);
  const ask = answer(docs, { model: "extractive" });
  const most = quick ? 3 : 200;
  const answers = new Map<string, Awaited<ReturnType<typeof ask>>[]>();
  for (const [name, list] of Object.entries(questions)) {
    const found = [];
    for (const question of list.slice(0, most)) found.push(await ask(question));
    answers.set(name, found);
  }
  for (const threshold of [undefined, ...thresholds]) {
    const abstains = (each: Awaited<ReturnType<typeof ask>>) =>
      threshold === undefined ? each.abstained : !reaches(each.relevance, threshold);
    const share = (list: Awaited<ReturnType<typeof ask>>[]) => list.filter(abstains).length / list.length;
    const foreign = [...answers].filter(([name]) => name !== own);
    const way = threshold === undefined ? "extractive" : `threshold ${JSON.stringify(threshold).replaceAll('"', "")}`;
    const bars = threshold === undefined ? ([">= 0.9", ">= 0.85"] as const) : [];
    report({
      measure: `${on}, ${own}, ${way}, own questions answered`,
      value: 1 - share(answers.get(own) ?? []),
      unit: "of all",
      ...(bars[0] && { bar: bars[0] }),
      detail: `${answers.get(own)?.length} questions`,
    });
    report({
      measure: `${on}, ${own}, ${way}, foreign questions abstained from`,
      value: share(foreign.flatMap(([, list]) => list)),
      unit: "of all",
      ...(bars[1] && { bar: bars[1] }),
      detail: foreign.map(([name, list]) => `${name} ${share(list).toFixed(2)}`).join(", "),
    });
  }
  await docs.delete({ all: true });
}
