// Reading from a physical standby: all reads work, writes are refused by name, and a read that replaying ends is made again.
import { eq, sql } from "drizzle-orm";
import { drizzle, type NodePgDatabase } from "drizzle-orm/node-postgres";
import pg from "pg";
import { beforeAll, describe, expect, inject, it, vi } from "vitest";
import { ReadOnlyDatabaseError } from "../../src/errors.ts";
import { collection } from "../../src/store/collection.ts";
import { fakeEmbedder } from "../../src/testing/index.ts";
import { createTables, freshServerDatabase, onServer } from "../helpers/database.ts";
import { canStartServers, startReplica } from "../helpers/own-server.ts";
import { articleChunks, articles, dimensions } from "../store/tables.ts";

const possible = onServer && canStartServers(inject("server"));
if (onServer && !possible) console.warn("The replica's tests are left out: they need the server of scripts/debian-postgres.sh.");

const article = (i: number) => ({
  slug: `s${i}`,
  title: `T${i}`,
  body: `An article on topic${i}.`,
  lang: i % 2 === 0 ? "en" : "de",
});
const count = 300;

describe.runIf(possible)("on a read replica of a server", () => {
  let primary: pg.Pool;
  let replica: pg.Pool;
  const over = (pool: pg.Pool) =>
    collection(drizzle(pool) as NodePgDatabase, {
      documents: articles,
      text: articles.body,
      chunks: articleChunks,
      embedder: fakeEmbedder({ dimensions }),
    });
  /** Until the replica has all that the primary has written. */
  const caughtUp = async () => {
    const { rows } = await primary.query("select pg_current_wal_lsn() as lsn");
    const replayed = "select pg_last_wal_replay_lsn() >= $1 as done";
    await vi.waitUntil(async () => (await replica.query(replayed, [rows[0].lsn])).rows[0].done, { timeout: 20_000 });
  };

  beforeAll(async () => {
    const { url } = await freshServerDatabase();
    primary = new pg.Pool({ connectionString: url });
    const db = drizzle(primary);
    await db.execute(sql`create extension vector`);
    await createTables(db, { articles, articleChunks });
    await over(primary).load(
      Array.from({ length: count }, (_, i) => article(i)),
      { key: articles.slug },
    );
    const standby = await startReplica(url);
    replica = new pg.Pool({ connectionString: standby.url });
    for (const pool of [primary, replica]) pool.on("error", () => {});
    await caughtUp();
    return async () => {
      await replica.end();
      await primary.end();
      await standby.stop();
    };
  }, 120_000);

  it("reads all that there is, in every way", async () => {
    const docs = over(replica);
    for (const mode of ["vector", "keyword", "hybrid"] as const) {
      const near = await docs.search("topic7", { mode, limit: 5 });
      expect(near.length).toBeGreaterThan(0);
      expect(near).toEqual(await over(primary).search("topic7", { mode, limit: 5 }));
      expect(await docs.search("article", { mode, limit: 100, where: eq(articles.lang, "en") })).toHaveLength(100);
      expect(await docs.as({ "app.tenant": "x" }).search("article", { mode, limit: 3 })).toHaveLength(3);
      expect(await docs.search("article", { mode }).explain({ analyze: true })).toContain("actual");
    }
    expect(await docs.count()).toBe(count);
    expect(await docs.list({ limit: 5, orderBy: articles.slug })).toHaveLength(5);
    expect(await docs.searchMany(["topic1", "topic2"], { limit: 2 })).toHaveLength(2);
    expect(await docs.indexes.status()).toEqual(await over(primary).indexes.status());
    expect(await docs.recall({ queries: 5 })).toBeDefined();
  });

  it("names the refusal of every write", async () => {
    const docs = over(replica);
    await expect(docs.insert(article(999))).rejects.toThrow(ReadOnlyDatabaseError);
    await expect(docs.upsert(article(1), { key: articles.slug })).rejects.toThrow(ReadOnlyDatabaseError);
    await expect(docs.load([article(999)], { key: articles.slug })).rejects.toThrow(ReadOnlyDatabaseError);
    await expect(docs.update({ lang: "fr" }, { all: true })).rejects.toThrow(ReadOnlyDatabaseError);
    await expect(docs.delete({ all: true })).rejects.toThrow(ReadOnlyDatabaseError);
    expect(await over(primary).count()).toBe(count);
  });

  it("sees what is written on the primary", async () => {
    await over(primary).insert(article(1000));
    await caughtUp();
    expect(await over(replica).count(eq(articles.slug, "s1000"))).toBe(1);
    expect((await over(replica).search("topic1000", { mode: "keyword", limit: 1 }))[0]?.document.slug).toBe("s1000");
  });

  it("makes a search again that was ended by what the primary has removed", async () => {
    const slow = sql`(select pg_sleep(2)) is not null`;
    const asked = over(replica).search("topic5", { mode: "keyword", limit: 1, where: slow });
    // Awaiting a search is what runs it.
    const found = asked.then((hits) => hits);
    const sleeping = "select 1 from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database()";
    await vi.waitUntil(async () => (await replica.query(sleeping)).rowCount === 1, { timeout: 20_000 });
    await over(primary).delete(eq(articles.slug, "s9"));
    await primary.query("vacuum articles");
    await primary.query("vacuum article_chunks");
    expect((await found)[0]?.document.slug).toBe("s5");
    const conflicts = "select confl_snapshot::int as count from pg_stat_database_conflicts where datname = current_database()";
    await vi.waitUntil(async () => (await replica.query(conflicts)).rows[0].count > 0, { timeout: 20_000 });
  }, 60_000);
});
