// How long a search by words takes over 40,000 passages of documentation, and over three times as many; and whether the titles of documents find
// them, which nothing was chosen on.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { sql } from "drizzle-orm";
import { bigint, index, pgTable, text, vector } from "drizzle-orm/pg-core";
import type { Database } from "../../src/db/database.ts";
import { evaluate } from "../../src/eval/evaluate.ts";
import { type Collection, collection } from "../../src/store/collection.ts";
import type { SearchMode } from "../../src/store/types.ts";
import { tsvector, vectorIndex } from "../../src/table/index.ts";
import { readNpy } from "../lib/npy.ts";
import { quick, report, say } from "../lib/report.ts";
import { median, timed } from "../lib/timing.ts";
import { reranked } from "./reranking.ts";

const passages = pgTable(
  "docs40k",
  {
    id: bigint({ mode: "number" }).primaryKey(),
    content: text().notNull(),
    embedding: vector({ dimensions: 256 }),
    search: tsvector({ language: "english" }).generatedAlwaysAs(sql`''::tsvector`),
  },
  (t) => [index("docs40k_search_idx").using("gin", t.search), vectorIndex("docs40k_embedding_idx", t.embedding)],
);

export async function latency(db: Database, folder: string, on: string): Promise<void> {
  const path = join(folder, "vectors/docs40k");
  const vectors = (await readNpy(join(path, "vectors_f16.npy"))).slice(0, quick ? 1000 : undefined);
  const questions = await readNpy(join(path, "queries_f32.npy"));
  const all = (JSON.parse(await readFile(join(path, "queries.json"), "utf8")) as { text: string; doc_id: number }[])
    .map(({ text, doc_id }, i) => ({ text, doc: String(doc_id), vector: questions[i] as Float32Array }))
    .filter(({ vector }) => vector?.some((x) => x !== 0));
  const titles = all.filter(({ text }) => text.split(/\s+/).length === 4).slice(0, quick ? 5 : 200);
  const texts = gunzipSync(await readFile(join(path, "chunks.jsonl.gz")))
    .toString("utf8")
    .trimEnd()
    .split("\n");
  await db.execute(sql`drop table if exists docs40k`);
  await db.execute(sql`create table docs40k (id bigint primary key, content text not null, embedding vector(256), search tsvector
    generated always as (to_tsvector('english', content)) stored)`);
  const docs = collection(db, { documents: passages, text: passages.content, namedStatements: true });
  let rows = 0;
  for (const copies of quick ? [1] : [1, 2]) {
    say(`docs40k on ${on}: loading`);
    for (let copy = 0; copy < copies; copy++) {
      const first = rows;
      await docs.load(
        vectors.map((vector, i) => ({
          id: first + i,
          content: (JSON.parse(texts[i] as string) as { text: string }).text,
          embedding: vector.some((x) => x !== 0) ? vector : unit,
        })) as never,
      );
      rows += vectors.length;
    }
    await docs.indexes.create();
    await db.execute(sql`create index if not exists docs40k_search_idx on docs40k using gin (search)`);
    await db.execute(sql`vacuum analyze docs40k`);
    if (copies === 1) {
      const documentOf = (id: number) => String((JSON.parse(texts[id] as string) as { document: number }).document);
      const several = all.filter(({ text }) => text.split(/\s+/).length >= 3).filter((_, i) => i % 2 === 0);
      await byTitle(docs, documentOf, several.slice(0, quick ? 5 : undefined), on);
    }
    for (const mode of ["keyword", "hybrid"] as const) {
      const times: number[] = [];
      for (const round of [0, 1]) {
        for (const { text, vector } of titles) {
          const took = await timed(() => docs.search({ text, vector }, { mode, limit: 10 }) as unknown as Promise<unknown>);
          if (round > 0) times.push(took);
        }
      }
      report({
        measure: `${on}, docs40k, ${mode}, p50 over ${rows} passages, questions of four words`,
        value: median(times),
        unit: "ms",
        ...(rows <= 40_000 && { bar: "<= 25" as const }),
        detail: `${times.length} searches`,
      });
    }
  }
  await db.execute(sql`drop table docs40k`);
}

type Title = { text: string; doc: string; vector: Float32Array };

/** Each title is to find its document: hybrid search by default against the better of its two rankings. */
async function byTitle(
  docs: Collection<typeof passages, undefined>,
  documentOf: (id: number) => string,
  titles: readonly Title[],
  on: string,
) {
  const judged = titles.map(({ text, doc }, i) => ({ id: String(i), query: text, relevant: { [doc]: 1 } }));
  const found = async (mode: SearchMode) => {
    const search = (query: string, id: string) =>
      docs.search({ text: query, vector: (titles[Number(id)] as Title).vector }, { mode, limit: 40 });
    return (await evaluate(judged, (query, { id }) => search(query, id), { key: (hit) => documentOf(hit.document.id) })).mean.mrr;
  };
  const [keyword, vector, hybrid] = [await found("keyword"), await found("vector"), await found("hybrid")];
  // Nothing of the reranker was chosen on these.
  await reranked(`${on}, docs40k, titles`, judged, {
    search: (query, { id }) =>
      docs.search({ text: query, vector: (titles[Number(id)] as Title).vector }, { mode: "hybrid", limit: 40 }),
    key: (hit) => documentOf(hit.document.id),
    k: 10,
  });
  report({
    measure: `${on}, docs40k, titles, hybrid by default, share of the better leg's MRR@10`,
    value: hybrid / Math.max(keyword, vector),
    unit: "×",
    detail: `keyword ${keyword.toFixed(3)}, vector ${vector.toFixed(3)}, hybrid ${hybrid.toFixed(3)}; ${titles.length} titles`,
  });
}

/** In place of vectors of zeros, which cosine knows no distance for. */
const unit = Float32Array.from({ length: 256 }, (_, i) => Number(i === 0));
