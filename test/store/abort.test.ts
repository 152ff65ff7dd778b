// Giving up: what runs on the server for the caller is cancelled there, and its connection does no harm to the next one.
import { sql } from "drizzle-orm";
import { drizzle, type NodePgDatabase } from "drizzle-orm/node-postgres";
import pg from "pg";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { collection } from "../../src/store/collection.ts";
import { fakeEmbedder } from "../../src/testing/index.ts";
import { createTables, freshServerDatabase, onServer } from "../helpers/database.ts";
import { articleChunks, articles, dimensions } from "./tables.ts";

const article = (i: number) => ({ slug: `s${i}`, title: `T${i}`, body: `An article on topic${i}.`, lang: "en" });

describe.runIf(onServer)("aborting on a server", () => {
  let pool: pg.Pool;
  const docs = () =>
    collection(drizzle(pool) as NodePgDatabase, {
      documents: articles,
      text: articles.body,
      chunks: articleChunks,
      embedder: fakeEmbedder({ dimensions }),
    });
  const running = async (condition: string) =>
    (await pool.query(`select 1 from pg_stat_activity where datname = current_database() and ${condition}`)).rowCount === 1;
  const until = (condition: () => Promise<boolean>) => vi.waitUntil(condition, { timeout: 10_000 });

  beforeAll(async () => {
    const { url } = await freshServerDatabase();
    pool = new pg.Pool({ connectionString: url, max: 3 });
    pool.on("error", () => {});
    await pool.query("create extension vector");
    await createTables(drizzle(pool), { articles, articleChunks });
    await docs().insert([article(1), article(2)]);
    return () => pool.end();
  });

  it("cancels a search where it runs, and gives the caller the signal's reason", async () => {
    for (const where of [sql`(select pg_sleep(600)) is not null`]) {
      for (const mode of ["vector", "keyword", "hybrid"] as const) {
        const controller = new AbortController();
        const search = docs().search("topic1", { mode, where, signal: controller.signal });
        const outcome = search.then(
          () => undefined,
          (error: unknown) => error,
        );
        await until(() => running("wait_event = 'PgSleep'"));
        const reason = new Error("The reader has left.");
        controller.abort(reason);
        expect(await outcome).toBe(reason);
        await until(async () => !(await running("wait_event = 'PgSleep'")));
      }
    }
    expect(await docs().search("topic1", { limit: 1 })).toHaveLength(1);
    expect(pool.waitingCount).toBe(0);
  });

  it("cancels a write that waits for another, which is as if it had not been", async () => {
    const rival = await pool.connect();
    await rival.query("begin; update articles set views = 7");
    const controller = new AbortController();
    const outcome = docs()
      .upsert({ ...article(1), title: "New" }, { key: articles.slug, signal: controller.signal })
      .then(
        () => undefined,
        (error: unknown) => error,
      );
    await until(() => running("wait_event_type = 'Lock'"));
    controller.abort(new Error("Enough."));
    expect(await outcome).toMatchObject({ message: "Enough." });
    await rival.query("commit");
    rival.release();
    expect((await docs().list({ orderBy: articles.slug })).map(({ title, views }) => [title, views])).toEqual([
      ["T1", 7],
      ["T2", 7],
    ]);
  });

  it("does as ever where the signal never aborts", async () => {
    const { signal } = new AbortController();
    for (let i = 0; i < 10; i++) expect(await docs().search("topic2", { limit: 1, signal })).toHaveLength(1);
    expect(await docs().searchMany(["topic1", "topic2"], { limit: 1, signal })).toHaveLength(2);
    expect(pool.totalCount).toBeLessThanOrEqual(3);
    await expect(docs().search("x", { signal: AbortSignal.abort(new Error("Before.")) })).rejects.toThrow("Before.");
  });
});
