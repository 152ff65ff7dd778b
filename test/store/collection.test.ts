// What users rely on when they write and read documents; the same on embedded Postgres and on a server.
import { and, eq, gt, sql } from "drizzle-orm";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ConfigurationError, ConstraintError, InputError, InvalidTextError } from "../../src/errors.ts";
import { collection } from "../../src/store/collection.ts";
import { fakeEmbedder } from "../../src/testing/index.ts";
import { createTables, databaseName, freshDatabase } from "../helpers/database.ts";
import { articleChunks, articles, dimensions, notes, pageChunks, pages, wiki } from "./tables.ts";

type Db = Awaited<ReturnType<typeof freshDatabase>>;
let db: Db;

beforeAll(async () => {
  db = await freshDatabase();
  await createTables(db, { articles, articleChunks, notes, wiki, pages, pageChunks });
});

const paragraph = (topic: string, sentences = 3) =>
  Array.from({ length: sentences }, (_, i) => `Sentence ${i} about ${topic} says something of ${topic}.`).join(" ");
const article = (slug: string, ...topics: string[]) => ({
  slug,
  title: `On ${topics[0]}`,
  body: topics.map((topic) => `## ${topic}\n\n${paragraph(topic, 12)}`).join("\n\n"),
  lang: "en",
});

function setUp() {
  const failures: Record<number, Error> = {};
  const embedder = fakeEmbedder({ dimensions, failures });
  const failNext = (error: Error) => {
    failures[embedder.calls.length] = error;
  };
  const docs = collection(db, {
    documents: articles,
    text: articles.body,
    title: articles.title,
    source: articles.slug,
    format: "markdown",
    chunks: articleChunks,
    embedder,
  });
  return { embedder, docs, failNext };
}

const chunksOf = (slug: string) =>
  db
    .select({
      ordinal: articleChunks.ordinal,
      text: articleChunks.text,
      start: articleChunks.start,
      end: articleChunks.end,
      hash: articleChunks.hash,
      id: articleChunks.id,
      headings: articleChunks.headings,
    })
    .from(articleChunks)
    .innerJoin(articles, eq(articles.id, articleChunks.articleId))
    .where(eq(articles.slug, slug))
    .orderBy(articleChunks.ordinal);

describe(`documents with chunks, on ${databaseName}`, () => {
  beforeEach(async () => {
    await db.delete(articles);
  });

  it("inserts a document with its chunks, each an exact slice of the text with its headings", async () => {
    const { docs, embedder } = setUp();
    const written = await docs.insert(article("a", "tea", "coffee"));
    const [stored] = written.documents;
    expect(stored).toMatchObject({ slug: "a", title: "On tea", views: 0 });
    const chunks = await chunksOf("a");
    expect(chunks.length).toBeGreaterThan(0);
    expect(written).toMatchObject({ embedded: chunks.length, kept: 0, removed: 0 });
    for (const [i, chunk] of chunks.entries()) {
      expect(chunk.ordinal).toBe(i);
      expect(chunk.text).toBe(stored?.body.slice(chunk.start, chunk.end));
      expect(chunk.headings[0]).toBe("On tea");
    }
    expect(embedder.calls.flatMap((call) => call.texts)).toHaveLength(chunks.length);
  });

  it("returns many documents in the order they were given", async () => {
    const { docs } = setUp();
    const slugs = Array.from({ length: 30 }, (_, i) => `s${(i * 7) % 30}`);
    const written = await docs.insert(slugs.map((slug) => article(slug, slug)));
    expect(written.documents.map((row) => row.slug)).toEqual(slugs);
    const again = await docs.upsert(
      slugs.map((slug) => article(slug, slug)),
      { key: articles.slug },
    );
    expect(again.documents.map((row) => row.slug)).toEqual(slugs);
    expect(again.embedded).toBe(0);
  });

  it("embeds nothing when the same is upserted again, and keeps the chunks' rows", async () => {
    const { docs, embedder } = setUp();
    await docs.upsert(article("a", "tea", "coffee", "milk"), { key: articles.slug });
    const before = await chunksOf("a");
    const calls = embedder.calls.length;
    const again = await docs.upsert(article("a", "tea", "coffee", "milk"), { key: articles.slug });
    expect(again).toMatchObject({ embedded: 0, kept: before.length, removed: 0 });
    expect(embedder.calls.length).toBe(calls);
    expect(await chunksOf("a")).toEqual(before);
  });

  it("embeds only the passages that changed, and moves the ones behind them", async () => {
    const { docs } = setUp();
    const topics = ["tea", "coffee", "milk", "water"];
    const long = (names: string[]) => ({
      ...article("a", "tea"),
      body: names.map((topic) => `## ${topic}\n\n${paragraph(topic, 40)}`).join("\n\n"),
    });
    await docs.upsert(long(topics), { key: articles.slug });
    const before = await chunksOf("a");
    const result = await docs.upsert(long(["tea", "cocoa", "coffee", "milk", "water"]), { key: articles.slug });
    const after = await chunksOf("a");
    expect(result.embedded).toBeLessThan(after.length / 2);
    expect(result.kept).toBe(before.length - result.removed);
    const [stored] = result.documents;
    for (const chunk of after) expect(chunk.text).toBe(stored?.body.slice(chunk.start, chunk.end));
    expect(after.map((chunk) => chunk.ordinal)).toEqual(after.map((_, i) => i));
  });

  it("keeps what an upsert does not mention", async () => {
    const { docs } = setUp();
    await docs.insert({ ...article("a", "tea"), views: 7 });
    const { documents } = await docs.upsert({ ...article("a", "milk") }, { key: articles.slug });
    expect(documents[0]).toMatchObject({ views: 7, title: "On milk" });
  });

  it("updates by condition, with values and with SQL, and embeds again only when the text changed", async () => {
    const { docs, embedder } = setUp();
    await docs.insert([article("a", "tea"), article("b", "milk")]);
    const calls = embedder.calls.length;
    expect(await docs.update({ views: sql`${articles.views} + 1` }, eq(articles.slug, "a"))).toMatchObject({ embedded: 0 });
    expect(embedder.calls.length).toBe(calls);
    const changed = await docs.update({ body: "Quite another text." }, eq(articles.slug, "a"));
    expect(changed.documents).toMatchObject([{ slug: "a", views: 1, body: "Quite another text." }]);
    expect(changed.embedded).toBe(1);
    expect((await chunksOf("a")).map((chunk) => chunk.text)).toEqual(["Quite another text."]);
    const bySql = await docs.update({ body: sql`${articles.body} || ' And more.'` }, eq(articles.slug, "a"));
    expect(bySql.embedded).toBe(1);
    expect((await chunksOf("a")).map((chunk) => chunk.text)).toEqual(["Quite another text. And more."]);
  });

  it("deletes by condition with all chunks", async () => {
    const { docs } = setUp();
    await docs.insert([article("a", "tea"), { ...article("b", "milk"), lang: "de" }]);
    expect(await docs.delete(eq(articles.lang, "de"))).toBe(1);
    expect(await chunksOf("b")).toEqual([]);
    expect(await docs.count()).toBe(1);
    expect(await docs.delete({ all: true })).toBe(1);
    expect(await db.select().from(articleChunks)).toEqual([]);
  });

  it("refuses to update or delete everything by accident", async () => {
    const { docs } = setUp();
    await docs.insert(article("a", "tea"));
    await expect(docs.delete(undefined as never)).rejects.toThrow(InputError);
    await expect(docs.delete(and() as never)).rejects.toThrow(/every row/);
    await expect(docs.delete(eq(articles.lang, undefined as never))).rejects.toThrow(/undefined/);
    await expect(docs.update({ lang: "x" }, undefined as never)).rejects.toThrow(InputError);
    expect(await docs.count()).toBe(1);
  });

  it("gets, lists and counts", async () => {
    const { docs } = setUp();
    const { documents } = await docs.insert(["a", "b", "c"].map((slug) => article(slug, slug)));
    expect(await docs.get(documents[1]?.id as number)).toEqual(documents[1]);
    expect(await docs.get(-1)).toBeUndefined();
    expect((await docs.list({ where: gt(articles.slug, "a"), limit: 1, offset: 1 })).map((row) => row.slug)).toEqual(["c"]);
    expect(await docs.count(gt(articles.slug, "a"))).toBe(2);
  });

  it("works inside the user's transaction, and goes with it", async () => {
    const { docs } = setUp();
    await expect(
      db.transaction(async (tx) => {
        await docs.in(tx).insert(article("gone", "tea"));
        expect(await docs.in(tx).search("tea", { limit: 1 })).toHaveLength(1);
        throw new Error("changed my mind");
      }),
    ).rejects.toThrow("changed my mind");
    expect(await docs.count()).toBe(0);
    await db.transaction(async (tx) => {
      await docs.in(tx).insert(article("stays", "tea"));
      await docs.in(tx).update({ body: "Short." }, eq(articles.slug, "stays"));
    });
    expect((await chunksOf("stays")).map((chunk) => chunk.text)).toEqual(["Short."]);
  });

  it("writes nothing when the embedder fails, and completes on the next try", async () => {
    const { docs, failNext } = setUp();
    failNext(new Error("no answer"));
    await expect(docs.insert(article("a", "tea"))).rejects.toThrow("no answer");
    expect(await docs.count()).toBe(0);
    await docs.insert(article("a", "tea"));
    expect(await docs.count()).toBe(1);
    failNext(new Error("no answer"));
    await expect(docs.upsert(article("a", "milk"), { key: articles.slug })).rejects.toThrow("no answer");
    expect((await docs.search("tea", { limit: 1 }))[0]?.text).toContain("tea");
  });

  it("names row, field and remedy of bad input, and writes nothing", async () => {
    const { docs } = setUp();
    const good = article("a", "tea");
    await expect(docs.insert([good, { ...article("b", "x"), body: "" }])).rejects.toThrow(
      /row 1, field "body": The text is empty/,
    );
    await expect(docs.insert([good, { ...article("b", "x"), body: "a\0b" }])).rejects.toThrow(
      /row 1, field "body": .*NUL.*offset 1/,
    );
    await expect(docs.insert([good, { ...article("b", "x"), title: "half \ud83d" }])).rejects.toThrow(
      /row 1, field "title": .*surrogate/,
    );
    await expect(docs.insert([{ ...good, body: 5 as never }])).rejects.toThrow(InvalidTextError);
    await expect(docs.upsert([good, article("b", "x"), good], { key: articles.slug })).rejects.toThrow(/row 2.*same key.*row 0/);
    await expect(docs.upsert({ ...good, slug: undefined as never }, { key: articles.slug })).rejects.toThrow(
      /row 0, field "slug"/,
    );
    await docs.insert(good);
    await expect(docs.insert([article("c", "x"), good])).rejects.toThrow(ConstraintError);
    expect(await docs.count()).toBe(1);
  });

  it("lets two writers upsert the same documents in opposite order", async () => {
    const { docs } = setUp();
    const rows = Array.from({ length: 12 }, (_, i) => article(`s${i}`, `topic${i}`));
    await Promise.all([
      docs.upsert(rows, { key: articles.slug }),
      docs.upsert([...rows].reverse(), { key: articles.slug }),
      docs.upsert(
        rows.map((row) => ({ ...row, body: `${row.body}\n\nAnd more.` })),
        { key: articles.slug },
      ),
    ]);
    expect(await docs.count()).toBe(12);
    for (const row of rows) {
      const [stored] = await docs.list({ where: eq(articles.slug, row.slug) });
      for (const chunk of await chunksOf(row.slug)) expect(stored?.body.slice(chunk.start, chunk.end)).toBe(chunk.text);
    }
  });

  it("stops when told to, and leaves nothing behind", async () => {
    const { docs } = setUp();
    const controller = new AbortController();
    const signal = controller.signal;
    await expect(
      docs.insert(article("a", "tea"), { signal, onProgress: () => controller.abort(new Error("enough")) }),
    ).rejects.toThrow("enough");
    expect(await docs.count()).toBe(0);
  });

  it("writes more rows than one statement can hold", async () => {
    const { docs } = setUp();
    const rows = Array.from({ length: 2100 }, (_, i) => ({ ...article(`m${i}`, "x"), body: `Number ${i}.` }));
    expect((await docs.insert(rows)).documents).toHaveLength(2100);
    expect((await docs.upsert(rows, { key: articles.slug })).kept).toBe(2100);
  }, 60_000);
});

describe(`one vector a row, on ${databaseName}`, () => {
  const setUpNotes = () => {
    const embedder = fakeEmbedder({ dimensions });
    return { embedder, docs: collection(db, { documents: notes, text: notes.content, embedder }) };
  };
  beforeEach(async () => {
    await db.delete(notes);
  });

  it("fills the vector, and makes a new one only for another text", async () => {
    const { docs, embedder } = setUpNotes();
    const { documents } = await docs.insert([{ content: "rain" }, { content: "sun", mood: "good" }]);
    expect(documents[1]).toMatchObject({ content: "sun", mood: "good" });
    expect(documents[0]).not.toHaveProperty("vector");
    const calls = embedder.calls.length;
    const same = await docs.upsert(documents.map(({ id, content }) => ({ id, content, mood: "calm" })));
    expect(same).toMatchObject({ embedded: 0, kept: 2 });
    expect(embedder.calls.length).toBe(calls);
    const changed = await docs.upsert([{ id: documents[0]?.id as string, content: "snow" }]);
    expect(changed).toMatchObject({ embedded: 1, kept: 0 });
    expect((await docs.search("snow", { limit: 1 }))[0]).toMatchObject({
      text: "snow",
      score: expect.closeTo(1),
      chunk: undefined,
      document: { mood: "calm" },
    });
    expect(await docs.update({ mood: "bad" }, { all: true })).toMatchObject({ embedded: 0 });
    expect(await docs.update({ content: "hail" }, eq(notes.content, "snow"))).toMatchObject({ embedded: 1 });
    expect((await docs.search("hail", { limit: 1, mode: "vector" }))[0]?.score).toBeCloseTo(1);
  });

  it("takes rows that bring their vectors, and needs no embedder for them", async () => {
    const docs = collection(db, { documents: notes, text: notes.content });
    const vector = new Float32Array(dimensions).fill(0.5);
    await docs.insert({ content: "given", vector });
    expect((await docs.search(vector))[0]).toMatchObject({ text: "given", score: expect.closeTo(1) });
    await expect(docs.insert({ content: "none" })).rejects.toThrow(ConfigurationError);
    await expect(docs.search("words", { mode: "vector" })).rejects.toThrow(/embedder/);
    await expect(
      docs.insert([
        { content: "a", vector },
        { content: "b", vector: [1, 2] },
      ]),
    ).rejects.toThrow(/row 1, field "vector".* 2 dimensions/);
    await expect(docs.insert({ content: "b", vector: new Float32Array(dimensions) })).rejects.toThrow(/zeros/);
    await expect(docs.insert({ content: "b", vector: new Float32Array(dimensions).fill(Number.NaN) })).rejects.toThrow(/NaN/);
    expect(await docs.count()).toBe(1);
  });

  it("names the model whose vectors are there when one of another has other dimensions", async () => {
    const docs = collection(db, { documents: notes, text: notes.content, embedder: fakeEmbedder({ dimensions }) });
    const other = new Float32Array(3).fill(1);
    const both = new RegExp(`3 dimensions, the column holds ${dimensions}, those of "fake`);
    await expect(docs.search(other)).rejects.toThrow(both);
    await expect(docs.insert({ content: "b", vector: other })).rejects.toThrow(both);
    const lying = {
      ...fakeEmbedder({ dimensions }),
      id: "model-b",
      embed: async (texts: readonly string[]) => texts.map(() => other),
    };
    const liar = collection(db, { documents: notes, text: notes.content, embedder: lying });
    await expect(liar.search("x", { mode: "vector" })).rejects.toThrow(/"model-b" gives 3 dimensions/);
  });
});

describe(`composite keys in a schema of their own, on ${databaseName}`, () => {
  it("goes through the whole life of a document", async () => {
    const embedder = fakeEmbedder({ dimensions });
    const docs = collection(db, {
      documents: pages,
      text: (row) => row.body,
      chunks: pageChunks,
      embedder,
      reference: [
        [pageChunks.tenant, pages.tenant],
        [pageChunks.page, pages.page],
      ],
    });
    await docs.insert([
      { tenant: "x", page: 1, body: "Ducks swim." },
      { tenant: "y", page: 1, body: "Ducks fly." },
    ]);
    const again = await docs.upsert([
      { tenant: "x", page: 1, body: "Ducks swim." },
      { tenant: "y", page: 1, body: "Ducks fly high." },
    ]);
    expect(again).toMatchObject({ embedded: 1, kept: 1, removed: 1 });
    const hits = await docs.search("ducks", { where: eq(pageChunks.tenant, "y") });
    expect(hits.map((hit) => hit.text)).toEqual(["Ducks fly high."]);
    expect(hits[0]?.document).toEqual({ tenant: "y", page: 1, body: "Ducks fly high." });
    expect(await docs.get({ tenant: "x", page: 1 })).toMatchObject({ body: "Ducks swim." });
    await expect(docs.get(1)).rejects.toThrow(/tenant, page/);
    expect(await docs.delete(eq(pages.tenant, "x"))).toBe(1);
    expect(await db.select({ tenant: pageChunks.tenant }).from(pageChunks)).toEqual([{ tenant: "y" }]);
  });
});

describe("tables that do not fit", () => {
  const embedder = fakeEmbedder({ dimensions });
  it("says what does not fit, and what would", () => {
    expect(() => collection(db, { documents: articles, text: articles.body, embedder })).toThrow(
      /"articles" has no vector column/,
    );
    expect(() => collection(db, { documents: articles, text: articles.body, chunks: pageChunks, embedder })).toThrow(
      /no foreign key/,
    );
    expect(() => collection(db, { documents: articles, text: articles.body, chunks: notes, embedder })).toThrow(
      /spread chunkColumns/,
    );
    expect(() => collection(db, { documents: articles, text: notes.content, chunks: articleChunks, embedder })).toThrow(
      /not a column of table "articles"/,
    );
    expect(() =>
      collection(db, {
        documents: articles,
        text: articles.body,
        chunks: articleChunks,
        embedder: fakeEmbedder({ dimensions: 3 }),
      }),
    ).toThrow(/holds 64 dimensions, the embedder .* gives 3/);
  });
});

describe(`loading, on ${databaseName}`, () => {
  const indexes = async () => {
    const { indexes } = await setUp().docs.indexes.status();
    return indexes.filter(({ kind, state }) => kind === "hnsw" && state === "valid").map(({ name }) => name);
  };
  const rowsOf = function* (count: number) {
    for (let i = 0; i < count; i++) yield { ...article(`l${i}`, "x"), body: `Number ${i} of many.` };
  };
  beforeEach(async () => {
    await db.delete(articles);
  });

  it("takes an async iterable of any length, with the index there before and after", async () => {
    const { docs } = setUp();
    const states: boolean[] = [];
    async function* source() {
      yield* rowsOf(900);
    }
    expect(await docs.load(source(), { onProgress: ({ building }) => states.push(building) })).toMatchObject({
      documents: 900,
      embedded: 900,
    });
    expect(states.at(-1)).toBe(true);
    expect(await indexes()).toEqual(["article_chunks_embedding_idx"]);
    const again = await docs.load(rowsOf(900), { key: articles.slug });
    expect(again).toMatchObject({ documents: 900, embedded: 0, kept: 900 });
    expect(await docs.count()).toBe(900);
  }, 60_000);

  it("keeps whole batches when the source fails, and builds the index all the same", async () => {
    const { docs } = setUp();
    async function* source() {
      yield* rowsOf(650);
      throw new Error("the disk is gone");
    }
    await expect(docs.load(source(), { key: articles.slug })).rejects.toThrow("the disk is gone");
    expect(await docs.count()).toBeGreaterThan(0);
    expect(await indexes()).toEqual(["article_chunks_embedding_idx"]);
    const { documents } = await docs.load(rowsOf(700), { key: articles.slug });
    expect(documents).toBe(700);
    expect(await docs.count()).toBe(700);
  });

  it("is what insert and upsert do with rows that come one by one", async () => {
    const { docs } = setUp();
    async function* source() {
      yield* rowsOf(450);
    }
    expect(await docs.insert(rowsOf(450))).toMatchObject({ documents: 450, embedded: 450 });
    expect(await docs.upsert(source(), { key: articles.slug })).toMatchObject({ documents: 450, embedded: 0, kept: 450 });
    const seen = new Set([...rowsOf(3)].map((row) => ({ ...row, views: 9 })));
    expect(await docs.upsert(seen, { key: articles.slug })).toMatchObject({ documents: 3, kept: 3 });
    expect(await docs.count(eq(articles.views, 9))).toBe(3);
    expect(await docs.count()).toBe(450);
  });

  it("refuses settings of the build before it reads a row", async () => {
    let read = 0;
    function* source() {
      read++;
      yield* rowsOf(1);
    }
    const { docs } = setUp();
    await expect(docs.load(source(), { maintenanceWorkMem: "lots" })).rejects.toThrow(/field "maintenanceWorkMem"/);
    await expect(docs.load(source(), { parallelWorkers: -1 })).rejects.toThrow(/field "parallelWorkers"/);
    expect(read).toBe(0);
    expect(await docs.load(rowsOf(700), { maintenanceWorkMem: "64MB", parallelWorkers: 0 })).toMatchObject({ documents: 700 });
  });

  it("writes each row as it came, over many batches", async () => {
    await db.delete(notes);
    const docs = collection(db, { documents: notes, text: notes.content });
    const count = 14_000;
    const vector = (i: number) => Float32Array.from({ length: dimensions }, (_, k) => 1 + ((i * 31 + k * 7) % 1000));
    const content = (i: number) => `note ${i} ${"x".repeat(i % 50)}`;
    const rows = function* () {
      for (let i = 0; i < count; i++) yield { content: content(i), vector: vector(i) };
    };
    expect(await docs.load(rows())).toMatchObject({ documents: count, embedded: 0 });
    const stored = await db.select({ content: notes.content, vector: notes.vector }).from(notes);
    const numberOf = (row: { content: string }) => Number(row.content.split(" ")[1]);
    const wrong = stored.filter((row) => {
      const i = numberOf(row);
      return row.content !== content(i) || row.vector.join() !== vector(i).join();
    });
    expect(new Set(stored.map(numberOf)).size).toBe(count);
    expect(wrong).toEqual([]);
    await db.delete(notes);
  }, 60_000);

  it("takes nothing, too", async () => {
    expect(await setUp().docs.load([])).toEqual({ documents: 0, embedded: 0, kept: 0, removed: 0 });
  });
});

describe(`vectors as text on ${databaseName}`, () => {
  it("writes, loads, searches and gives the same as in binary", async () => {
    const sent: unknown[] = [];
    const logger = { logQuery: (text: string, values: unknown[]) => sent.push(text, ...values) };
    const logged = Object.assign(Object.create(Object.getPrototypeOf(db)), db);
    const { session } = db as unknown as { session: { logger: unknown } };
    const before = session.logger;
    session.logger = logger;
    try {
      const embedder = fakeEmbedder({ dimensions });
      const options = { documents: articles, text: articles.body, chunks: articleChunks, embedder } as const;
      const docs = collection(logged as Db, { ...options, vectorFormat: "text" });
      await db.delete(articles);
      const rows = Array.from({ length: 150 }, (_, i) => article(`text-${i}`, `topic${i}`));
      expect((await docs.load(rows)).documents).toBe(150);
      expect((await docs.upsert(rows.slice(0, 3), { key: articles.slug })).embedded).toBe(0);
      const select = { slug: articles.slug, embedding: articleChunks.embedding };
      const found = await docs.search(paragraph("topic7"), { select, limit: 5 });
      expect(found[0]?.document.embedding).toBeInstanceOf(Float32Array);
      for (const mode of ["vector", "hybrid"] as const) {
        const keys = async (of: typeof docs) => (await of.search("topic7", { mode, limit: 5 })).map(({ chunk }) => chunk.id);
        expect(await keys(docs)).toEqual(await keys(collection(db, options)));
      }
      sent.length = 0;
      await docs.search("topic7", { diversity: 0.5 });
      await docs.searchMany(["topic7", "topic8"]);
      expect(sent.filter((value) => value instanceof Uint8Array)).toEqual([]);
      expect(sent.some((value) => typeof value === "string" && value.startsWith("[0"))).toBe(true);
    } finally {
      session.logger = before;
    }
  });

  it("refuses another word", () => {
    const vectorFormat = "hex" as "text";
    expect(() => collection(db, { documents: notes, text: notes.content, vectorFormat })).toThrow(/"binary".*"text"/);
  });
});
