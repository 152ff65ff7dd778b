// Hybrid search over chunks: one statement, and about as quick as its two halves one after the other.
import { bigint, pgTable, text } from "drizzle-orm/pg-core";
import type pg from "pg";
import { collection } from "../../src/store/collection.ts";
import { chunkColumns } from "../../src/table/columns.ts";
import { chunkIndexes } from "../../src/table/indexes.ts";
import { copyRows } from "../lib/copy.ts";
import { quick, report, say } from "../lib/report.ts";
import { prose, word } from "../lib/text.ts";
import { median, takeTurns } from "../lib/timing.ts";
import { embeddings, random } from "../lib/vectors.ts";
import { type Bench, buildMemory, drizzle, hnsw, withPool } from "./bench.ts";

const dimensions = 384;
const size = quick ? 1000 : 50_000;
/** Chunks of a document. */
const each = 10;
const turns = quick ? 3 : 100;

const articles = pgTable("articles", {
  id: bigint({ mode: "number" }).primaryKey(),
  title: text().notNull(),
  body: text().notNull(),
});
const chunks = pgTable(
  "article_chunks",
  {
    articleId: bigint("article_id", { mode: "number" })
      .notNull()
      .references(() => articles.id),
    ...chunkColumns({ dimensions }),
  },
  (t) => chunkIndexes(t),
);

export async function hybrid({ url }: Bench): Promise<void> {
  await withPool(url, async (pool) => {
    say(`hybrid: ${size} chunks × ${dimensions} of ${size / each} documents`);
    await fill(pool);
    const docs = collection(drizzle(pool), { documents: articles, title: articles.title, text: articles.body, chunks });
    const vector = embeddings(dimensions, 10, 7);
    const rank = random(11);
    // Four words that are neither stop words nor unheard of, as in a question.
    const words = () => Array.from({ length: 4 }, () => word(Math.floor(30 * 300 ** rank()))).join(" ");
    const questions = Array.from({ length: 50 }, () => ({ text: words(), vector: vector() }));
    const ask = (round: number) => questions[round % 50] as (typeof questions)[number];

    const statements = await countStatements(pool, () => docs.search(ask(0), { mode: "hybrid" }).then());
    report({
      measure: "hybrid, statements that read (not begin, set, commit)",
      value: statements.reads,
      unit: "statements",
      bar: "<= 1",
      detail: `${statements.all} with those`,
    });
    const times = await takeTurns(
      {
        both: async (round) => docs.search(ask(round), { mode: "hybrid" }),
        halves: async (round) => {
          await docs.search(ask(round), { mode: "vector" });
          await docs.search(ask(round), { mode: "keyword" });
        },
        vector: async (round) => docs.search(ask(round), { mode: "vector" }),
      },
      turns,
      quick ? 1 : 20,
    );
    report({
      measure: `hybrid, ${size} chunks, p50 against vector + keyword one after the other`,
      value: median(times.both) / median(times.halves),
      unit: "× both",
      bar: "<= 1.2",
      detail: `${median(times.both).toFixed(2)} ms against ${median(times.halves).toFixed(2)} ms (vector ${median(times.vector).toFixed(2)} ms)`,
    });
  });
}

async function fill(pool: pg.Pool): Promise<void> {
  await pool.query("create table articles (id bigint primary key, title text not null, body text not null)");
  // As drizzle-kit writes it for chunkColumns() and chunkIndexes().
  await pool.query(`create table article_chunks (
    article_id bigint not null references articles, id bigint primary key generated always as identity, ordinal int not null,
    text text not null, headings jsonb not null default '[]', char_start int not null, char_end int not null, hash text not null,
    embedder text not null, embedding vector(${dimensions}) not null,
    search tsvector generated always as (setweight(to_tsvector('english'::regconfig, "headings"), 'A') || setweight(to_tsvector('english'::regconfig, "text"), 'D')) stored)`);
  await pool.query("alter table article_chunks alter column embedding set storage plain");
  const client = await pool.connect();
  const title = prose(4, 12);
  const text = prose(40, 13);
  const vector = embeddings(dimensions, 10);
  const titles = Array.from({ length: size / each }, title);
  try {
    await copyRows(client, "articles (id, title, body)", titles.entries(), (to, [id, name]) =>
      to.row(3).int8(id).text(name).text(name),
    );
    await copyRows(
      client,
      "article_chunks (article_id, ordinal, text, headings, char_start, char_end, hash, embedder, embedding)",
      Array(size).keys(),
      (to, i) => {
        const article = Math.floor(i / each);
        const passage = text();
        to.row(9)
          .int8(article)
          .int4(i % each)
          .text(passage)
          .jsonb([titles[article]])
          .int4(0)
          .int4(passage.length);
        to.text(String(i)).text("none").vector(vector());
      },
    );
    await client.query(buildMemory);
    await client.query(
      `create index article_chunks_embedding_idx on article_chunks using hnsw (embedding vector_cosine_ops) with (${hnsw})`,
    );
    await client.query("create index article_chunks_search_idx on article_chunks using gin (search)");
    await client.query("create index article_chunks_parent_idx on article_chunks (article_id, ordinal)");
    await client.query("reset maintenance_work_mem");
    await client.query("vacuum analyze article_chunks");
    await client.query("vacuum analyze articles");
  } finally {
    client.release();
  }
}

/** What a search sends, by listening to the one connection. The first search asks what the server can do, so one goes before. */
async function countStatements(pool: pg.Pool, search: () => PromiseLike<unknown>): Promise<{ all: number; reads: number }> {
  await search();
  const client = await pool.connect();
  const sent: string[] = [];
  const { query } = client;
  client.query = ((...given: unknown[]) => {
    const [first] = given as [string | { text?: string }];
    sent.push((typeof first === "string" ? first : (first.text ?? "")).trim());
    return (query as (...given: unknown[]) => unknown).apply(client, given);
  }) as typeof client.query;
  client.release();
  try {
    await search();
  } finally {
    client.query = query;
  }
  return { all: sent.length, reads: sent.filter((text) => /^(select|with)\b/i.test(text)).length };
}
