// Everything a collection does, through PgBouncer in transaction mode: each transaction may meet another session, and none keeps anything.
import { eq, sql } from "drizzle-orm";
import { drizzle, type NodePgDatabase } from "drizzle-orm/node-postgres";
import pg from "pg";
import { beforeAll, describe, expect, it } from "vitest";
import { collection } from "../../src/store/collection.ts";
import { fakeEmbedder } from "../../src/testing/index.ts";
import { createTables, freshServerDatabase, onServer } from "../helpers/database.ts";
import { findPooler, type Pooler, startPooler } from "../helpers/pooler.ts";
import { articleChunks, articles, dimensions } from "../store/tables.ts";

const installed = onServer && findPooler() !== undefined;
if (onServer && !installed) console.warn("The pooler's tests are left out: apt-get install -y pgbouncer");

const article = (i: number) => ({ slug: `s${i}`, title: `T${i}`, body: `All about topic${i}.`, lang: i % 2 === 0 ? "en" : "de" });
const many = <T>(count: number, of: (i: number) => T) => Array.from({ length: count }, (_, i) => of(i));
const modes = ["vector", "keyword", "hybrid"] as const;

describe.runIf(installed)("through PgBouncer in transaction mode, on a server", () => {
  let pooler: Pooler;
  let pool: pg.Pool;
  let db: NodePgDatabase;
  const docs = (namedStatements = false) =>
    collection(db, {
      documents: articles,
      text: articles.body,
      chunks: articleChunks,
      embedder: fakeEmbedder({ dimensions }),
      namedStatements,
    });

  beforeAll(async () => {
    const { url } = await freshServerDatabase();
    // Fewer sessions than clients, so that they are handed around.
    pooler = await startPooler(url, 3);
    pool = new pg.Pool({ connectionString: pooler.url, max: 8 });
    pool.on("error", () => {});
    db = drizzle(pool);
    await db.execute(sql`create extension vector`);
    await createTables(db, { articles, articleChunks });
    return async () => {
      await pool.end();
      await pooler.stop();
    };
  });

  it("goes through the whole life of documents", async () => {
    await docs().load(many(600, article), { key: articles.slug });
    expect(await docs().count()).toBe(600);
    expect(await docs().load(many(600, article), { key: articles.slug })).toMatchObject({ embedded: 0, kept: 600 });
    const { documents } = await docs().insert(article(600));
    expect(await docs().get(documents[0]?.id as number)).toMatchObject({ slug: "s600" });
    await docs().update({ body: "Quite another text." }, eq(articles.slug, "s600"));
    expect((await docs().search("Quite another text.", { limit: 1 }))[0]?.document.slug).toBe("s600");
    expect(await docs().delete(eq(articles.slug, "s600"))).toBe(1);
    await db.insert(articles).values(article(700));
    expect(await docs().backfill()).toMatchObject({ documents: 1 });
    await db.transaction(async (tx) => {
      await docs().in(tx).insert(article(701));
      expect(
        await docs()
          .in(tx)
          .search("topic701", { limit: 60, where: eq(articles.slug, "s701") }),
      ).toHaveLength(1);
    });
    expect(await docs().as({ "app.tenant": "x" }).count()).toBe(602);
  }, 60_000);

  it.each(modes)(
    "searches by %s, with and without settings, by many clients at once",
    async (mode) => {
      const collections = pooler.keepsStatements ? [docs(false), docs(true)] : [docs(false)];
      for (const those of collections) {
        await Promise.all(
          many(40, async (i) => {
            const wide = i % 2 === 0;
            const where = i % 3 === 0 ? { where: eq(articles.lang, "en") } : {};
            const hits = await those.search(`All about topic${i * 2}.`, { mode, limit: wide ? 120 : 5, ...where });
            expect(hits[0]?.document.slug).toBe(`s${i * 2}`);
            if (mode === "vector") expect(hits).toHaveLength(wide ? 120 : 5);
          }),
        );
      }
      expect(await docs().search("topic8", { mode, limit: 100 }).explain()).toContain("Limit");
    },
    60_000,
  );

  it("leaves no setting, no lock, no temporary table and no name of a tenant in a session", async () => {
    await docs().as({ "app.tenant": "x" }).search("topic1", { limit: 100 });
    await Promise.all(
      many(24, async () => {
        const { rows } = await db.execute(sql`
          select current_setting('hnsw.ef_search', true) as ef, current_setting('hnsw.iterative_scan', true) as scan,
                 current_setting('enable_indexscan') as indexscan, coalesce(current_setting('app.tenant', true), '') as tenant,
                 current_setting('idle_in_transaction_session_timeout') as idle,
                 (select count(*)::int from pg_locks where locktype = 'advisory') as locks,
                 (select count(*)::int from pg_class where relpersistence = 't') as tables, pg_sleep(0.01)::text as slept`);
        expect({ ...rows[0], ef: rows[0]?.ef ?? "40", scan: rows[0]?.scan ?? "off" }).toEqual({
          ef: "40",
          scan: "off",
          indexscan: "on",
          tenant: "",
          idle: "0",
          locks: 0,
          tables: 0,
          slept: "",
        });
      }),
    );
  });
});
