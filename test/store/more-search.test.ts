// What users rely on beyond one plain search: similar, several questions, diversity, neighbours, grouping, batches, pages, select, joins.
import { asc, desc, eq, gte, ne, sql } from "drizzle-orm";
import { beforeAll, describe, expect, it } from "vitest";
import type { Embedder } from "../../src/embed/embedder.ts";
import { hashingEmbedder } from "../../src/embed/hashing.ts";
import { ConfigurationError, InputError } from "../../src/errors.ts";
import { collection } from "../../src/store/collection.ts";
import { mostDiverse } from "../../src/store/search/diversity.ts";
import { createTables, databaseName, freshDatabase } from "../helpers/database.ts";
import { articleChunks, articles, dimensions, notes, pageChunks, pages, wiki } from "./tables.ts";

const hashing = hashingEmbedder({ dimensions });
let requests = 0;
const embedder: Embedder = {
  ...hashing,
  id: hashing.id,
  dimensions,
  embed: (texts, options) => {
    requests++;
    return hashing.embed(texts, options);
  },
};
let db: Awaited<ReturnType<typeof freshDatabase>>;

const topics = ["refund policy", "shipping times", "password reset", "gift cards", "warranty claims", "invoice address"];
const paragraphs = (topic: string) =>
  Array.from({ length: 6 }, (_, i) => `Paragraph ${i} 🎉 on ${topic}: ${`everything about ${topic}, part ${i}. `.repeat(4)}`);
/** One chunk a paragraph, so that tests can count them. */
const chunker = {
  id: "paragraphs",
  chunk: ({ text }: { text: string }) => {
    let start = 0;
    return text.split("\n\n").map((part, ordinal) => {
      const chunk = { ordinal, text: part, start, end: start + part.length, headings: [] };
      start += part.length + 2;
      return chunk;
    });
  },
};
const setUp = () =>
  collection(db, {
    documents: articles,
    text: articles.body,
    title: articles.title,
    source: articles.slug,
    chunks: articleChunks,
    embedder,
    chunker,
  });
const setUpWiki = () =>
  collection(db, {
    documents: pages,
    text: pages.body,
    chunks: pageChunks,
    reference: [
      [pageChunks.tenant, pages.tenant],
      [pageChunks.page, pages.page],
    ],
    embedder,
    chunker,
  });
const setUpNotes = () => collection(db, { documents: notes, text: notes.content, embedder });

/** The vectors of a document's chunks, as the table has them. */
const vectorsOf = async (id: number) =>
  (await db.select({ v: articleChunks.embedding }).from(articleChunks).where(eq(articleChunks.articleId, id))).map(({ v }) => v);
const cosine = (a: ArrayLike<number>, b: ArrayLike<number>) => {
  const dot = (x: ArrayLike<number>, y: ArrayLike<number>) => Array.from(x).reduce((sum, n, i) => sum + n * (y[i] as number), 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
};

beforeAll(async () => {
  db = await freshDatabase();
  await createTables(db, { wiki, articles, articleChunks, notes, pages, pageChunks });
  await setUp().insert(
    topics.map((topic, views) => ({
      slug: topic.replace(" ", "-"),
      title: topic,
      body: paragraphs(topic).join("\n\n"),
      lang: views % 2 === 0 ? "en" : "de",
      views,
    })),
  );
  await setUpWiki().insert(topics.map((topic, page) => ({ tenant: "acme", page, body: paragraphs(topic).join("\n\n") })));
  await setUpNotes().insert(topics.map((topic) => ({ content: `A note on ${topic}.`, mood: null })));
});

describe(`similar, on ${databaseName}`, () => {
  it("finds what is near the average of a document's chunks, without the document, and embeds nothing", async () => {
    const [own] = await setUp().list({ where: eq(articles.title, "gift cards") });
    const before = requests;
    const hits = await setUp().similar(own?.id as number, { limit: 12 });
    expect(requests).toBe(before);
    expect(hits).toHaveLength(12);
    expect(hits.every((hit) => hit.document.id !== own?.id)).toBe(true);

    const mine = await vectorsOf(own?.id as number);
    const mean = Array.from({ length: dimensions }, (_, i) => mine.reduce((sum, v) => sum + (v[i] as number), 0) / mine.length);
    const all = await db
      .select()
      .from(articleChunks)
      .where(ne(articleChunks.articleId, own?.id as number));
    const best = all.map((row) => cosine(row.embedding, mean)).sort((a, b) => b - a);
    expect(hits.map((hit) => hit.score.toFixed(4))).toEqual(best.slice(0, 12).map((score) => score.toFixed(4)));
    expect(await setUp().similar(own?.id as number, { where: eq(articles.lang, "en"), limit: 50 })).toHaveLength(18);
  });

  it("finds what is near one chunk, one row, or a document with a key of several columns", async () => {
    const [hit] = await setUp().search("gift cards", { mode: "vector", limit: 1 });
    const own = hit as NonNullable<typeof hit>;
    const [first] = await setUp().similar(own.document.id, { chunk: own.chunk.id, limit: 1 });
    const rows = await db.select().from(articleChunks);
    const vector = rows.find((row) => row.id === own.chunk.id)?.embedding as number[];
    const others = rows.filter((row) => row.articleId !== own.document.id).map((row) => cosine(row.embedding, vector));
    expect(first?.score).toBeCloseTo(Math.max(...others), 4);

    const [note] = await setUpNotes().list({ limit: 1 });
    const near = await setUpNotes().similar(note?.id as string);
    expect(near).toHaveLength(5);
    expect(near.map((each) => each.document.id)).not.toContain(note?.id);

    const pagesNear = await setUpWiki().similar({ tenant: "acme", page: 3 }, { perDocument: 1 });
    expect(pagesNear.map((each) => each.document.page).sort()).toEqual([0, 1, 2, 4, 5]);
  });

  it("refuses keys that nothing has", async () => {
    await expect(setUp().similar(987654)).rejects.toThrow(InputError);
    expect(() => setUpWiki().similar("acme")).toThrow(/tenant, page/);
    expect(() => setUpNotes().similar("x", { chunk: 1 })).toThrow(ConfigurationError);
  });
});

describe(`several questions, on ${databaseName}`, () => {
  for (const mode of ["vector", "keyword", "hybrid"] as const) {
    it(`fuses their rankings by ${mode}, embedded in one request`, async () => {
      const before = requests;
      const hits = await setUp().search(["gift cards", "shipping times"], { mode, limit: 4 });
      expect(requests - before).toBe(mode === "keyword" ? 0 : 1);
      expect(new Set(hits.map((hit) => hit.title))).toEqual(new Set(["gift cards", "shipping times"]));
      const scores = hits.map((hit) => hit.score);
      expect(scores).toEqual([...scores].sort((a, b) => b - a));
      expect(scores[0]).toBeLessThanOrEqual(1);
    });
  }

  it("is the reciprocal rank fusion of the single rankings", async () => {
    const questions = ["gift cards part 3", "password reset for gifts"];
    const expected = new Map<number, number>();
    for (const question of questions) {
      const single = await setUp().search(question, { mode: "vector", limit: 40 });
      for (const [i, hit] of single.entries()) expected.set(hit.chunk.id, (expected.get(hit.chunk.id) ?? 0) + 61 / 2 / (61 + i));
    }
    const hits = await setUp().search(questions, { mode: "vector", limit: 10 });
    for (const hit of hits) expect(hit.score).toBeCloseTo(expected.get(hit.chunk.id) as number, 6);
    expect(hits[0]?.score).toBeCloseTo(Math.max(...expected.values()), 6);
  });

  it("refuses an empty list", () => {
    expect(() => setUp().search([])).toThrow(/no question/);
    expect(() => setUp().search(["x", " "])).toThrow(/empty/);
  });
});

describe(`diversity, on ${databaseName}`, () => {
  it("chooses as the paper says", () => {
    const [a, b, c] = [Float32Array.of(1, 0), Float32Array.of(0.99, Math.sqrt(1 - 0.99 ** 2)), Float32Array.of(0, 1)];
    const candidates = [
      { relevance: 0.9, vector: a },
      { relevance: 0.89, vector: b },
      { relevance: 0.3, vector: c },
    ];
    expect(mostDiverse(candidates, 0, 3)).toEqual([0, 1, 2]);
    expect(mostDiverse(candidates, 0.5, 3)).toEqual([0, 2, 1]);
    expect(mostDiverse(candidates, 1, 2)).toEqual([0, 2]);
    expect(mostDiverse(candidates, 0.2, 2)).toEqual([0, 1]);
    expect(mostDiverse([], 0.5, 2)).toEqual([]);
  });

  for (const mode of ["vector", "hybrid", "keyword"] as const) {
    it(`gives less alike hits by ${mode}, and no vectors`, async () => {
      const plain = await setUp().search("everything about gift cards", { mode, limit: 4 });
      const diverse = await setUp().search("everything about gift cards", { mode, limit: 4, diversity: 0.7 });
      expect(diverse).toHaveLength(4);
      expect(diverse[0]?.chunk.id).toBe(plain[0]?.chunk.id);
      const titles = (hits: typeof plain) => new Set(hits.map((hit) => hit.title)).size;
      expect(titles(diverse)).toBeGreaterThan(titles(plain));
      expect(JSON.stringify(diverse)).not.toContain("embedding");
    });
  }

  it("works on halfvec, and refuses other numbers", async () => {
    expect(await setUpWiki().search("gift cards", { limit: 5, diversity: 0.5 })).toHaveLength(5);
    for (const diversity of [-0.1, 1.1, Number.NaN]) expect(() => setUp().search("x", { diversity })).toThrow(/between 0 and 1/);
  });
});

describe(`neighbours, on ${databaseName}`, () => {
  it("gives the chunks around a hit, of its document alone", async () => {
    const where = eq(articleChunks.ordinal, 2);
    const [hit] = await setUp().search("gift cards", { where, limit: 1 });
    const ordinals = async (around?: { before?: number; after?: number }) =>
      (await setUp().neighbours(hit as NonNullable<typeof hit>, around)).map((chunk) => {
        expect(chunk.articleId).toBe(hit?.document.id);
        return chunk.ordinal;
      });
    expect(await ordinals()).toEqual([1, 3]);
    expect(await ordinals({ before: 0, after: 2 })).toEqual([3, 4]);
    expect(await ordinals({ before: 9, after: 0 })).toEqual([0, 1]);
    await expect(setUp().neighbours({ chunk: {} })).rejects.toThrow(InputError);
    await expect(setUp().neighbours(hit as NonNullable<typeof hit>, { before: -1 })).rejects.toThrow(/before/);
    await expect(setUpNotes().neighbours({ chunk: undefined })).rejects.toThrow(ConfigurationError);
  });
});

describe(`grouping by document, on ${databaseName}`, () => {
  for (const mode of ["vector", "keyword", "hybrid"] as const) {
    it(`gives at most so many hits a document and still as many as there are, by ${mode}`, async () => {
      const one = await setUp().search("everything about gift cards", { mode, perDocument: 1, limit: 6 });
      expect(one.map((hit) => hit.title).sort()).toEqual([...topics].sort());
      const two = await setUp().search("everything about gift cards", { mode, perDocument: 2, limit: 50 });
      expect(two).toHaveLength(12);
      const [best] = await setUp().search("everything about gift cards", { mode, limit: 1 });
      expect(one[0]?.chunk.id).toBe(best?.chunk.id);
      const filtered = { mode, perDocument: 1, limit: 2, where: gte(articles.views, 4) };
      expect((await setUp().search("everything about gift cards", filtered)).map((hit) => hit.document.views).sort()).toEqual([
        4, 5,
      ]);
    });
  }

  it("looks deeper where one document fills the first places", async () => {
    const docs = setUp();
    await db.transaction(async (tx) => {
      const body = Array.from({ length: 400 }, (_, i) => `gift cards gift cards ${i}`).join("\n\n");
      await docs.in(tx).insert({ slug: "long", title: "long", body, lang: "en" });
      for (const mode of ["vector", "hybrid"] as const) {
        const hits = await docs.in(tx).search("gift cards", { mode, perDocument: 1, limit: 7 });
        expect(hits.map((hit) => hit.title).sort()).toEqual(["long", ...topics].sort());
      }
      await docs.in(tx).delete(eq(articles.slug, "long"));
    });
  });
});

describe(`batches, on ${databaseName}`, () => {
  it("answers many questions as single searches would, embedded in one request", async () => {
    for (const options of [
      { mode: "vector" },
      { mode: "vector", limit: 3, offset: 2, where: eq(articles.lang, "de") },
      { mode: "hybrid", limit: 4 },
      { mode: "keyword" },
      { mode: "vector", perDocument: 1, context: { neighbours: 1 } },
    ] as const) {
      const before = requests;
      const many = await setUp().searchMany(topics, options);
      expect(requests - before).toBe(options.mode === "keyword" ? 0 : 1);
      for (const [i, topic] of topics.entries()) {
        const single = await setUp().search(topic, options);
        expect(many[i]?.map((hit) => hit.chunk.id)).toEqual(single.map((hit) => hit.chunk.id));
        expect(many[i]).toEqual(single);
      }
    }
    expect(await setUp().searchMany([])).toEqual([]);
  });
});

describe(`pages, on ${databaseName}`, () => {
  for (const mode of ["vector", "hybrid", "keyword"] as const) {
    it(`gives each hit once by ${mode}, whatever is written between pages`, async () => {
      const expected = (await setUp().search("everything", { mode, limit: 36 })).map((hit) => hit.chunk.id);
      const seen: number[] = [];
      let number = 0;
      for await (const page of setUp().pages("everything", { mode, pageSize: 7 })) {
        seen.push(...page.map((hit) => hit.chunk.id));
        const row = { slug: `new-${mode}-${number++}`, title: "new", body: "everything everything", lang: "xx" };
        await setUp().insert(row);
      }
      await setUp().delete(eq(articles.lang, "xx"));
      expect(seen).toEqual(expected);
    });
  }

  it("leaves out what was deleted, and takes the options of a search", async () => {
    const taken = setUp().pages("gift cards", {
      pageSize: 2,
      window: 4,
      perDocument: 1,
      select: { title: articles.title },
      context: { neighbours: 1 },
    });
    const all = [];
    for await (const page of taken) all.push(...page);
    expect(all).toHaveLength(4);
    expect(Object.keys(all[0]?.document ?? {})).toEqual(["title"]);
    expect(all[0]?.context?.text).toContain(all[0]?.text);
    expect(() => setUp().pages("x", { pageSize: 0 })).toThrow(/pageSize/);
  });
});

describe(`select and joins, on ${databaseName}`, () => {
  for (const mode of ["vector", "hybrid", "keyword"] as const) {
    it(`chooses columns by ${mode}`, async () => {
      const select = { title: articles.title, length: sql<number>`length(${articles.body})`, place: articleChunks.ordinal };
      const [hit] = await setUp().search("gift cards", { mode, select, where: eq(articles.lang, "de") });
      expect(hit?.document).toEqual({ title: "gift cards", length: expect.any(Number), place: hit?.chunk.ordinal });
      expect(hit).toMatchObject({ title: "gift cards", source: "gift-cards" });
    });
  }

  it("chooses columns of a table without chunks, and null stays null", async () => {
    const [hit] = await setUpNotes().search("gift cards", { select: { mood: notes.mood } });
    expect(hit?.document).toEqual({ mood: null });
    expect(hit?.text).toBe("A note on gift cards.");
  });

  for (const mode of ["vector", "hybrid", "keyword"] as const) {
    it(`is a query to be joined by ${mode}`, async () => {
      const options = { mode, limit: 5, where: ne(articles.lang, "xx") };
      const hits = await setUp().search("gift cards", options);
      const query = await setUp().searchQuery("gift cards", options);
      const found = query.as("hits");
      const rows = await db
        .select({ chunk: found.id, score: found.score, title: articles.title })
        .from(found)
        .innerJoin(articles, eq(articles.id, found.articleId))
        .orderBy(desc(found.score), asc(found.id));
      expect(rows.map((row) => row.chunk)).toEqual(hits.map((hit) => hit.chunk.id));
      for (const [i, row] of rows.entries()) expect(row.score).toBeCloseTo(hits[i]?.score as number, 6);

      const best = db.$with("best").as(await setUp().searchQuery("gift cards", options));
      const counted = await db.with(best).select({ n: sql<number>`count(*)::int` }).from(best);
      expect(counted[0]?.n).toBeLessThanOrEqual(5);
    });
  }

  it("groups, fuses, and wants no settings of the user", async () => {
    const query = await setUp().searchQuery(["gift cards", "refunds"], { perDocument: 1, limit: 50, minScore: 0 });
    const hits = query.as("hits");
    expect(await db.select({ article: hits.articleId }).from(hits)).toHaveLength(6);
    expect(query.settings).toEqual([]);
    expect(query.toSQL().sql).toContain("limit");
  });
});

describe(`the index, on ${databaseName}`, () => {
  const docs = () => collection(db, { documents: notes, text: notes.content });
  let seed = 7;
  const random = () => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return seed / 2147483648 - 0.5;
  };
  const randomVector = () => Float32Array.from({ length: dimensions }, random);

  beforeAll(async () => {
    await docs().delete({ all: true });
    await docs().insert(Array.from({ length: 3000 }, (_, i) => ({ content: `note ${i}`, vector: randomVector() })));
    await db.execute(sql`create index notes_hnsw on ${notes} using hnsw (v vector_cosine_ops)`);
    await db.execute(sql`analyze ${notes}`);
  }, 120_000);

  it("answers similar, several questions, diversity and joins", async () => {
    const [own] = await docs().list({ limit: 1 });
    const used = "Index Scan using notes_hnsw";
    await db.transaction(async (tx) => {
      // Of so few rows a scan is the cheaper plan; what is asked here is whether the index can answer.
      await tx.execute(sql`set local enable_seqscan = off`);
      const inside = docs().in(tx);
      expect(await inside.similar(own?.id as string).explain()).toContain(used);
      const several = await inside.search([randomVector(), randomVector()]).explain();
      expect(several.split(used)).toHaveLength(3);
      expect(await inside.search(randomVector(), { diversity: 0.5 }).explain()).toContain(used);
    });
  });

  it("answers each question of a batch", async () => {
    const questions = Array.from({ length: 20 }, randomVector);
    const found = await db.transaction(async (tx) => {
      const before = await tx.execute(sql`select pg_stat_get_xact_numscans('notes_hnsw'::regclass)::int as n`);
      const hits = await docs().in(tx).searchMany(questions, { limit: 5 });
      const after = await tx.execute(sql`select pg_stat_get_xact_numscans('notes_hnsw'::regclass)::int as n`);
      expect((after.rows[0] as { n: number }).n - (before.rows[0] as { n: number }).n).toBe(20);
      return hits;
    });
    for (const [i, question] of questions.entries()) expect(found[i]).toEqual(await docs().search(question, { limit: 5 }));
  });
});
