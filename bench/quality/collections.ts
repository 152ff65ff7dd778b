// Cranfield and Vaswani: classic collections with judgments, and LSA vectors that were made for them.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { sql } from "drizzle-orm";
import { pgTable, text, vector } from "drizzle-orm/pg-core";
import type { Database } from "../../src/db/database.ts";
import { compare, evaluate } from "../../src/eval/evaluate.ts";
import { readJudgments } from "../../src/eval/judgments.ts";
import { tune } from "../../src/eval/tune.ts";
import { collection } from "../../src/store/collection.ts";
import type { SearchMode } from "../../src/store/types.ts";
import { tsvector } from "../../src/table/index.ts";
import { readNpy } from "../lib/npy.ts";
import { quick, report, say } from "../lib/report.ts";
import { reranked } from "./reranking.ts";

const bars = {
  cranfield: { keyword: 0.37, hybrid: 0.98 },
  vaswani_npl: { keyword: 0.42, hybrid: 0.92 },
} as const;

export async function collections(db: Database, folder: string, on: string): Promise<void> {
  for (const name of Object.keys(bars) as (keyof typeof bars)[]) await classic(db, join(folder, "collections", name), name, on);
}

const documents = pgTable("judged", {
  id: text().primaryKey(),
  title: text().notNull(),
  body: text().notNull(),
  embedding: vector({ dimensions: 256 }),
  search: tsvector({ language: "english" }).generatedAlwaysAs(sql`''::tsvector`),
});

async function classic(db: Database, folder: string, name: keyof typeof bars, on: string): Promise<void> {
  say(`${name} on ${on}`);
  const read = (file: string) => readFile(join(folder, file), "utf8");
  const vectors = await readNpy(join(folder, "docs_lsa256_f32.npy"));
  const questions = await readNpy(join(folder, "queries_lsa256_f32.npy"));
  const all = readJudgments(await read("queries.jsonl"), await read("qrels.tsv"));
  const place = new Map(all.map(({ id }, i) => [id, i]));
  // Relevant or not: the reference figures know no grades.
  const judged = all
    .map((each) => ({
      ...each,
      relevant: Object.fromEntries(Object.entries(each.relevant).map(([key, grade]) => [key, Number(grade > 0)])),
    }))
    .slice(0, quick ? 10 : undefined);
  const rows = (await read("docs.jsonl"))
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { id: string; title?: string; text: string })
    .map(({ id, title = "", text }, i) => ({
      id,
      title,
      // The text begins with the title, which is to count once, as a title.
      body: text.startsWith(title) ? text.slice(title.length) : text,
      embedding: isZero(vectors[i]) ? null : [...(vectors[i] as Float32Array)],
    }));
  await db.execute(sql`drop table if exists judged`);
  await db.execute(sql`create table judged (id text primary key, title text not null, body text not null, embedding vector(256), search tsvector
    generated always as (setweight(to_tsvector('english', title), 'A') || setweight(to_tsvector('english', body), 'D')) stored)`);
  for (let i = 0; i < rows.length; i += 500) await db.insert(documents).values(rows.slice(i, i + 500));
  await db.execute(sql`create index judged_search_idx on judged using gin (search)`);
  await db.execute(sql`create index judged_embedding_idx on judged using hnsw (embedding vector_cosine_ops)`);
  await db.execute(sql`analyze judged`);

  const docs = collection(db, { documents, text: documents.body, title: documents.title, source: documents.id });
  const asked = (id: string, query: string) => ({ text: query, vector: questions[place.get(id) as number] as Float32Array });
  const search = (mode: SearchMode) => evaluate(judged, (query, { id }) => docs.search(asked(id, query), { mode, limit: 10 }));
  const [keyword, vector, hybrid] = [await search("keyword"), await search("vector"), await search("hybrid")];
  const better = Math.max(keyword.mean.ndcg, vector.mean.ndcg);
  const detail = `keyword ${keyword.mean.ndcg.toFixed(3)}, vector ${vector.mean.ndcg.toFixed(3)}, hybrid ${hybrid.mean.ndcg.toFixed(3)}`;
  report({
    measure: `${on}, ${name}, keyword, nDCG@10`,
    value: keyword.mean.ndcg,
    unit: "nDCG",
    bar: `>= ${bars[name].keyword}`,
    detail: `${judged.length} queries over ${rows.length} documents`,
  });
  report({
    measure: `${on}, ${name}, hybrid by default, share of the better leg's nDCG@10`,
    value: hybrid.mean.ndcg / better,
    unit: "×",
    bar: `>= ${bars[name].hybrid}`,
    detail: `${detail}; p ${compare(keyword.mean.ndcg >= vector.mean.ndcg ? keyword : vector, hybrid)[0]?.p.toFixed(3)}`,
  });
  const deep = (query: string, id: string) => docs.search(asked(id, query), { limit: 40 });
  await reranked(`${on}, ${name}`, judged, {
    search: (query, { id }) => deep(query, id),
    key: ({ source }) => String(source),
    k: 10,
  });
  const tuned = await tune(docs, judged, { query: ({ id, query }) => asked(id, query) });
  report({
    measure: `${on}, ${name}, hybrid with weights of the other half, share of the better leg's nDCG@10`,
    value: tuned.crossValidated / Math.max(tuned.vector, tuned.keyword),
    unit: "×",
    bar: ">= 1",
    detail: `vector ${tuned.weights.vector} from all of them; p against the default ${tuned.p.toFixed(3)}`,
  });
  await db.execute(sql`drop table judged`);
}

function isZero(vector: Float32Array | undefined): boolean {
  return vector === undefined || vector.every((x) => x === 0);
}
