// Real vectors, from the folder that DRIZZLE_RAG_DATA names: SIFT descriptors with their published neighbours, and documentation in forty
// languages with filters, many ties and some zero vectors.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { and, eq, type SQL } from "drizzle-orm";
import { bigint, index, pgTable, text, vector } from "drizzle-orm/pg-core";
import type pg from "pg";
import { collection } from "../../src/store/collection.ts";
import { copyRows } from "../lib/copy.ts";
import { readNpy } from "../lib/npy.ts";
import { quick, report, say } from "../lib/report.ts";
import { type Bench, buildMemory, drizzle, hnsw, withPool } from "./bench.ts";
import { exactly, mean, recall } from "./recall.ts";

const folder = process.env.DRIZZLE_RAG_DATA;

function table(name: string, dimensions: number, metric: "l2" | "cosine") {
  return pgTable(
    name,
    {
      id: bigint({ mode: "number" }).primaryKey(),
      lang: text().notNull(),
      source: text().notNull(),
      content: text().notNull(),
      embedding: vector({ dimensions }).notNull(),
    },
    (t) => [index(`${name}_embedding_idx`).using("hnsw", t.embedding.op(`vector_${metric}_ops`))],
  );
}

interface Row {
  lang: string;
  source: string;
  text: string;
}

export async function real({ url }: Bench): Promise<void> {
  if (folder === undefined || folder === "") {
    say("real vectors: DRIZZLE_RAG_DATA is not set: left out");
    return;
  }
  await withPool(url, async (pool) => {
    await sift(pool, join(folder, "vectors/sift10k"));
    await documentation(pool, join(folder, "vectors/docs40k"));
  });
}

async function sift(pool: pg.Pool, path: string): Promise<void> {
  say("real vectors: sift10k");
  const vectors = (await readNpy(join(path, "base_10000x128_u8.npy"))).slice(0, quick ? 1000 : undefined);
  const questions = await readNpy(join(path, "queries_100x128_u8.npy"));
  const truth = await readNpy(join(path, "groundtruth_100x100_l2_i32.npy"));
  const squares = await readNpy(join(path, "groundtruth_dist2_100x100_i64.npy"));
  await fill(pool, "sift", "l2", vectors, () => ({ lang: "", source: "", text: "" }));
  const sifted = table("sift", 128, "l2");
  const docs = collection(drizzle(pool), { documents: sifted, text: sifted.content, metric: "l2" });
  const found: number[] = [];
  const own = quick ? await exactly(pool, "sift", questions, { operator: "<->" }) : undefined;
  for (const [i, question] of questions.entries()) {
    const published = [...(truth[i] as Float32Array).slice(0, 10)].map((id, k) => ({
      id,
      distance: Math.sqrt(squares[i]?.[k] ?? 0),
    }));
    const hits = await docs.search(question, { limit: 10 });
    // The score is 1 / (1 + distance); at distances of some hundreds it keeps more digits than are needed.
    const neighbours = hits.map((hit) => ({ id: hit.document.id, distance: 1 / hit.score - 1 - 1e-6 }));
    found.push(recall(neighbours, own?.[i] ?? published));
  }
  const detail = `100 questions, worst ${Math.min(...found)}`;
  report({
    measure: "sift10k, L2, recall@10 against its exact neighbours",
    value: mean(found),
    unit: "recall",
    bar: ">= 0.95",
    detail,
  });
}

async function documentation(pool: pg.Pool, path: string): Promise<void> {
  say("real vectors: docs40k");
  const vectors = (await readNpy(join(path, "vectors_f16.npy"))).slice(0, quick ? 2000 : undefined);
  const lines = gunzipSync(await readFile(join(path, "chunks.jsonl.gz")))
    .toString("utf8")
    .trimEnd()
    .split("\n");
  const rows = lines.slice(0, vectors.length).map((line) => JSON.parse(line) as Row);
  const asked = (await readNpy(join(path, "queries_f32.npy"))).filter((v) => v.some((x) => x !== 0));
  await fill(pool, "docs40k", "cosine", vectors, (i) => rows[i] as Row);
  const docs40k = table("docs40k", 256, "cosine");
  const docs = collection(drizzle(pool), { documents: docs40k, text: docs40k.content });
  const values = (key: "lang" | "source") => [...new Set(rows.map((row) => row[key]))].sort();
  const quote = (value: string) => `'${value.replaceAll("'", "''")}'`;
  const filters = {
    "no filter": [{ where: undefined, sql: "" }],
    lang: values("lang").map((lang) => ({ where: eq(docs40k.lang, lang), sql: `where lang = ${quote(lang)}` })),
    source: values("source").map((source) => ({ where: eq(docs40k.source, source), sql: `where source = ${quote(source)}` })),
    "lang en and source": values("source").map((source) => ({
      where: and(eq(docs40k.lang, "en"), eq(docs40k.source, source)) as SQL,
      sql: `where lang = 'en' and source = ${quote(source)}`,
    })),
  };
  for (const [what, all] of Object.entries(filters)) {
    const found: number[] = [];
    let short = 0;
    const each = quick ? 1 : Math.max(10, Math.ceil(200 / all.length));
    for (const [n, { where, sql }] of all.entries()) {
      const questions = Array.from({ length: each }, (_, i) => asked[(31 * n + 7 * i) % asked.length] as Float32Array);
      const exact = await exactly(pool, "docs40k", questions, { where: sql });
      for (const [i, question] of questions.entries()) {
        const hits = await docs.search(question, { limit: 10, ...(where && { where }) });
        const neighbours = exact[i] ?? [];
        if (hits.length < neighbours.length) short++;
        found.push(
          recall(
            hits.map((hit) => ({ id: hit.document.id, distance: 1 - hit.score })),
            neighbours,
          ),
        );
      }
    }
    const bar = what === "no filter" ? (">= 0.95" as const) : (">= 0.98" as const);
    const detail = `${all.length} filters, worst question ${Math.min(...found).toFixed(2)}`;
    report({ measure: `docs40k, filter: ${what}, recall@10`, value: mean(found), unit: "recall", bar, detail });
    report({ measure: `docs40k, filter: ${what}, short results`, value: short, unit: `of ${found.length}`, bar: "<= 0" });
  }
}

async function fill(pool: pg.Pool, name: string, metric: "l2" | "cosine", vectors: Float32Array[], row: (i: number) => Row) {
  const dimensions = vectors[0]?.length ?? 0;
  await pool.query(
    `create table ${name} (id bigint primary key, lang text not null, source text not null, content text not null, embedding vector(${dimensions}) not null)`,
  );
  const client = await pool.connect();
  try {
    await copyRows(client, `${name} (id, lang, source, content, embedding)`, vectors.entries(), (to, [i, vector]) => {
      const { lang, source, text } = row(i);
      to.row(5).int8(i).text(lang).text(source).text(text).vector(vector);
    });
    await client.query(buildMemory);
    await client.query(
      `create index ${name}_embedding_idx on ${name} using hnsw (embedding vector_${metric}_ops) with (${hnsw})`,
    );
    await client.query(`vacuum analyze ${name}`);
  } finally {
    client.release();
  }
}
