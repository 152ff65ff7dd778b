// Sparse vectors, searched and written; and vectors that a search is asked to show.
import { sql } from "drizzle-orm";
import { halfvec, integer, pgTable, serial, sparsevec, text, vector } from "drizzle-orm/pg-core";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { hashingEmbedder } from "../../src/embed/hashing.ts";
import { ConfigurationError, InputError, InvalidVectorError } from "../../src/errors.ts";
import { collection } from "../../src/store/collection.ts";
import { vectorIndex } from "../../src/table/indexes.ts";
import { sparseToText } from "../../src/util/sparse.ts";
import type { SparseVector } from "../../src/values.ts";
import { createTables, databaseName, freshDatabase } from "../helpers/database.ts";

const dimensions = 30_522;
const terms = pgTable(
  "terms",
  {
    id: serial().primaryKey(),
    content: text().notNull(),
    group: integer().notNull(),
    weights: sparsevec({ dimensions }).notNull(),
  },
  (t) => [vectorIndex("terms_near", t.weights, { metric: "ip" })],
);
const both = pgTable("both", {
  id: serial().primaryKey(),
  content: text().notNull(),
  full: vector({ dimensions: 4 }).notNull(),
  half: halfvec({ dimensions: 4 }),
});

let db: Awaited<ReturnType<typeof freshDatabase>>;
beforeAll(async () => {
  db = await freshDatabase();
  await createTables(db, { terms, both });
});

let seed = 11;
const random = (below: number) => {
  seed = (seed * 1103515245 + 12345) % 2147483648;
  return seed % below;
};
/** Few of 200 terms, so that some are shared. */
const weights = (): SparseVector => {
  const indices = [...new Set(Array.from({ length: 12 }, () => random(200) * 150))];
  return { indices, values: indices.map(() => 0.25 + random(100) / 50) };
};
const product = (a: SparseVector, b: SparseVector) => {
  const values = new Map(Array.from(a.indices, (index, i) => [index, a.values[i] as number]));
  return Array.from(b.indices).reduce((sum, index, i) => sum + (values.get(index) ?? 0) * (b.values[i] as number), 0);
};

describe(`sparse vectors, on ${databaseName}`, () => {
  const docs = () => collection(db, { documents: terms, text: terms.content });
  const rows = Array.from({ length: 500 }, (_, i) => ({ content: `text ${i}`, group: i % 5, weights: weights() }));

  beforeAll(async () => {
    await docs().insert(rows);
  });

  it("are found by inner product, nearest first, with filters", async () => {
    const question = weights();
    const best = rows.map((row) => product(question, row.weights)).sort((a, b) => b - a);
    const hits = await docs().search(question, { limit: 10 });
    for (const [i, hit] of hits.entries()) expect(hit.score).toBeCloseTo(best[i] as number, 3);
    const some = await docs().search(question, { limit: 100, where: sql`${terms.group} = ${2}` });
    expect(some).toHaveLength(100);
    expect(some.every((hit) => hit.document.group === 2)).toBe(true);
    const [first, second] = await docs().searchMany([question, weights()], { limit: 3 });
    expect(first?.map((hit) => hit.text)).toEqual(hits.slice(0, 3).map((hit) => hit.text));
    expect(second).toHaveLength(3);
  });

  it("answer from the index, near a stored row, and their recall is measured", async () => {
    await db.transaction(async (tx) => {
      await tx.execute(sql`set local enable_seqscan = off`);
      expect(await docs().in(tx).search(weights()).explain()).toContain("Index Scan using terms_near");
    });
    expect(await docs().similar(1, { limit: 3 })).toHaveLength(3);
    const { settings } = await docs().recall({ queries: 10, efSearch: [100] });
    expect(settings[0]?.recall).toBeGreaterThan(0.8);
  });

  it("refuse what is no sparse vector of the column, and what cannot be meant", async () => {
    const search = async (query: SparseVector | Float32Array | string) => docs().search(query);
    await expect(search({ indices: [1], values: [] })).rejects.toThrow(InputError);
    await expect(search({ indices: [dimensions], values: [1] })).rejects.toThrow(/0 to 30521/);
    await expect(search({ indices: [1, 1], values: [1, 2] })).rejects.toThrow(/twice/);
    await expect(search({ indices: [1], values: [Number.NaN] })).rejects.toThrow(InvalidVectorError);
    await expect(search(new Float32Array(4))).rejects.toThrow(/indices, values/);
    await expect(search("words")).rejects.toThrow(ConfigurationError);
    const row = { content: "x", group: 1, weights: { indices: [-1], values: [1] } };
    await expect(docs().insert([{ ...row, weights: weights() }, row])).rejects.toMatchObject({ row: 1, field: "weights" });
    expect(() => docs().search(weights(), { diversity: 0.5 })).toThrow(ConfigurationError);
    const embedder = hashingEmbedder({ dimensions: 64 });
    expect(() => collection(db, { documents: terms, text: terms.content, embedder })).toThrow(/no embedder makes/);
    const dense = collection(db, { documents: both, text: both.content, embedding: both.full });
    await expect(async () => dense.search(weights())).rejects.toThrow(/Float32Array/);
  });

  it("come as Postgres reads them, whatever they hold", async () => {
    const entry = fc.tuple(fc.integer({ min: 0, max: dimensions - 1 }), fc.float({ noNaN: true, noDefaultInfinity: true }));
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(entry, { selector: ([index]) => index, maxLength: 30 }), async (entries) => {
        const given = { indices: entries.map(([index]) => index), values: entries.map(([, value]) => value) };
        const written = sparseToText(given, { dimensions, allowZero: true });
        const result = await db.execute(sql`select l2_norm(${written}::sparsevec) as norm`);
        const row = result.rows[0] as { norm: number };
        expect(Number(row.norm)).toBeCloseTo(
          Math.hypot(...given.values),
          -Math.log10(1e-3 * Math.max(1, Math.hypot(...given.values))),
        );
      }),
      { numRuns: 50 },
    );
  });
});

describe(`vectors that are chosen, on ${databaseName}`, () => {
  it("come as Float32Arrays, and null as null", async () => {
    const docs = collection(db, { documents: both, text: both.content, embedding: both.full });
    await docs.insert([
      { content: "one", full: Float32Array.of(1, 0.1, 0, 0), half: [1, 0.5, 0, 0] },
      { content: "two", full: [0, 1, 0, 0] },
    ]);
    const question = Float32Array.of(1, 0, 0, 0);
    const [first, second] = await docs.search(question, { select: { full: both.full, half: both.half, content: both.content } });
    expect(first?.document).toEqual({ full: Float32Array.of(1, 0.1, 0, 0), half: Float32Array.of(1, 0.5, 0, 0), content: "one" });
    expect(second?.document.half).toBeNull();
    const [plain] = await docs.search(question);
    expect(plain?.document).toEqual({ id: expect.any(Number), content: "one" });
  });
});
