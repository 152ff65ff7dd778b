// npm run bench: the collection beside hand-written `pg`, in one run, as ratios. Starts the Postgres that it needs.
import { drizzle } from "drizzle-orm/node-postgres";
import { bigint, pgTable, text, vector } from "drizzle-orm/pg-core";
import pg from "pg";
import { startServer } from "../scripts/server.ts";
import { vectorToBuffer } from "../src/db/vectors.ts";
import { collection } from "../src/store/collection.ts";
import { quick, report, say } from "./lib/report.ts";
import { median, takeTurns } from "./lib/timing.ts";
import { clustered } from "./lib/vectors.ts";

const dimensions = 1536;
const rows = quick ? 500 : 10_000;
const searches = quick ? 20 : 400;

const items = pgTable("bench_items", {
  id: bigint({ mode: "number" }).primaryKey(),
  content: text().notNull(),
  embedding: vector({ dimensions }).notNull(),
});

const server = await startServer();
say(`Postgres by ${server.how}; ${rows} rows × ${dimensions}`);
const pool = new pg.Pool({ connectionString: server.url, max: 1 });
try {
  await pool.query("create extension if not exists vector");
  const create = async () => {
    await pool.query("drop table if exists bench_items");
    await pool.query(
      `create table bench_items (id bigint primary key, content text not null, embedding vector(${dimensions}) not null)`,
    );
    await pool.query("alter table bench_items alter column embedding set storage plain");
  };
  const docs = collection(drizzle(pool), { documents: items, text: items.content });
  const next = clustered(dimensions, 100, 1);
  const data = Array.from({ length: rows }, (_, id) => ({ id, content: `item ${id}`, embedding: next() }));

  // Hand-written: what somebody who knows the driver would write. Binary vectors, many rows a statement, one transaction.
  const byHand = async () => {
    await pool.query("begin");
    for (let i = 0; i < data.length; i += 500) {
      const batch = data.slice(i, i + 500);
      const places = batch.map((_, k) => `($${3 * k + 1},$${3 * k + 2},$${3 * k + 3})`).join(",");
      const values = batch.flatMap((row) => [row.id, row.content, vectorToBuffer(row.embedding)]);
      await pool.query(`insert into bench_items (id, content, embedding) values ${places}`, values);
    }
    await pool.query("commit");
  };
  const times = { ours: [] as number[], hand: [] as number[] };
  for (let round = 0; round < (quick ? 1 : 3); round++) {
    for (const [name, work] of [
      ["ours", () => docs.insert(data)],
      ["hand", byHand],
    ] as const) {
      await create();
      const start = performance.now();
      await work();
      times[name].push(performance.now() - start);
    }
  }
  report({
    measure: `insert ${rows} × ${dimensions}, no index, time against hand-written pg`,
    value: median(times.ours) / median(times.hand),
    unit: "× pg",
    detail: `${median(times.ours).toFixed(0)} ms against ${median(times.hand).toFixed(0)} ms`,
  });

  say("building the index");
  await pool.query("create index on bench_items using hnsw (embedding vector_cosine_ops)");
  await pool.query("analyze bench_items");
  const question = clustered(dimensions, 100, 1, 7);
  const questions = Array.from({ length: 50 }, question);
  const turns = await takeTurns(
    {
      ours: async (round) => docs.search(questions[round % 50] as Float32Array, { limit: 10 }),
      hand: async (round) =>
        pool.query({
          name: "nearest",
          text: "select id, content, embedding <=> $1 as distance from bench_items order by distance limit 10",
          values: [vectorToBuffer(questions[round % 50] as Float32Array)],
        }),
    },
    searches,
    quick ? 2 : 50,
  );
  report({
    measure: `top 10 of ${rows} × ${dimensions}, HNSW, p50 against hand-written pg (prepared, binary)`,
    value: median(turns.ours) / median(turns.hand),
    unit: "× pg",
    detail: `${median(turns.ours).toFixed(2)} ms against ${median(turns.hand).toFixed(2)} ms`,
  });
} finally {
  await pool.query("drop table if exists bench_items").catch(() => {});
  await pool.end();
  await server.stop();
}
