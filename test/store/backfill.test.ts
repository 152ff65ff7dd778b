// Tables with years of rows: backfill finds what is missing, in batches, stopped and run again, by several at once.
import { eq, inArray } from "drizzle-orm";
import { integer, pgTable, primaryKey, text, vector } from "drizzle-orm/pg-core";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ConfigurationError, InputError } from "../../src/errors.ts";
import { collection } from "../../src/store/collection.ts";
import { fakeEmbedder } from "../../src/testing/index.ts";
import { createTables, databaseName, freshDatabase, onServer } from "../helpers/database.ts";
import { articleChunks, articles, dimensions } from "./tables.ts";

/** A table that was given its vector later, with a key of two columns. */
const items = pgTable(
  "old items",
  {
    shop: text().notNull(),
    number: integer("the number").notNull(),
    name: text().notNull(),
    vector: vector({ dimensions }),
    hash: text(),
  },
  (t) => [primaryKey({ columns: [t.shop, t.number] })],
);

let db: Awaited<ReturnType<typeof freshDatabase>>;
beforeAll(async () => {
  db = await freshDatabase();
  await createTables(db, { articles, articleChunks, items });
});
beforeEach(async () => {
  await db.delete(articles);
  await db.delete(items);
});

const article = (i: number) => ({ slug: `s${i}`, title: `T${i}`, body: `All about topic${i}.`, lang: "en" });
const item = (i: number) => ({ shop: i % 2 === 0 ? "north" : "south", number: i, name: `thing ${i}` });
const many = <T>(count: number, of: (i: number) => T) => Array.from({ length: count }, (_, i) => of(i));

/** Each that is made of it comes once so many have come. */
function meeting(size: number) {
  let come = () => {};
  const all = new Promise<void>((resolve) => {
    come = resolve;
  });
  return () => async () => {
    size--;
    if (size <= 0) come();
    await all;
  };
}

function setUp(id = "fake", arrive: () => Promise<void> = async () => {}) {
  const inner = fakeEmbedder({ dimensions });
  const embedded: string[] = [];
  let arrived: Promise<void> | undefined;
  const embedder = {
    ...inner,
    id,
    embed: async (...args: Parameters<typeof inner.embed>) => {
      arrived ??= arrive();
      await arrived;
      embedded.push(...args[0]);
      return inner.embed(...args);
    },
  };
  const docs = collection(db, { documents: articles, text: articles.body, chunks: articleChunks, embedder });
  const plain = collection(db, { documents: items, text: items.name, embedder });
  const hashed = collection(db, { documents: items, text: items.name, embedder, hash: items.hash });
  return { docs, plain, hashed, embedded, embedder };
}

describe(`backfill on ${databaseName}`, () => {
  it("makes the passages of documents that have none, and leaves the others alone", async () => {
    const { docs, embedded } = setUp();
    await docs.insert(many(5, article));
    await db.insert(articles).values(many(250, (i) => article(i + 5)));
    await db.insert(articles).values({ ...article(999), body: " \n" });
    const seen: { done: number; total: number }[] = [];
    embedded.length = 0;
    const result = await docs.backfill({ batch: 60, onProgress: ({ done, total }) => seen.push({ done, total }) });
    expect(result).toEqual({ documents: 250, embedded: 250, skipped: 1 });
    expect(seen).toEqual([60, 120, 180, 240, 251].map((done) => ({ done, total: 251 })));
    expect(embedded).toHaveLength(250);
    expect((await docs.search("topic77", { limit: 1 }))[0]?.document.slug).toBe("s77");
    expect(await docs.backfill()).toEqual({ documents: 0, embedded: 0, skipped: 1 });
    expect(await db.$count(articleChunks)).toBe(255);
  });

  it("fills vectors that are NULL, in the order of a key of two columns", async () => {
    const { plain } = setUp();
    await db.insert(items).values(many(130, item));
    expect(await plain.search("thing 7", { limit: 3 })).toEqual([]);
    expect(await plain.backfill({ batch: 20, concurrency: 3 })).toEqual({ documents: 130, embedded: 130, skipped: 0 });
    expect((await plain.search("thing 7", { limit: 1 }))[0]?.document).toMatchObject({ number: 7 });
    expect(await plain.backfill()).toEqual({ documents: 0, embedded: 0, skipped: 0 });
  });

  it("notices another text and another embedder by the hash", async () => {
    const { hashed } = setUp();
    await db.insert(items).values(many(30, item));
    expect(await hashed.backfill({ batch: 7 })).toMatchObject({ documents: 30, embedded: 30 });
    await db.update(items).set({ name: "changed" }).where(eq(items.number, 3));
    expect(await hashed.backfill({ batch: 7 })).toMatchObject({ documents: 1, embedded: 1 });
    expect((await hashed.search("changed", { limit: 1 }))[0]?.document).toMatchObject({ number: 3 });
    expect(await setUp("another").hashed.backfill({ batch: 7 })).toMatchObject({ documents: 30, embedded: 30 });
  });

  it("embeds again the passages that another embedder made", async () => {
    await setUp().docs.insert(many(20, article));
    await db.insert(articles).values(article(20));
    const { docs } = setUp("another");
    expect(await docs.backfill({ batch: 6 })).toEqual({ documents: 21, embedded: 21, skipped: 0 });
    const made = await db.select({ by: articleChunks.embedder }).from(articleChunks);
    expect(made.map(({ by }) => by)).toEqual(Array(21).fill("another"));
  });

  it("is shared by two that run at once: nothing is embedded twice", async () => {
    await db.insert(articles).values(many(200, article));
    await db.insert(items).values(many(200, item));
    // Neither goes on before both are at it. Embedded Postgres runs one transaction at a time, so there they would wait for ever.
    const both = meeting(onServer ? 2 : 1);
    const [one, other] = [setUp("fake", both()), setUp("fake", both())];
    const results = await Promise.all([one, other].map(({ docs }) => docs.backfill({ batch: 10, concurrency: 2 })));
    expect(results.map(({ documents }) => documents).reduce((a, b) => a + b)).toBe(200);
    expect(await db.$count(articleChunks)).toBe(200);
    expect([...one.embedded, ...other.embedded].sort()).toEqual(many(200, (i) => article(i).body).sort());
    // Embedded Postgres runs one transaction at a time, so there the first may do it all.
    if (onServer) expect(one.embedded.length * other.embedded.length).toBeGreaterThan(0);
    const again = await Promise.all([one, other].map(({ hashed }) => hashed.backfill({ batch: 10 })));
    expect(again.map(({ embedded }) => embedded).reduce((a, b) => a + b)).toBe(200);
  });

  it("keeps whole batches when it is stopped or fails, and goes on from there", async () => {
    const { docs, embedder } = setUp();
    await db.insert(articles).values(many(100, article));
    const controller = new AbortController();
    const stop = ({ done }: { done: number }) => {
      if (done === 30) controller.abort(new Error("enough"));
    };
    await expect(docs.backfill({ batch: 10, signal: controller.signal, onProgress: stop })).rejects.toThrow("enough");
    expect(await db.$count(articleChunks)).toBe(30);
    const failing = collection(db, {
      documents: articles,
      text: articles.body,
      chunks: articleChunks,
      embedder: {
        ...embedder,
        embed: async (...args: Parameters<typeof embedder.embed>) => {
          if (args[0].some((text) => text.includes("topic55"))) throw new Error("no answer");
          return embedder.embed(...args);
        },
      },
    });
    await expect(failing.backfill({ batch: 10 })).rejects.toThrow("no answer");
    expect(await db.$count(articleChunks)).toBe(50);
    expect(await docs.backfill({ batch: 10 })).toMatchObject({ documents: 50, embedded: 50 });
    expect(await db.$count(articleChunks)).toBe(100);
  });

  it("takes a row that changes or goes while its vector is made", async () => {
    await db.insert(articles).values(many(4, article));
    const inner = fakeEmbedder({ dimensions });
    let first = true;
    const changing = collection(db, {
      documents: articles,
      text: articles.body,
      chunks: articleChunks,
      embedder: {
        ...inner,
        embed: async (...args: Parameters<typeof inner.embed>) => {
          // On embedded Postgres nobody else gets a turn meanwhile.
          if (first && onServer) {
            await db.update(articles).set({ body: "Quite another text." }).where(eq(articles.slug, "s1"));
            await db.delete(articles).where(inArray(articles.slug, ["s2"]));
          }
          first = false;
          return inner.embed(...args);
        },
      },
    });
    await changing.backfill();
    const rows = await db
      .select({ body: articles.body, text: articleChunks.text })
      .from(articles)
      .innerJoin(articleChunks, eq(articleChunks.articleId, articles.id));
    expect(rows.every(({ body, text }) => body === text)).toBe(true);
    expect(rows).toHaveLength(onServer ? 3 : 4);
  });

  it("refuses what cannot be meant", async () => {
    const { docs } = setUp();
    await expect(docs.backfill({ batch: 0 })).rejects.toThrow(InputError);
    await expect(docs.backfill({ concurrency: 1.5 })).rejects.toThrow(InputError);
    await db.insert(items).values(item(1));
    const without = collection(db, { documents: items, text: items.name });
    await expect(without.backfill()).rejects.toThrow(ConfigurationError);
  });
});
