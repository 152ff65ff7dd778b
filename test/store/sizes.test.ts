// Every size of vector: halves, bits and leading dimensions in the index, the whole vector in the ranking; and that the index is used.
import { sql } from "drizzle-orm";
import { customType, integer, pgTable, text, vector } from "drizzle-orm/pg-core";
import { beforeAll, describe, expect, it } from "vitest";
import { hashingEmbedder } from "../../src/embed/hashing.ts";
import { ConfigurationError } from "../../src/errors.ts";
import { collection } from "../../src/store/collection.ts";
import type { SearchedIndex } from "../../src/store/types.ts";
import { chunkColumns, chunkIndexes, halfChunkColumns, type Metric, vectorIndex } from "../../src/table/index.ts";
import { createTables, databaseName, freshDatabase } from "../helpers/database.ts";

const count = 3000;
const dimensions = 256;
let db: Awaited<ReturnType<typeof freshDatabase>>;

let seed = 5;
function random(): number {
  seed = (seed * 1103515245 + 12345) % 2147483648;
  return seed / 2147483648 - 0.5;
}

/** Around 300 centres, and with most of the weight in the leading dimensions, as models give them. */
const centres = Array.from({ length: 300 }, () =>
  Float32Array.from({ length: dimensions }, (_, i) => random() / Math.sqrt(1 + i / 16)),
);
const near = (i: number) =>
  (centres[i % centres.length] as Float32Array).map((x) => x + 0.3 * random() * Math.abs(x) + 0.02 * random());
const vectors = Array.from({ length: count }, (_, i) => near(i));

const docsOf = (name: string) => pgTable(`${name}_docs`, { id: integer().primaryKey(), body: text().notNull() });
const single = (name: string, options: Parameters<typeof vectorIndex>[2]) =>
  pgTable(name, { id: integer().primaryKey(), body: text().notNull(), near: vector({ dimensions }) }, (t) => [
    vectorIndex(`${name}_near`, t.near, options),
  ]);

const tables = {
  half: single("half", { index: "half" }),
  halfL2: single("half_l2", { index: "half", metric: "l2" }),
  binary: single("binary", { index: "binary" }),
  leading: single("leading", { subvector: 128 }),
  leadingIp: single("leading_ip", { subvector: 128, metric: "ip" }),
  leadingHalf: single("leading_half", { index: "half", subvector: 128 }),
  leadingBinary: single("leading_binary", { index: "binary", subvector: 192, metric: "l1" }),
};
const metrics: { [name in keyof typeof tables]: Metric } = {
  half: "cosine",
  halfL2: "l2",
  binary: "cosine",
  leading: "cosine",
  leadingIp: "ip",
  leadingHalf: "cosine",
  leadingBinary: "l1",
};

function distance(metric: Metric, a: Float32Array, b: Float32Array): number {
  let dot = 0;
  let aa = 0;
  let bb = 0;
  let l1 = 0;
  let l2 = 0;
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i] as number, b[i] as number];
    dot += x * y;
    aa += x * x;
    bb += y * y;
    l1 += Math.abs(x - y);
    l2 += (x - y) ** 2;
  }
  return { cosine: 1 - dot / Math.sqrt(aa * bb), ip: -dot, l1, l2: Math.sqrt(l2) }[metric];
}

const exact = (metric: Metric, question: Float32Array, limit: number) =>
  vectors
    .map((vector, id) => ({ id, distance: distance(metric, vector, question) }))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, limit);

beforeAll(async () => {
  db = await freshDatabase();
  await createTables(db, tables);
}, 120_000);

describe(`index kinds on ${databaseName}`, () => {
  for (const name of Object.keys(tables) as (keyof typeof tables)[]) {
    describe(name, () => {
      const table = tables[name];
      const metric = metrics[name];
      const docs = (index?: SearchedIndex) =>
        collection(db, { documents: table, text: table.body, metric, ...(index && { index }) });

      beforeAll(async () => {
        await docs().load(vectors.map((vector, id) => ({ id, body: `number ${id}`, near: vector })));
      }, 120_000);

      it("answers from the index, and ranks by the whole vector", async () => {
        expect(await docs().search(near(0)).explain()).toContain(
          `Index Scan using ${name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`)}_near`,
        );
        let found = 0;
        for (let i = 0; i < 10; i++) {
          const question = near(7 * i);
          const wanted = exact(metric, question, 10);
          const hits = await docs().search(question);
          expect(hits).toHaveLength(10);
          found += hits.filter((hit) => wanted.some(({ id }) => id === hit.document.id)).length;
          const first = exact(metric, question, 1)[0] as { distance: number };
          const similar = metric === "cosine" ? 1 - first.distance : metric === "ip" ? -first.distance : 1 / (1 + first.distance);
          expect(hits[0]?.score).toBeCloseTo(similar, 2);
        }
        expect(found).toBeGreaterThanOrEqual(95);
      });

      it("returns as many as asked for, under any filter", async () => {
        const question = near(3);
        for (const limit of [1, 60, 300]) expect(await docs().search(question, { limit })).toHaveLength(limit);
        for (const share of [2, 10, 500]) {
          const hits = await docs().search(question, { limit: 10, where: sql`${table.id} % ${sql.raw(String(share))} = 0` });
          expect(hits).toHaveLength(Math.min(10, count / share));
        }
        const page = await docs().search(question, { limit: 5, offset: 5 });
        expect(page.map(({ document }) => document.id)).toEqual(
          (await docs().search(question, { limit: 10 })).slice(5).map(({ document }) => document.id),
        );
      });
    });
  }

  it("measures the recall of what is ranked again", async () => {
    const found = await collection(db, { documents: tables.binary, text: tables.binary.body }).recall({
      queries: 60,
      efSearch: [20, 400],
    });
    const [few, many] = found.settings.map(({ recall }) => recall) as [number, number];
    expect(many).toBeGreaterThanOrEqual(few);
    // Questions are drawn at random, and so are the graph's levels.
    expect(many).toBeGreaterThan(0.95);
  });

  it("can be told the index instead of finding it out", async () => {
    const plain = pgTable("binary", { id: integer().primaryKey(), body: text().notNull(), near: vector({ dimensions }) });
    const told = (index?: SearchedIndex) => collection(db, { documents: plain, text: plain.body, ...(index && { index }) });
    expect(await told().search(near(1)).explain()).not.toContain("Index Scan using binary_near");
    expect(await told({ kind: "binary" }).search(near(1)).explain()).toContain("Index Scan using binary_near");
    const { sql: statement } = await told({ kind: "binary", overfetch: 3 }).search(near(1)).toSQL();
    expect(statement).toMatch(/binary_quantize\(.*\)::bit\(256\) <~> .* limit 30\b/s);
    expect(() => told({ kind: "binary", overfetch: 0 })).toThrow(/overfetch/);
    expect(() => told({ efSearch: 2000 })).toThrow(/efSearch/);
    expect(() => told({ subvector: 256 })).toThrow(ConfigurationError);
    expect(() => told({ kind: "tiny" as never })).toThrow(/"tiny"/);
  });

  it("searches as deep as it was told", async () => {
    const { half } = tables;
    const deep = collection(db, { documents: half, text: half.body, index: { efSearch: 123 } });
    expect(await deep.search(near(1), { limit: 5 })).toHaveLength(5);
    await expect(deep.recall({ queries: 2, efSearch: [40] })).resolves.toMatchObject({ queries: 2 });
  });
});

describe(`chunks of large vectors on ${databaseName}`, () => {
  const cases = {
    half3072: chunkColumns({ dimensions: 3072, index: "half" }),
    binary5000: chunkColumns({ dimensions: 5000, index: "binary" }),
    halfvec4096: halfChunkColumns({ dimensions: 4096, index: "binary" }),
    leading3072: chunkColumns({ dimensions: 3072, subvector: 512 }),
  };
  for (const [name, columns] of Object.entries(cases)) {
    it(`writes, finds and filters by ${name}`, async () => {
      const documents = docsOf(name);
      const chunks = pgTable(
        `${name}_chunks`,
        {
          document: integer()
            .notNull()
            .references(() => documents.id, { onDelete: "cascade" }),
          ...(columns as typeof cases.half3072),
        },
        (t) => chunkIndexes(t),
      );
      await createTables(db, { documents, chunks });
      const size = Number(columns.embedding && /\d{4}/.exec(name)?.[0]);
      const docs = collection(db, { documents, text: documents.body, chunks, embedder: hashingEmbedder({ dimensions: size }) });
      const subjects = ["tea", "coffee", "milk", "bread", "cheese", "salt", "honey", "rice"];
      await docs.insert(subjects.map((subject, id) => ({ id, body: `All about ${subject}, and how ${subject} is made.` })));
      for (const mode of ["vector", "hybrid"] as const) {
        const hits = await docs.search("how is honey made", { mode, limit: 3 });
        expect(hits[0]?.document.id).toBe(6);
        expect(hits).toHaveLength(3);
      }
      expect(await docs.search("made", { mode: "vector", where: sql`${documents.id} > 5` })).toHaveLength(2);
      expect((await docs.indexes.status()).indexes[0]).toMatchObject({ kind: "hnsw", state: "valid", declared: true });
    });
  }

  it("refuses what no index takes, and says which would", () => {
    expect(() => chunkColumns({ dimensions: 3072, index: "full" })).toThrow(/index: "half"/);
    expect(() => chunkColumns({ dimensions: 5000, index: "half" })).toThrow(/index: "binary"/);
    expect(() => chunkColumns({ dimensions: 16_001, index: "binary" })).toThrow(/16000/);
    expect(() => chunkColumns({ dimensions: 512, subvector: 512 })).toThrow(/leading/);
    expect(() => chunkColumns({ dimensions: 5000 })).toThrow(/index: "binary"/);
    const word = customType<{ data: string }>({ dataType: () => "word" });
    const table = pgTable("t", { id: integer().primaryKey(), word: word() }, (t) => [vectorIndex("x", t.word)]);
    expect(() => collection(db, { documents: table, text: () => "" })).toThrow(ConfigurationError);
  });
});
