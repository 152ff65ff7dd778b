// Many tenants in one table, kept apart by row-level security: everybody finds all of theirs and nobody reaches another's.
import { eq, sql, TransactionRollbackError } from "drizzle-orm";
import { bigint, index, pgTable, text } from "drizzle-orm/pg-core";
import { beforeAll, describe, expect, it } from "vitest";
import { DatabasePermissionError, InputError } from "../../src/errors.ts";
import { collection } from "../../src/store/collection.ts";
import { chunkColumns, chunkIndexes } from "../../src/table/index.ts";
import { fakeEmbedder } from "../../src/testing/index.ts";
import { afterFile, createTables, databaseName, freshDatabase } from "../helpers/database.ts";

const dimensions = 16;
const tenants = 100;
const perTenant = 50;

const pages = pgTable(
  "tenant_pages",
  {
    id: bigint({ mode: "number" }).primaryKey().generatedAlwaysAsIdentity(),
    tenant: text().notNull(),
    body: text().notNull(),
  },
  (t) => [index().on(t.tenant)],
);

const passages = pgTable(
  "tenant_passages",
  {
    pageId: bigint({ mode: "number" })
      .notNull()
      .references(() => pages.id, { onDelete: "cascade" }),
    tenant: text().notNull(),
    ...chunkColumns({ dimensions }),
  },
  (t) => [...chunkIndexes(t), index().on(t.tenant)],
);

let db: Awaited<ReturnType<typeof freshDatabase>>;
const embedder = fakeEmbedder({ dimensions });
// A role of its own for each test database: roles belong to the whole server.
const role = `tenant_${Math.random().toString(36).slice(2)}`;

const docs = () =>
  collection(db, {
    documents: pages,
    text: pages.body,
    chunks: passages,
    chunkValues: ({ tenant }) => ({ tenant }),
    embedder,
  });
/** As the application's role, which owns nothing and so is held by the policies. */
const of = (tenant: number | string) => docs().as({ role, "app.tenant": `tenant ${tenant}` });

beforeAll(async () => {
  db = await freshDatabase();
  await createTables(db, { pages, passages });
  await db.execute(sql.raw(`create role ${role}`));
  for (const table of ["tenant_pages", "tenant_passages"]) {
    await db.execute(sql.raw(`alter table ${table} enable row level security`));
    await db.execute(sql.raw(`alter table ${table} force row level security`));
    await db.execute(sql.raw(`create policy own on ${table} using (tenant = (select current_setting('app.tenant', true)))`));
    await db.execute(sql.raw(`grant select, insert, update, delete on ${table} to ${role}`));
  }
  const rows = Array.from({ length: tenants * perTenant }, (_, i) => ({
    tenant: `tenant ${i % tenants}`,
    body: `Page ${Math.floor(i / tenants)} of tenant ${i % tenants} is about topic${i}.`,
  }));
  await docs().load(rows);
  await db.execute(sql`analyze tenant_passages`);
  afterFile(async () => {
    await db.execute(sql.raw(`drop owned by ${role}`));
    await db.execute(sql.raw(`drop role ${role}`));
  });
}, 120_000);

describe(`tenants on ${databaseName}`, () => {
  it("gives every tenant as many hits as asked for, all its own", async () => {
    for (let i = 0; i < tenants; i++) {
      const hits = await of(i).search(`topic${i * 7}`, { limit: 10, mode: "vector" });
      expect(hits).toHaveLength(10);
      expect(new Set(hits.map((hit) => hit.document.tenant))).toEqual(new Set([`tenant ${i}`]));
    }
  }, 120_000);

  it("finds all that a policy leaves, when it hides nearly everything", async () => {
    await of("rare").insert([
      { tenant: "tenant rare", body: "Only one." },
      { tenant: "tenant rare", body: "And another." },
    ]);
    for (const mode of ["vector", "hybrid"] as const) {
      expect(await of("rare").search("only another", { limit: 10, mode })).toHaveLength(2);
    }
    expect(await of("rare").search("another", { mode: "keyword" })).toHaveLength(1);
    expect(await of("nobody").search("another", { mode: "hybrid" })).toEqual([]);
  });

  it("reads and counts nobody else's rows", async () => {
    expect(await of(3).count()).toBe(perTenant);
    expect(await of(3).count(eq(pages.tenant, "tenant 4"))).toBe(0);
    const [other] = await of(4).list({ limit: 1 });
    expect(await of(3).get(other?.id as number)).toBeUndefined();
    expect(await of(4).get(other?.id as number)).toEqual(other);
    expect((await of(3).list({ limit: 1000 })).every(({ tenant }) => tenant === "tenant 3")).toBe(true);
    expect(await of(3).search("topic1", { where: eq(pages.tenant, "tenant 1") })).toEqual([]);
    expect(await of(3).search("topic1").explain()).toContain("Filter: (tenant = ");
  });

  it("writes nobody else's rows", async () => {
    const [other] = await of(5).list({ limit: 1 });
    await expect(of(6).insert({ tenant: "tenant 5", body: "Smuggled." })).rejects.toThrow(DatabasePermissionError);
    await expect(of(6).update({ tenant: "tenant 5" }, { all: true })).rejects.toThrow(DatabasePermissionError);
    expect((await of(6).update({ body: "Changed." }, eq(pages.id, other?.id as number))).documents).toEqual([]);
    expect(await of(6).delete(eq(pages.id, other?.id as number))).toBe(0);
    expect(await of("gone").delete({ all: true })).toBe(0);
    expect(await of(5).get(other?.id as number)).toEqual(other);
    expect(await of(5).count()).toBe(perTenant);
  });

  it("goes through the whole life of a tenant's documents", async () => {
    const mine = of("new");
    const { documents } = await mine.insert([{ tenant: "tenant new", body: "Ducks swim." }]);
    const id = documents[0]?.id as number;
    expect((await mine.update({ body: "Ducks fly." }, eq(pages.id, id))).embedded).toBe(1);
    expect((await mine.search("ducks", { limit: 1 }))[0]?.text).toBe("Ducks fly.");
    await mine.load(Array.from({ length: 300 }, (_, i) => ({ tenant: "tenant new", body: `Goose ${i}.` })));
    expect(await mine.count()).toBe(301);
    const indexes = await db.execute(sql`select 1 from pg_indexes where indexname = 'tenant_passages_embedding_idx'`);
    expect(indexes.rows).toHaveLength(1);
    expect(await mine.delete({ all: true })).toBe(301);
    expect(await of(1).count()).toBe(perTenant);
  });

  it("holds inside the user's transaction, and leaves the user's own settings as they were", async () => {
    const settings = async (tx: typeof db) => {
      const { rows } = await tx.execute(sql`select current_setting('app.tenant', true) as tenant, current_user::text as who`);
      return rows[0];
    };
    await db
      .transaction(async (given) => {
        const tx = given as unknown as typeof db;
        await tx.execute(sql`select set_config('app.tenant', 'mine', true)`);
        const before = await settings(tx);
        const inside = of(8).in(tx);
        expect(await inside.count()).toBe(perTenant);
        expect(await settings(tx)).toEqual(before);
        expect(await inside.search("topic8", { limit: 5 })).toHaveLength(5);
        expect(await settings(tx)).toEqual(before);
        await inside.insert({ tenant: "tenant 8", body: "In a transaction." });
        expect(await settings(tx)).toEqual(before);
        await expect(inside.insert({ tenant: "tenant 9", body: "Smuggled." })).rejects.toThrow(DatabasePermissionError);
        expect(await settings(tx)).toEqual(before);
        expect(await inside.count()).toBe(perTenant + 1);
        // At the same time, on the one connection.
        const both = await Promise.all([10, 11, 10, 12].map((i) => of(i).in(tx).list({ limit: 100 })));
        expect(both.map((rows) => [...new Set(rows.map(({ tenant }) => tenant))])).toEqual([
          ["tenant 10"],
          ["tenant 11"],
          ["tenant 10"],
          ["tenant 12"],
        ]);
        expect(await settings(tx)).toEqual(before);
        given.rollback();
      })
      .catch((error) => {
        if (!(error instanceof TransactionRollbackError)) throw error;
      });
    expect(await of(8).count()).toBe(perTenant);
  });

  it("keeps concurrent tenants apart, and leaves nothing on the connections", async () => {
    await Promise.all(
      Array.from({ length: 40 }, async (_, i) => {
        const hits = await of(i % tenants).search("topic", { limit: 3, mode: i % 2 === 0 ? "vector" : "hybrid" });
        expect(hits.map((hit) => hit.document.tenant)).toEqual(Array(3).fill(`tenant ${i % tenants}`));
      }),
    );
    for (let i = 0; i < 8; i++) {
      const { rows } = await db.execute(
        sql`select coalesce(current_setting('app.tenant', true), '') as tenant, current_setting('role') as role`,
      );
      expect(rows[0]).toEqual({ tenant: "", role: "none" });
    }
  });

  it("takes names of settings alone, and values as they are", async () => {
    const bad = [
      "work_mem",
      "app",
      "app.",
      ".x",
      "app.tenant = 'x'; drop table x; --",
      'app."x"',
      "app.1x",
      "app.x y",
      "",
      "ROLE",
    ];
    for (const name of bad) expect(() => docs().as({ [name]: "x" })).toThrow(InputError);
    expect(() => docs().as({})).toThrow(InputError);
    expect(() => docs().as({ "app.tenant": undefined as never })).toThrow(/undefined/);
    expect(() => docs().as({ "app.tenant": 5 as never })).toThrow(/number/);
    expect(() => docs().as({ "app.tenant": "a\0b" })).toThrow(/NUL/);
    const hostile = docs().as({
      role,
      "app.tenant": "x', true); drop table tenant_pages; --",
      "request.jwt.claims": '{"sub":"\'"}',
    });
    expect(await hostile.count()).toBe(0);
    expect(await hostile.as({ "app.tenant": "tenant 2" }).count()).toBe(perTenant);
    expect(await of(1).count()).toBe(perTenant);
  });
});
