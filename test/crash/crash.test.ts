// A server that is killed while it writes: whole documents or none are there when it is back, and a second run completes the rest.
import { sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/node-postgres";
import pg from "pg";
import { beforeAll, describe, expect, inject, it } from "vitest";
import { DatabaseUnreachableError } from "../../src/errors.ts";
import { collection } from "../../src/store/collection.ts";
import { fakeEmbedder } from "../../src/testing/index.ts";
import { createTables, onServer } from "../helpers/database.ts";
import { canStartServers, type OwnServer, startOwnServer } from "../helpers/own-server.ts";
import { articleChunks, articles, dimensions } from "../store/tables.ts";

const possible = onServer && canStartServers(inject("server"));
if (onServer && !possible)
  console.warn("The killed server's tests are left out: they need the server of scripts/debian-postgres.sh.");

describe.runIf(possible)("a server that is killed", () => {
  let server: OwnServer;
  let pool: pg.Pool;

  beforeAll(async () => {
    server = await startOwnServer();
    pool = new pg.Pool({ connectionString: server.url, max: 4 });
    pool.on("error", () => {});
    const db = drizzle(pool);
    await db.execute(sql`create extension vector`);
    await createTables(db, { articles, articleChunks });
    return async () => {
      await pool.end();
      await server.stop();
    };
  }, 180_000);

  it("leaves whole documents or none of a load, and a second run completes it over the same pool", async () => {
    const db = drizzle(pool);
    const docs = collection(db, {
      documents: articles,
      text: articles.body,
      chunks: articleChunks,
      embedder: fakeEmbedder({ dimensions }),
    });
    const count = 4000;
    const rows = (note: (i: number) => void) =>
      (function* () {
        for (let i = 0; i < count; i++) {
          note(i);
          yield { slug: `s${i}`, title: `T${i}`, body: `All about topic${i}.\n\nAnd more of it.`, lang: "en" };
        }
      })();
    let reached!: () => void;
    const midway = new Promise<void>((resolve) => {
      reached = resolve;
    });
    const loading = docs
      .load(
        rows((i) => i === 1500 && reached()),
        { key: articles.slug },
      )
      .then(
        () => undefined,
        (error: unknown) => error,
      );
    await midway;
    await server.kill();
    expect(await loading).toBeInstanceOf(DatabaseUnreachableError);
    await expect(docs.count()).rejects.toThrow(DatabaseUnreachableError);
    await server.restart();
    const kept = await docs.count();
    expect(kept).toBeGreaterThan(0);
    expect(kept).toBeLessThan(count);
    const broken = await db.execute(
      sql`select count(*)::int as count from articles a where not exists (select 1 from article_chunks c where c."articleId" = a.id)`,
    );
    expect(broken.rows).toEqual([{ count: 0 }]);
    const again = await docs.load(
      rows(() => {}),
      { key: articles.slug },
    );
    // Each document is one passage; what was there is not embedded again.
    expect(again).toMatchObject({ documents: count, kept });
    expect(await docs.count()).toBe(count);
    expect(await db.$count(articleChunks)).toBe(count);
    expect((await docs.indexes.status()).indexes.every(({ state }) => state === "valid")).toBe(true);
    expect(await docs.search("topic3999", { limit: 1 })).toMatchObject([{ document: { slug: "s3999" } }]);
  }, 120_000);
});
