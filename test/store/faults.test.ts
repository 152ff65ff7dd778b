// What goes wrong on a server in use: connections that are cut, deadlocks, wide tables, and strings that try to be SQL.
import { and, eq, sql } from "drizzle-orm";
import { drizzle, type NodePgDatabase } from "drizzle-orm/node-postgres";
import { integer, pgSchema, pgTable, primaryKey, text, vector } from "drizzle-orm/pg-core";
import fc from "fast-check";
import pg from "pg";
import { beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { DatabaseConflictError, DatabaseUnreachableError, DrizzleRagError, ReadOnlyDatabaseError } from "../../src/errors.ts";
import { collection } from "../../src/store/collection.ts";
import { chunkColumns, chunkIndexes } from "../../src/table/index.ts";
import { fakeEmbedder } from "../../src/testing/index.ts";
import { createTables, databaseName, freshDatabase, freshServerDatabase, onServer } from "../helpers/database.ts";
import { articleChunks, articles, dimensions } from "./tables.ts";

const embedder = fakeEmbedder({ dimensions });
const article = (i: number) => ({ slug: `s${i}`, title: `T${i}`, body: `All about topic${i}.`, lang: "en" });
const many = <T>(count: number, of: (i: number) => T) => Array.from({ length: count }, (_, i) => of(i));

describe.runIf(onServer)("a server in trouble", () => {
  let address: string;
  let pool: pg.Pool;
  let admin: pg.Client;
  let db: NodePgDatabase<Record<string, never>>;
  const docs = () =>
    collection(db, { documents: articles, text: articles.body, title: articles.title, chunks: articleChunks, embedder });

  beforeAll(async () => {
    const { url } = await freshServerDatabase();
    address = url;
    pool = new pg.Pool({ connectionString: url, max: 4 });
    pool.on("error", () => {});
    admin = new pg.Client({ connectionString: url });
    await admin.connect();
    db = drizzle(pool) as NodePgDatabase<Record<string, never>>;
    await db.execute(sql`create extension vector`);
    await createTables(db, { articles, articleChunks });
    return async () => {
      await admin.end();
      await pool.end();
    };
  });
  beforeEach(async () => {
    await db.delete(articles);
  });
  const cut = () =>
    admin.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()",
    );

  it("leaves whole documents or none when connections are cut during a load, and a second run completes it", async () => {
    const rows = many(900, article);
    let cuts = 0;
    for (let i = 0; i < 6; i++) {
      const timer = setTimeout(() => void cut(), 40 + 60 * i);
      const failure = await docs()
        .load(rows, { key: articles.slug })
        .then(
          () => undefined,
          (error: unknown) => error,
        );
      clearTimeout(timer);
      if (failure !== undefined) {
        cuts++;
        expect(failure).toBeInstanceOf(DatabaseUnreachableError);
      }
      const [broken] = (
        await db.execute(
          sql`select count(*)::int as count from articles a where not exists (select 1 from article_chunks c where c."articleId" = a.id)`,
        )
      ).rows;
      expect(broken).toEqual({ count: 0 });
    }
    expect(cuts).toBeGreaterThan(0);
    await docs().load(rows, { key: articles.slug });
    expect(await docs().count()).toBe(900);
    expect(await db.$count(articleChunks)).toBe(900);
  }, 120_000);

  it("names the loss of a connection while a batch is embedded, and the pool is usable after", async () => {
    await db.insert(articles).values(many(3, article));
    const cutting = collection(db, {
      documents: articles,
      text: articles.body,
      chunks: articleChunks,
      embedder: {
        ...embedder,
        embed: async (...args: Parameters<typeof embedder.embed>) => {
          await cut();
          return embedder.embed(...args);
        },
      },
    });
    await expect(cutting.backfill()).rejects.toThrow(DatabaseUnreachableError);
    expect(await docs().backfill()).toMatchObject({ documents: 3 });
    expect(await docs().search("topic1", { limit: 1 })).toHaveLength(1);
  });

  it("tries again after a deadlock, and says so where it may not", async () => {
    await docs().insert([article(1), article(2)]);
    let [first, second] = await docs().list({ orderBy: articles.slug });
    // Holds the one and then wants the other, against an update that goes the opposite way and has been told not to give way first.
    const opponent = async (work: () => Promise<unknown>) => {
      const rival = await pool.connect();
      await rival.query("begin; set local deadlock_timeout = '20s'");
      await rival.query("update articles set views = 1 where id = $1", [second?.id]);
      const outcome = work().then(
        () => undefined,
        (error: unknown) => error,
      );
      const waiting = "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
      await vi.waitUntil(async () => (await pool.query(waiting)).rowCount === 1, { timeout: 10_000 });
      // Granted once the other has given way.
      await rival.query("update articles set views = 1 where id = $1", [first?.id]);
      await rival.query("commit");
      rival.release();
      return outcome;
    };
    const deadlocks = async () => {
      // Statistics are told by a session once it is idle, or asked to.
      await pool.query("select pg_stat_force_next_flush()");
      return Number(
        (await pool.query("select deadlocks from pg_stat_database where datname = current_database()")).rows[0].deadlocks,
      );
    };
    const inTurn = async (tx: Parameters<Parameters<typeof db.transaction>[0]>[0]) => {
      await docs()
        .in(tx)
        .update({ lang: "de" }, eq(articles.id, first?.id as number));
      await docs()
        .in(tx)
        .update({ lang: "de" }, eq(articles.id, second?.id as number));
    };
    const outcome = await opponent(() => db.transaction(inTurn));
    expect(outcome).toBeInstanceOf(DatabaseConflictError);
    expect((outcome as DatabaseConflictError).retryable).toBe(true);
    expect(await docs().count(eq(articles.lang, "de"))).toBe(0);
    // One statement takes the rows as they lie.
    [first, second] = await docs().list({ orderBy: sql`articles.ctid` });
    expect(await opponent(() => docs().update({ lang: "de" }, { all: true }))).toBeUndefined();
    expect(await docs().count(eq(articles.lang, "de"))).toBe(2);
    await vi.waitUntil(async () => (await deadlocks()) === 2, { timeout: 10_000 });
  }, 30_000);

  it("reads where nothing may be written, as on a replica, and names the refusal of a write", async () => {
    await docs().insert(many(30, (i) => ({ ...article(i), body: `An article on topic${i}.` })));
    const replica = new pg.Pool({ connectionString: address, options: "-c default_transaction_read_only=on" });
    const reading = collection(drizzle(replica) as NodePgDatabase<Record<string, never>>, {
      documents: articles,
      text: articles.body,
      chunks: articleChunks,
      embedder,
    });
    for (const mode of ["vector", "keyword", "hybrid"] as const) {
      expect(await reading.search("topic7", { mode, limit: 1 })).toHaveLength(1);
      expect(await reading.search("article", { mode, limit: 50, where: eq(articles.lang, "en") })).toHaveLength(30);
      expect(await reading.as({ "app.tenant": "x" }).search("article", { mode, limit: 3 })).toHaveLength(3);
      expect(await reading.search("article", { mode }).explain({ analyze: true })).toContain("actual");
    }
    expect(await reading.count()).toBe(30);
    await expect(reading.insert(article(99))).rejects.toThrow(ReadOnlyDatabaseError);
    await expect(reading.delete(eq(articles.slug, "s1"))).rejects.toThrow(ReadOnlyDatabaseError);
    await replica.end();
  });

  it("makes a write again that lost against another", async () => {
    await docs().insert(many(2, article));
    await db.execute(
      sql.raw(`alter database ${new URL(address).pathname.slice(1)} set default_transaction_isolation = 'repeatable read'`),
    );
    const strict = new pg.Pool({ connectionString: address, max: 6 });
    const counting = collection(drizzle(strict) as NodePgDatabase<Record<string, never>>, {
      documents: articles,
      text: articles.body,
      chunks: articleChunks,
      embedder,
    });
    await Promise.all(many(6, () => counting.update({ views: sql`${articles.views} + 1` }, { all: true })));
    expect((await docs().list()).map(({ views }) => views)).toEqual([6, 6]);
    await strict.end();
  }, 30_000);
});

describe(`wide tables and hostile strings on ${databaseName}`, () => {
  const names = many(40, (i) => `c${i}`);
  const wide = pgTable(
    "wide",
    {
      tenant: text().notNull(),
      number: integer().notNull(),
      body: text().notNull(),
      ...(Object.fromEntries(names.map((name) => [name, integer()])) as Record<string, ReturnType<typeof integer>>),
      embedding: vector({ dimensions: 4 }).notNull(),
    },
    (t) => [primaryKey({ columns: [t.tenant, t.number] })],
  );
  const odd = pgSchema('odd "schema"; --');
  const oddNotes = odd.table(`no"te's; drop table x`, {
    id: text(`i"d'--`).primaryKey(),
    body: text(`bo"dy') or 1=1 --`).notNull(),
  });
  const oddChunks = odd.table(
    `chu"nks'`,
    { noteId: text(`note"id`).references(() => oddNotes.id, { onDelete: "cascade" }), ...chunkColumns({ dimensions }) },
    (t) => chunkIndexes(t),
  );
  let db: Awaited<ReturnType<typeof freshDatabase>>;
  beforeAll(async () => {
    db = await freshDatabase();
    await db.execute(sql`create schema ${sql.identifier('odd "schema"; --')}`);
    await createTables(db, { wide, articles, articleChunks });
    const quote = (name: string) => `"${name.replaceAll('"', '""')}"`;
    const schema = quote('odd "schema"; --');
    await db.execute(
      sql.raw(
        `create table ${schema}.${quote(`no"te's; drop table x`)} (${quote(`i"d'--`)} text primary key, ${quote(`bo"dy') or 1=1 --`)} text not null)`,
      ),
    );
    await db.execute(sql.raw(`create table ${schema}.${quote(`chu"nks'`)} (like article_chunks including all)`));
    await db.execute(
      sql.raw(`alter table ${schema}.${quote(`chu"nks'`)} drop column "articleId", add column ${quote(`note"id`)} text`),
    );
  });

  it("never sends more parameters than a statement may have, with a key of two columns", async () => {
    const docs = collection(db, {
      documents: wide,
      text: wide.body,
      embedder: fakeEmbedder({ dimensions: 4 }),
    });
    const row = (i: number) => ({
      tenant: `t${i % 3}`,
      number: i,
      body: `Row ${i}`,
      ...Object.fromEntries(names.map((name) => [name, i])),
    });
    expect((await docs.insert(many(1700, row) as never)).documents).toHaveLength(1700);
    const changed = many(2500, (i) => ({ ...row(i), body: i % 2 === 0 ? `Row ${i}` : `Now ${i}` }));
    const { documents, kept, embedded } = await docs.upsert(changed as never);
    expect([documents.length, kept, embedded]).toEqual([2500, 850, 1650]);
    expect(documents.map(({ number }) => number)).toEqual(many(2500, (i) => i));
    expect(await docs.count(eq(wide.body, "Now 1201"))).toBe(1);
  }, 120_000);

  it("keeps strings strings, wherever they go in", async () => {
    const docs = collection(db, {
      documents: articles,
      text: articles.body,
      title: articles.title,
      chunks: articleChunks,
      embedder,
    });
    await docs.insert({ ...article(0), slug: "stays" });
    const hostile = fc.oneof(
      fc.constantFrom(
        "'; drop table articles; --",
        "\\'; select 1; --",
        "a & b | !c <-> (d:*)",
        "$1",
        "':*",
        '"',
        "\\",
        "{}",
        "%s",
        "author' = 'x' or '1'='1' --",
        "_,%",
        "/*",
        "E'\\047",
      ),
      fc.string({ minLength: 1, maxLength: 30 }),
      fc.string({ unit: "binary", minLength: 1, maxLength: 20 }),
    );
    await fc.assert(
      fc.asyncProperty(hostile, hostile, async (one, other) => {
        const own = async (work: () => PromiseLike<unknown>) => {
          try {
            return await work();
          } catch (error) {
            // Refused in words of this package, such as for a NUL: never a statement that Postgres could not read.
            expect(error).toBeInstanceOf(DrizzleRagError);
            expect(String(error)).not.toMatch(/syntax error|unterminated/);
            return undefined;
          }
        };
        for (const mode of ["vector", "keyword", "hybrid"] as const) {
          await own(() =>
            docs.search(`${one} "${other}" -${one}`, {
              mode,
              where: and(eq(articles.lang, other), eq(articles.slug, one)) as never,
            }),
          );
        }
        await own(() => docs.list({ where: eq(articles.title, one) }));
        await own(() =>
          docs.upsert({ slug: `x${one}`, title: other, body: `${one} ${other}`, lang: other }, { key: articles.slug }),
        );
        const stored = (await own(() => docs.list({ where: eq(articles.slug, `x${one}`) }))) as { title: string }[] | undefined;
        if (stored !== undefined && stored.length > 0) expect(stored[0]?.title).toBe(other);
        await own(() => docs.update({ lang: other }, eq(articles.slug, `x${one}`)));
        await own(() => docs.delete(eq(articles.slug, `x${one}`)));
        expect(await docs.count()).toBe(1);
      }),
      { numRuns: 40 },
    );
  }, 120_000);

  it("takes a language as a value", async () => {
    const docs = collection(db, {
      documents: articles,
      text: articles.body,
      chunks: articleChunks,
      embedder,
      language: "english'); drop table articles; --",
    });
    await expect(docs.search("topic", { mode: "keyword" })).rejects.toThrow(DrizzleRagError);
    expect(await docs.count()).toBe(1);
  });

  it("quotes the names of tables and columns", async () => {
    const docs = collection(db, {
      documents: oddNotes,
      text: oddNotes.body,
      chunks: oddChunks,
      embedder,
    });
    const rows = many(150, (i) => ({ id: `n'${i}"`, body: `Note on topic${i}.` }));
    await docs.upsert(rows);
    expect((await docs.upsert(rows)).kept).toBe(150);
    for (const mode of ["vector", "keyword", "hybrid"] as const) {
      const [hit] = await docs.search("topic33", { mode, limit: 1, where: eq(oddNotes.id, `n'33"`) });
      expect(hit?.document).toEqual({ id: `n'33"`, body: "Note on topic33." });
    }
    expect(await docs.get(`n'7"`)).toEqual({ id: `n'7"`, body: "Note on topic7." });
    await db.insert(oddNotes).values({ id: "late", body: "Written by hand." });
    expect(await docs.backfill()).toMatchObject({ documents: 1 });
    expect(await docs.delete({ all: true })).toBe(151);
  }, 60_000);
});
