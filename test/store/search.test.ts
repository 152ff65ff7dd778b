// What users rely on when they search: order, scores, filters, completeness, and that the index is used.
import { and, eq, gt, inArray, isNotNull, isNull, ne, or, type SQL, sql } from "drizzle-orm";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { hashingEmbedder } from "../../src/embed/hashing.ts";
import { InputError } from "../../src/errors.ts";
import { collection } from "../../src/store/collection.ts";
import { setting } from "../../src/store/search/approximate.ts";
import { parseKeywords } from "../../src/store/search/keyword.ts";
import { indexScan } from "../../src/store/search/settings.ts";
import { createTables, databaseName, freshDatabase } from "../helpers/database.ts";
import { articleChunks, articles, dimensions, notes } from "./tables.ts";

const embedder = hashingEmbedder({ dimensions });
let db: Awaited<ReturnType<typeof freshDatabase>>;

const topics = [
  "refund policy",
  "shipping times",
  "password reset",
  "gift cards",
  "warranty claims",
  "invoice address",
  "student discount",
  "store hours",
];
const setUp = () =>
  collection(db, {
    documents: articles,
    text: articles.body,
    title: articles.title,
    source: articles.slug,
    chunks: articleChunks,
    embedder,
  });

beforeAll(async () => {
  db = await freshDatabase();
  await createTables(db, { articles, articleChunks, notes });
  await setUp().insert(
    topics.map((topic, i) => ({
      slug: topic.replace(" ", "-"),
      title: topic,
      body: `This page is about ${topic}. Everything on ${topic} is explained here, with number ${i}.`,
      lang: i % 2 === 0 ? "en" : "de",
      views: i,
    })),
  );
});

describe(`search on ${databaseName}`, () => {
  it("fuses the two rankings by what a passage gains in each, between the 40th place and the first", async () => {
    const question = "refund policy and shipping times of this page";
    const options = { limit: 40 } as const;
    const [near, found] = [
      await setUp().search(question, { ...options, mode: "vector" }),
      await setUp().search(question, { ...options, mode: "keyword" }),
    ];
    const vectors = new Map(near.map((hit) => [hit.chunk.id, hit.score]));
    const words = new Map(found.map((hit) => [hit.chunk.id, hit.score]));
    const gain = (of: Map<number, number>, id: number, floor: number) => {
      const best = Math.max(...of.values());
      return of.has(id) ? ((of.get(id) as number) - floor) / (best - floor) : 0;
    };
    // Fewer than 40 hold a word of the question, so what holds none is the floor.
    expect(found.length).toBeLessThan(40);
    const least = Math.min(...vectors.values());
    // How far the first stand out: 1 minus the mean of what the others gain.
    const peak = (of: Map<number, number>, floor: number) => {
      const others = [...of.keys()]
        .map((id) => gain(of, id, floor))
        .sort((a, b) => b - a)
        .slice(1);
      return 1 - others.reduce((sum, value) => sum + value, 0) / others.length;
    };
    for (const weights of [undefined, { vector: 1, keyword: 1 }, { keyword: 0 }, { vector: 0.2 }]) {
      const vector = (weights?.vector ?? 0.4) * peak(vectors, least) ** 2;
      const keyword = (weights?.keyword ?? 0.6) * peak(words, 0) ** 2;
      const fused = await setUp().search(question, { mode: "hybrid", limit: 5, ...(weights && { weights }) });
      for (const { chunk, score } of fused) {
        const expected = (vector * gain(vectors, chunk.id, least) + keyword * gain(words, chunk.id, 0)) / (vector + keyword);
        expect(score).toBeCloseTo(expected, 5);
      }
    }
  });

  for (const mode of ["vector", "keyword", "hybrid"] as const) {
    it(`finds the right passage first by ${mode}, with its document and scores`, async () => {
      const hits = await setUp().search("How do I get a refund? What is the policy?", { mode, limit: 3 });
      expect(hits[0]).toMatchObject({
        title: "refund policy",
        source: "refund-policy",
        start: 0,
        document: { lang: "en" },
        chunk: { ordinal: 0 },
      });
      expect(hits[0]?.document).not.toHaveProperty("embedding");
      expect(hits[0]?.chunk).not.toHaveProperty("search");
      const scores = hits.map((hit) => hit.score);
      expect(scores).toEqual([...scores].sort((a, b) => b - a));
      if (mode !== "keyword") expect(scores[0]).toBeLessThanOrEqual(1);
      if (mode !== "keyword") expect(hits[0]?.scores.vector).toBeGreaterThan(0);
      if (mode !== "vector") expect(hits[0]?.scores.keyword).toBeGreaterThan(0);
    });

    it(`filters by documents and chunks together by ${mode}`, async () => {
      const where = and(eq(articles.lang, "de"), gt(articles.views, 1), eq(articleChunks.ordinal, 0));
      const hits = await setUp().search("page about everything", { mode, where: where as NonNullable<typeof where>, limit: 20 });
      expect(hits.map((hit) => hit.document.views).sort()).toEqual([3, 5, 7]);
    });

    it(`leaves out what scores too low by ${mode}`, async () => {
      const all = await setUp().search("gift cards", { mode, limit: 20 });
      const minScore = (all[1] ?? all[0])?.score as number;
      const some = await setUp().search("gift cards", { mode, limit: 20, minScore });
      expect(some).toEqual(all.filter((hit) => hit.score >= minScore));
    });
  }

  for (const mode of ["keyword", "hybrid"] as const) {
    it(`pages through everything once by ${mode}`, async () => {
      const seen: string[] = [];
      for (let offset = 0; offset < 10; offset += 3) {
        seen.push(
          ...(await setUp().search("page about everything", { mode, limit: 3, offset })).map((hit) => hit.source as string),
        );
      }
      expect([...seen].sort()).toEqual(topics.map((topic) => topic.replace(" ", "-")).sort());
    });
  }

  it("ranks by vector as exact arithmetic does", async () => {
    const question = "warranty for a gift";
    const [vector] = await embedder.embed([question], {});
    const rows = await db.select({ embedding: articleChunks.embedding, id: articleChunks.id }).from(articleChunks);
    const dot = (row: number[]) => row.reduce((sum, x, i) => sum + x * (vector?.[i] as number), 0);
    const exact = rows.map((row) => ({ id: row.id, score: dot(row.embedding) })).sort((a, b) => b.score - a.score);
    const hits = await setUp().search(question, { mode: "vector", limit: 20 });
    expect(hits.map((hit) => hit.score.toFixed(4))).toEqual(exact.map(({ score }) => score.toFixed(4)));
  });

  it("knows quoted phrases and exclusions in keyword search", async () => {
    const titles = async (query: string) => (await setUp().search(query, { mode: "keyword", limit: 20 })).map((hit) => hit.title);
    expect(await titles('"store hours"')).toEqual(["store hours"]);
    expect(await titles('"hours store"')).toEqual([]);
    expect(await titles("page -refund")).toHaveLength(7);
    expect(await titles("the of and")).toEqual([]);
  });

  it("weighs rare words more than common ones", async () => {
    const [hit] = await setUp().search("explained page about everything discount", { mode: "keyword", limit: 1 });
    expect(hit?.title).toBe("student discount");
  });

  it("shows its statement and plan", async () => {
    const search = setUp().search("refund", { where: ne(articles.lang, "fr") });
    const { sql: text, params } = await search.toSQL();
    expect(text).toMatch(/order by distance limit 40/);
    expect(params).toContain("fr");
    expect(await search.explain()).toMatch(/Limit/);
    expect(await search).toHaveLength(8);
  });

  it("refuses what cannot be meant", async () => {
    const docs = setUp();
    expect(() => docs.search("  ")).toThrow(/empty/);
    expect(() => docs.search("x", { limit: 0 })).toThrow(/limit/);
    expect(() => docs.search("x", { limit: 1.5 })).toThrow(InputError);
    expect(() => docs.search("x", { offset: -1 })).toThrow(/offset/);
    expect(() => docs.search("x", { where: undefined as never })).toThrow(/undefined/);
    expect(() => docs.search("x", { where: eq(articles.lang, undefined as never) })).toThrow(/undefined/);
    expect(() => docs.search("x", { mode: "magic" as never })).toThrow(/magic/);
    await expect(docs.search(new Float32Array(3))).rejects.toThrow(/3 dimensions/);
    await expect(docs.search(new Float32Array(dimensions))).rejects.toThrow(/zeros/);
  });

  it("takes any text as a question", async () => {
    const docs = setUp();
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: "grapheme", minLength: 1, maxLength: 60 }),
        fc.constantFrom("keyword", "hybrid"),
        async (text, mode) => {
          fc.pre(text.trim() !== "" && !text.includes("\0"));
          expect(Array.isArray(await docs.search(text, { mode: mode as "keyword" }))).toBe(true);
        },
      ),
      {
        numRuns: 40,
        examples: [
          ["'); drop table articles; --", "keyword"],
          ["a & | ! <-> :* \\ ' '' (", "keyword"],
          ['"unclosed -', "hybrid"],
          ["$1 %s {}", "keyword"],
        ],
      },
    );
    expect(await docs.count()).toBe(topics.length);
  });

  it("parses questions without losing words", () => {
    expect(parseKeywords('red "deep blue" -green -"light grey" x-y')).toEqual({
      words: "red  deep blue    x-y",
      phrases: ["deep blue"],
      excluded: ["light grey", "green"],
    });
  });
});

describe(`completeness and the index, on ${databaseName}`, () => {
  const docs = () => collection(db, { documents: notes, text: notes.content });
  // More than a narrow filter leaves, which is searched exactly.
  const count = 8000;
  let seed = 7;
  const random = () => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return seed / 2147483648 - 0.5;
  };
  const randomVector = () => Float32Array.from({ length: dimensions }, random);

  beforeAll(async () => {
    const rows = Array.from({ length: count }, (_, i) => ({
      content: `note ${i}`,
      mood: i % 100 === 0 ? "rare" : i % 2 === 0 ? "even" : "odd",
      vector: randomVector(),
    }));
    await docs().insert(rows);
    await db.execute(sql`create index notes_hnsw on ${notes} using hnsw (v vector_cosine_ops)`);
    await db.execute(sql`analyze ${notes}`);
  }, 120_000);

  it("returns as many as asked for, past what one index scan holds and under any filter", async () => {
    const question = randomVector();
    for (const limit of [10, 40, 41, 100, 500]) expect(await docs().search(question, { limit })).toHaveLength(limit);
    for (const [mood, most] of [
      ["even", 3920],
      ["rare", 80],
    ] as const) {
      for (const limit of [10, 30, 100]) {
        const hits = await docs().search(question, { limit, where: eq(notes.mood, mood) });
        expect(hits).toHaveLength(Math.min(limit, most));
        expect(hits.every((hit) => hit.document.mood === mood)).toBe(true);
      }
    }
    expect(await docs().search(question, { where: eq(notes.mood, "none") })).toEqual([]);
  });

  it("answers from the index over the vectors", async () => {
    expect(await docs().search(randomVector()).explain()).toContain("Index Scan using notes_hnsw");
    expect(
      await docs()
        .search(randomVector(), { where: eq(notes.mood, "even") })
        .explain(),
    ).toContain("Index Scan using notes_hnsw");
  });

  it("leaves no setting behind in the session", async () => {
    // Null on a connection that has not met pgvector yet.
    const show = sql`select coalesce(current_setting('hnsw.ef_search', true), '40') as ef,
                            coalesce(current_setting('hnsw.iterative_scan', true), 'off') as scan`;
    expect(await docs().search(randomVector(), { limit: 100, where: ne(notes.mood, "none") })).toHaveLength(100);
    // Each connection of the pool.
    const sessions = await Promise.all([1, 2, 3, 4].map(() => db.execute(show)));
    for (const { rows } of sessions) expect(rows).toEqual([{ ef: "40", scan: "off" }]);
  });

  it("asks for no less than the server is set to", async () => {
    const wide = (ef: number) =>
      db.transaction(async (tx) => {
        await tx.execute(sql.raw(`set local hnsw.ef_search = ${ef}`));
        await tx.execute(
          sql`select ${sql.raw(
            setting([
              ["hnsw.ef_search", "100"],
              ["hnsw.iterative_scan", "relaxed_order"],
            ]),
          )}`,
        );
        return (
          await tx.execute(sql`select current_setting('hnsw.ef_search') || ' ' || current_setting('hnsw.iterative_scan') as now`)
        ).rows;
      });
    expect(await wide(500)).toEqual([{ now: "500 relaxed_order" }]);
    expect(await wide(40)).toEqual([{ now: "100 relaxed_order" }]);
  });

  it("looks deeper in a larger table", () => {
    const deep = (passages: number) =>
      indexScan({ iterative: true, rowSecurity: false, passages }, { rows: 10, matching: undefined }).settings[0]?.[1];
    expect([0, 100_000, 1_000_000, 10_000_000].map(deep)).toEqual([undefined, undefined, "130", "400"]);
  });

  it("goes by how many rows match: first candidates alone where they are enough, then further down", () => {
    const scan = (passages: number, matching: number, more = {}) => {
      const { settings, overfetch } = indexScan(
        { iterative: true, rowSecurity: false, passages },
        { rows: 10, matching, again: true, ...more },
      );
      return [...settings.map(([, value]) => value), overfetch];
    };
    expect(scan(50_000, 25_000)).toEqual(["100", "off", 1]);
    expect(scan(50_000, 5000)).toEqual(["150", "off", 1]);
    expect(scan(50_000, 4900)).toEqual(["200", "off", 1]);
    expect(scan(50_000, 1000)).toEqual(["100", "relaxed_order", 1]);
    // Nothing is known of the table, nothing can be asked again.
    expect(scan(0, 25_000)).toEqual(["100", "relaxed_order", 1]);
    expect(scan(50_000, 25_000, { again: false })).toEqual(["100", "relaxed_order", 1]);
    expect(scan(50_000, 25_000, { deep: true })).toEqual(["400", "relaxed_order", 4]);
  });

  it("finds the nearest also where a filter goes against the question", async () => {
    // 3,200 rows on one side and 3,200 on the other: those that match are the farthest.
    const side = (sign: number) => Float32Array.from({ length: dimensions }, (_, i) => (i === 0 ? 3 * sign : random()));
    const rows = Array.from({ length: 6400 }, (_, i) => ({
      content: `side ${i}`,
      mood: i % 2 === 0 ? "near" : "far",
      vector: side(i % 2 === 0 ? 1 : -1),
    }));
    await db.execute(sql`drop index notes_hnsw`);
    await docs().insert(rows);
    await db.execute(sql`create index notes_hnsw on ${notes} using hnsw (v vector_cosine_ops)`);
    await db.execute(sql`analyze ${notes}`);
    for (let n = 0; n < 5; n++) {
      const question = side(1);
      const where = eq(notes.mood, "far");
      const likeness = ({ vector }: { vector: Float32Array }) =>
        vector.reduce((sum, x, i) => sum + x * (question[i] as number), 0) / Math.hypot(...vector);
      const expected = rows.filter(({ mood }) => mood === "far").sort((a, b) => likeness(b) - likeness(a));
      const contents = (hits: { text: string }[]) => hits.map(({ text }) => text);
      const wanted = expected.slice(0, 10).map(({ content }) => content);
      expect(contents(await docs().search(question, { where }))).toEqual(wanted);
      const [many] = await docs().searchMany([question], { where });
      expect(contents(many ?? [])).toEqual(wanted);
    }
  });

  it("puts in order what an index gives further down", async () => {
    const question = randomVector();
    const wide = collection(db, { documents: notes, text: notes.content, index: { overfetch: 4 } });
    const hits = await wide.search(question, { limit: 30, where: ne(notes.mood, "none") });
    const scores = hits.map(({ score }) => score);
    expect(scores).toEqual([...scores].sort((a, b) => b - a));
    expect(hits).toHaveLength(30);
  });

  it("asks the same of any filter, whatever its values and however it is written", async () => {
    const question = randomVector();
    const ids = async (where: SQL) => (await docs().search(question, { limit: 500, where })).map((hit) => hit.document.id);
    const rare = await ids(eq(notes.mood, "rare"));
    expect(rare).toHaveLength(80);
    expect(await ids(eq(notes.mood, "even"))).not.toContain(rare[0]);
    const same = [
      sql`${notes.mood} = ${"rare"}`,
      sql`${notes.mood} = 'rare'`,
      sql`${notes.mood} = ${"rare"}`.inlineParams(),
      inArray(notes.mood, ["rare", "none"]),
      inArray(notes.id, db.select({ id: notes.id }).from(notes).where(eq(notes.mood, "rare"))),
      // A condition of the user's is one, whatever it holds.
      sql`false or ${notes.mood} = ${"rare"}`,
      and(eq(notes.mood, "rare"), or(isNull(notes.mood), isNotNull(notes.id))) as SQL,
    ];
    for (const where of same) {
      expect(await ids(where)).toEqual(rare);
      // Once more, from a statement that was kept.
      expect(await ids(where)).toEqual(rare);
    }
  });

  it("leaves no setting behind in the user's transaction", async () => {
    await db.transaction(async (tx) => {
      const show = async () =>
        (await tx.execute(sql`select current_setting('hnsw.ef_search', true) as ef, current_setting('enable_indexscan') as scan`))
          .rows[0];
      await tx.select().from(notes).limit(1);
      const before = await show();
      expect(
        await docs()
          .in(tx)
          .search(randomVector(), { limit: 100, where: eq(notes.mood, "rare") }),
      ).toHaveLength(80);
      expect(await show()).toEqual(before);
    });
  });
});
