// The indexes of a collection: their state, building and rebuilding them, what a failed build leaves, and how much they find.
import { sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/node-postgres";
import { integer, pgTable, vector } from "drizzle-orm/pg-core";
import pg from "pg";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { ConfigurationError, InputError } from "../../src/errors.ts";
import { collection } from "../../src/store/collection.ts";
import { pgvectorFaults } from "../../src/store/indexes/faults.ts";
import type { BuildProgress } from "../../src/store/indexes/status.ts";
import { vectorIndex } from "../../src/table/index.ts";
import { createTables, databaseName, freshDatabase, onServer } from "../helpers/database.ts";
import { articleChunks, articles, pageChunks, pages, wiki } from "./tables.ts";

const dimensions = 32;
const points = pgTable("points of interest", { id: integer().primaryKey(), near: vector({ dimensions }) }, (t) => [
  vectorIndex("points near", t.near, { metric: "l2", m: 8, efConstruction: 32 }),
]);
let db: Awaited<ReturnType<typeof freshDatabase>>;
const docs = () => collection(db, { documents: points, text: () => "", metric: "l2" });
const stateOf = async (name: string) => (await docs().indexes.status()).indexes.find((index) => index.name === name)?.state;

let seed = 11;
function random(): number {
  seed = (seed * 1103515245 + 12345) % 2147483648;
  return seed / 2147483648;
}
const count = 4000;
const question = () => Float32Array.from({ length: dimensions }, random);

beforeAll(async () => {
  db = await freshDatabase();
  await createTables(db, { articles, articleChunks, wiki, pages, pageChunks });
  await db.execute(sql`create table ${points} (id integer primary key, near vector(${sql.raw(String(dimensions))}))`);
  const vectors = Array.from({ length: count }, (_, id) => ({ id, near: Array.from({ length: dimensions }, random) }));
  for (let i = 0; i < count; i += 500) await db.insert(points).values(vectors.slice(i, i + 500));
  await db.insert(points).values({ id: count, near: null });
  await db.execute(sql`analyze ${points}`);
}, 120_000);

describe(`indexes on ${databaseName}`, () => {
  it("tells what is declared and missing", async () => {
    const { indexes, building, pgvector } = await docs().indexes.status();
    expect(indexes[0]).toEqual({
      name: "points near",
      kind: "hnsw",
      state: "missing",
      size: 0,
      declared: true,
      definition: undefined,
      progress: undefined,
    });
    expect(indexes[1]).toMatchObject({ kind: "btree", state: "valid", declared: false });
    expect(building).toEqual([]);
    expect(pgvector).toMatch(/^\d+\.\d+\.\d+$/);
  });

  it("creates what is missing, once, and tells its size and definition", async () => {
    const seen: BuildProgress[] = [];
    expect(
      await docs().indexes.create({ maintenanceWorkMem: "128MB", parallelWorkers: 0, onProgress: (at) => seen.push(at) }),
    ).toEqual(["points near"]);
    expect(seen[0]).toMatchObject({ name: "points near", phase: "initializing" });
    expect(await docs().indexes.create()).toEqual([]);
    const [index] = (await docs().indexes.status()).indexes;
    expect(index).toMatchObject({ state: "valid", declared: true });
    expect(index?.size).toBeGreaterThan(100_000);
    expect(index?.definition).toMatch(/USING hnsw \(near vector_l2_ops\) WITH \(m='8', ef_construction='32'\)/);
  });

  it("drops and creates again, concurrently as well", async () => {
    expect(await docs().indexes.drop({ concurrently: true })).toEqual(["points near"]);
    expect(await stateOf("points near")).toBe("missing");
    expect(await docs().indexes.drop()).toEqual([]);
    expect(await docs().indexes.create({ concurrently: true, maintenanceWorkMem: "100MB" })).toEqual(["points near"]);
    expect(await stateOf("points near")).toBe("valid");
    const shown = await Promise.all([1, 2, 3, 4].map(() => db.execute(sql`show maintenance_work_mem`)));
    for (const { rows } of shown) expect(rows[0]).not.toEqual({ maintenance_work_mem: "100MB" });
  });

  it("rebuilds", async () => {
    expect(await docs().indexes.rebuild()).toEqual(["points near"]);
    expect(await docs().indexes.rebuild({ concurrently: true, names: ["points near"] })).toEqual(["points near"]);
    await expect(docs().indexes.rebuild({ names: ["points far"] })).rejects.toThrow(/points far/);
    expect(await stateOf("points near")).toBe("valid");
  });

  it("drops what a failed build left, and builds it again", async () => {
    const invalidate = () =>
      db.execute(sql`update pg_index set indisvalid = false where indexrelid = ${'"points near"'}::regclass`);
    await invalidate();
    expect(await stateOf("points near")).toBe("invalid");
    expect(await docs().indexes.dropInvalid()).toEqual(["points near"]);
    expect(await docs().indexes.dropInvalid()).toEqual([]);
    await docs().indexes.create();
    await invalidate();
    expect(await docs().indexes.create()).toEqual(["points near"]);
    expect(await stateOf("points near")).toBe("valid");
  });

  it("builds words and references too, in another schema", async () => {
    const wikiDocs = collection(db, {
      documents: pages,
      text: pages.body,
      chunks: pageChunks,
      reference: [
        [pageChunks.tenant, pages.tenant],
        [pageChunks.page, pages.page],
      ],
    });
    const names = ["page_chunks_embedding_idx", "page_chunks_parent_idx", "page_chunks_search_idx"];
    const definitions = async () =>
      Object.fromEntries((await wikiDocs.indexes.status()).indexes.map(({ name, definition }) => [name, definition]));
    const byDrizzleKit = await definitions();
    expect((await wikiDocs.indexes.drop({ names })).sort()).toEqual(names);
    expect((await wikiDocs.indexes.create()).sort()).toEqual(names);
    expect(await definitions()).toEqual(byDrizzleKit);
  });

  it("works in a transaction of the user's, but not concurrently", async () => {
    await docs().indexes.drop();
    await db.transaction(async (tx) => {
      expect(await docs().in(tx).indexes.create()).toEqual(["points near"]);
      if (onServer) await expect(docs().in(tx).indexes.create({ concurrently: true })).rejects.toThrow(ConfigurationError);
    });
    expect(await stateOf("points near")).toBe("valid");
  });

  it("refuses settings that are none", async () => {
    await docs().indexes.drop();
    await expect(docs().indexes.create({ maintenanceWorkMem: "1GB'; drop table x" })).rejects.toThrow(InputError);
    await expect(docs().indexes.create({ parallelWorkers: -1 })).rejects.toThrow(InputError);
    await expect(docs().indexes.create({ signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow("enough");
    await docs().indexes.create();
  });

  it("knows the faults of versions", async () => {
    const ids = (version: string) => pgvectorFaults(version).map(({ id }) => id);
    expect(ids("0.5.1")).toEqual(["hnsw-vacuum", "CVE-2026-18022", "ivfflat-build"]);
    expect(ids("0.8.0")).toEqual(["hnsw-vacuum", "CVE-2026-3172", "CVE-2026-18022", "ivfflat-build"]);
    expect(ids("0.8.1")).toContain("CVE-2026-3172");
    expect(ids("0.8.2")).not.toContain("CVE-2026-3172");
    expect(ids("0.8.3")).toContain("hnsw-vacuum");
    expect(ids("0.8.4")).toEqual(["CVE-2026-18022", "ivfflat-build"]);
    expect(ids("0.8.6")).toEqual(["ivfflat-build"]);
    expect(ids("0.8.7")).toEqual([]);
    expect(ids("0.10.0")).toEqual([]);
    const { pgvector, warnings } = await docs().indexes.status();
    // The table has no IVFFlat index, so what is wrong with those is no matter here.
    expect(warnings).toEqual(pgvectorFaults(pgvector as string).filter(({ concerns }) => concerns === "hnsw"));
  });
});

it(`advises to keep large vectors in line, where they fit, on ${databaseName}`, async () => {
  const large = pgTable("Large", { id: integer().primaryKey(), near: vector({ dimensions: 768 }) });
  await db.execute(sql`create table ${large} (id integer primary key, near vector(768), other vector(3), whole vector(3072))`);
  const advice = async () => (await collection(db, { documents: large, text: () => "" }).indexes.status()).advice;
  const found = await advice();
  expect(found).toHaveLength(1);
  expect(found[0]).toContain("vector(768)");
  await db.execute(sql.raw(found[0]?.slice(found[0].indexOf("ALTER")) ?? ""));
  expect(await advice()).toEqual([]);
});

describe.runIf(onServer)("a build that others see, on a server", () => {
  const big = pgTable("big", { id: integer().primaryKey(), near: vector({ dimensions: 128 }) }, (t) => [
    vectorIndex("big_near", t.near),
  ]);
  const bigDocs = () => collection(db, { documents: big, text: () => "" });

  beforeAll(async () => {
    await db.execute(sql`create table big (id integer primary key, near vector(128))`);
    await db.execute(
      sql`insert into big select i, (select array_agg(random()) from generate_series(1, 128) where i > 0)::vector from generate_series(1, 6000) as i`,
    );
  });

  for (const concurrently of [false, true]) {
    it(`tells how far it is${concurrently ? ", concurrently" : ""}`, async () => {
      const seen: BuildProgress[] = [];
      let other: Awaited<ReturnType<ReturnType<typeof bigDocs>["indexes"]["status"]>> | undefined;
      const onProgress = (at: BuildProgress) => {
        seen.push(at);
        if (at.rows > 0)
          void bigDocs()
            .indexes.status()
            .then((status) => (other ??= status));
      };
      await bigDocs().indexes.create({ concurrently, onProgress, parallelWorkers: 0 });
      expect(seen.some(({ phase, done }) => /loading tuples/.test(phase) && done !== undefined && done > 0)).toBe(true);
      expect(other?.building).toHaveLength(1);
      if (concurrently) expect(other?.indexes[0]).toMatchObject({ state: "building", progress: { name: "big_near" } });
      await bigDocs().indexes.drop();
    });

    it(`can be cancelled${concurrently ? ", and cleared away" : ""}`, async () => {
      const abort = new AbortController();
      const building = bigDocs().indexes.create({ concurrently, parallelWorkers: 0, signal: abort.signal });
      setTimeout(() => abort.abort(new Error("enough")), 300);
      await expect(building).rejects.toThrow("enough");
      const state = async () => (await bigDocs().indexes.status()).indexes[0]?.state;
      expect(await state()).toBe(concurrently ? "invalid" : "missing");
      expect(await bigDocs().indexes.dropInvalid()).toEqual(concurrently ? ["big_near"] : []);
      expect(await state()).toBe("missing");
    });
  }

  it("is waited for, not dropped, by who would clear away", async () => {
    const building = bigDocs().indexes.create({ concurrently: true });
    await vi.waitUntil(async () => (await bigDocs().indexes.status()).indexes.some(({ state }) => state === "building"), {
      timeout: 20_000,
    });
    expect(await bigDocs().indexes.dropInvalid()).toEqual([]);
    expect(await building).toEqual(["big_near"]);
    expect((await bigDocs().indexes.status()).indexes[0]).toMatchObject({ state: "valid" });
  });

  it("works over a single connection", async () => {
    const { connectionString } = (db as unknown as { $client: { options: { connectionString: string } } }).$client.options;
    const client = new pg.Client({ connectionString });
    await client.connect();
    const own = collection(drizzle(client), { documents: big, text: () => "" });
    await own.indexes.drop();
    expect(await own.indexes.create({ concurrently: true, parallelWorkers: 1, onProgress: () => {} })).toEqual(["big_near"]);
    expect((await client.query("show max_parallel_maintenance_workers")).rows[0]).not.toEqual({
      max_parallel_maintenance_workers: "1",
    });
    await client.end();
  });
});

describe(`recall on ${databaseName}`, () => {
  it("grows with ef_search, and tells which reaches the target", async () => {
    const found = await docs().recall({ queries: 20, efSearch: [200, 11, 40], target: 0.9 });
    expect(found).toMatchObject({ k: 10, queries: 20, target: 0.9 });
    expect(found.settings.map(({ efSearch }) => efSearch)).toEqual([11, 40, 200]);
    const recalls = found.settings.map(({ recall }) => recall);
    expect(recalls[0]).toBeLessThan(1);
    expect(recalls).toEqual([...recalls].sort((a, b) => a - b));
    expect(recalls[2]).toBeGreaterThan(0.9);
    expect(found.efSearch).toBe(found.settings.find(({ recall }) => recall >= 0.9)?.efSearch);
    for (const { p50 } of [...found.settings, { p50: found.exactP50 }]) expect(p50).toBeGreaterThan(0);
    expect(found.settings[0]?.planned).toBe(true);
  });

  it("measures questions of one's own, and says when nothing reaches the target", async () => {
    const found = await docs().recall({ queries: [question(), question()], k: 5, efSearch: [5], target: 1 });
    expect(found).toMatchObject({ k: 5, queries: 2 });
    expect(found.efSearch).toBe((found.settings[0]?.recall ?? 0) >= 1 ? 5 : undefined);
  });

  it("samples pages of a large table", async () => {
    // The server takes the table for a large one.
    await db.execute(sql`update pg_class set reltuples = 1000000 where oid = '"points of interest"'::regclass`);
    try {
      const found = await docs().recall({ queries: 5, efSearch: [200] });
      expect(found).toMatchObject({ queries: 5, settings: [{ efSearch: 200 }] });
      expect(found.settings[0]?.recall).toBeGreaterThan(0.9);
    } finally {
      await db.execute(sql`analyze ${points}`);
    }
  });

  it("counts what is equally near as found", async () => {
    const same = pgTable("same", { id: integer().primaryKey(), near: vector({ dimensions: 3 }) }, (t) => [
      vectorIndex("same_near", t.near),
    ]);
    await db.execute(sql`create table same (id integer primary key, near vector(3))`);
    await db.execute(sql`insert into same select i, '[1,2,3]' from generate_series(1, 500) as i`);
    const sameDocs = collection(db, { documents: same, text: () => "" });
    await expect(sameDocs.recall()).rejects.toThrow(/indexes\.create/);
    await sameDocs.indexes.create();
    const found = await sameDocs.recall({ queries: 5 });
    expect(found.settings[0]).toMatchObject({ efSearch: 20, recall: 1 });
    expect(found.efSearch).toBe(20);
  });

  it("refuses what cannot be meant", async () => {
    for (const options of [
      { k: 0 },
      { k: 2.5 },
      { target: 2 },
      { efSearch: [0] },
      { efSearch: [] },
      { queries: 0 },
      { queries: [] },
    ])
      await expect(docs().recall(options)).rejects.toThrow(InputError);
    await expect(docs().recall({ queries: ["words"] })).rejects.toThrow(/no embedder/);
    await expect(docs().recall({ queries: [new Float32Array(3)] })).rejects.toThrow(/3 dimensions/);
  });

  it("leaves nothing behind in the user's transaction", async () => {
    await db.transaction(async (tx) => {
      await docs()
        .in(tx)
        .recall({ queries: 2, efSearch: [40] });
      await tx.insert(points).values({ id: -1, near: null });
      expect((await tx.execute(sql`show enable_seqscan`)).rows[0]).toEqual({ enable_seqscan: "on" });
    });
  });
});
