// Documentation of Claude with questions and the chunks that answer them: the offline default, as a new user gets it.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { sql } from "drizzle-orm";
import { type Database, rows as query } from "../../src/db/database.ts";
import { migrate } from "../../src/db/migrate.ts";
import { embedAll } from "../../src/embed/embed.ts";
import { hashingEmbedder } from "../../src/embed/hashing.ts";
import { evaluate } from "../../src/eval/evaluate.ts";
import type { JudgedQuery } from "../../src/eval/judgments.ts";
import { collection } from "../../src/store/collection.ts";
import { quick, report, say } from "../lib/report.ts";
import { reranked } from "./reranking.ts";

interface Passage {
  chunk_link: string;
  chunk_heading: string;
  text: string;
}

interface Question {
  question: string;
  correct_chunks: string[];
}

export async function claudeDocs(db: Database, folder: string, on: string): Promise<void> {
  say(`claude-docs on ${on}`);
  const read = async <T>(file: string) =>
    JSON.parse(await readFile(join(folder, "collections/claude-docs", file), "utf8")) as T[];
  const passages = await read<Passage>("chunks.json");
  const judged: JudgedQuery[] = (await read<Question>("eval.json"))
    .map(({ question, correct_chunks }, i) => ({
      id: String(i),
      query: question,
      relevant: Object.fromEntries(correct_chunks.map((link) => [link, 1])),
    }))
    .slice(0, quick ? 10 : undefined);
  await migrate(db);
  const embedder = hashingEmbedder();
  const docs = collection(db, { embedder });
  await docs.upsert(
    passages.map(({ chunk_link, chunk_heading, text }) => ({ source: chunk_link, title: chunk_heading, text })),
    { key: docs.documents.source },
  );
  const ours = await evaluate(judged, (question) => docs.search(question, { limit: 10 }), { k: 3 });
  report({ measure: `${on}, claude-docs, offline default, recall@3`, value: ours.mean.recall, unit: "recall", bar: ">= 0.66" });
  report({ measure: `${on}, claude-docs, offline default, MRR@3`, value: ours.mean.mrr, unit: "MRR", bar: ">= 0.8" });

  await reranked(`${on}, claude-docs`, judged, {
    search: (question) => docs.search(question, { limit: 40 }),
    key: ({ source }) => String(source),
    k: 3,
  });

  // What one would write first: all words demanded, ranked by ts_rank.
  const demanded = await evaluate(
    judged,
    async (question) =>
      (
        await query<{ source: string }>(
          db,
          sql`select source from rag.documents, websearch_to_tsquery('english', ${question}) as wanted,
                to_tsvector('english', coalesce(title, '') || ' ' || text) as words
              where words @@ wanted order by ts_rank(words, wanted) desc limit 10`,
        )
      ).map(({ source }) => source),
    { k: 3 },
  );
  // As LangChain's PGVectorStore and Mastra's PgVector do it: the nearest by vector alone, of the texts as they are.
  const vectors = await embedAll(
    embedder,
    passages.map(({ text }) => text),
    { kind: "document" },
  );
  const nearest = await evaluate(
    judged,
    async (question) => {
      const [asked] = await embedAll(embedder, [question], { kind: "query" });
      return passages
        .map(({ chunk_link }, i) => ({ chunk_link, near: dot(vectors[i] as Float32Array, asked as Float32Array) }))
        .sort((a, b) => b.near - a.near)
        .slice(0, 10)
        .map(({ chunk_link }) => chunk_link);
    },
    { k: 3 },
  );
  for (const [name, other] of Object.entries({
    "websearch_to_tsquery + ts_rank": demanded,
    "the nearest by vector alone": nearest,
  })) {
    for (const measure of ["recall", "mrr"] as const) {
      report({
        measure: `${on}, claude-docs, ${measure === "mrr" ? "MRR" : measure}@3 against ${name}`,
        value: ours.mean[measure] - other.mean[measure],
        unit: "more",
        bar: ">= 0",
        detail: `${ours.mean[measure].toFixed(3)} against ${other.mean[measure].toFixed(3)}`,
      });
    }
  }
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}
