// The plans of every kind of search where a planner is most tempted to leave the index: 10,000 rows of 1,536 dimensions.
import { and, eq, gt, sql } from "drizzle-orm";
import { bigint, integer, pgTable, text } from "drizzle-orm/pg-core";
import { beforeAll, describe, expect, it } from "vitest";
import { collection } from "../../src/store/collection.ts";
import { capabilities } from "../../src/store/search/settings.ts";
import type { Shape } from "../../src/store/shape.ts";
import { chunkColumns } from "../../src/table/columns.ts";
import { chunkIndexes } from "../../src/table/indexes.ts";
import { createTables, freshDatabase, onServer } from "../helpers/database.ts";

const dimensions = 1536;
const articles = pgTable("articles", {
  id: bigint({ mode: "number" }).primaryKey(),
  title: text().notNull(),
  body: text().notNull(),
  part: integer().notNull(),
});
const pieces = pgTable(
  "pieces",
  {
    articleId: bigint({ mode: "number" })
      .notNull()
      .references(() => articles.id),
    ...chunkColumns({ dimensions }),
  },
  // A thin graph: what is asked here is whether it is used.
  (t) => chunkIndexes(t, { m: 4, efConstruction: 16 }),
);
const byVector = "Index Scan using pieces_embedding_idx on pieces";
const byWords = "Bitmap Index Scan on pieces_search_idx";

let db: Awaited<ReturnType<typeof freshDatabase>>;
let seed = 3;
const random = () => {
  seed = (seed * 1103515245 + 12345) % 2147483648;
  return seed / 2147483648 - 0.5;
};
const vector = () => Float32Array.from({ length: dimensions }, random);
const question = () => ({ text: "word17 word4711", vector: vector() });

describe.skipIf(!onServer)("plans over 10,000 × 1,536 on a server", () => {
  const docs = () => collection(db, { documents: articles, text: articles.body, title: articles.title, chunks: pieces });

  beforeAll(async () => {
    db = await freshDatabase();
    await createTables(db, { articles, pieces });
    const statements = [
      "alter table pieces alter column embedding set storage plain",
      "insert into articles select i, 'title ' || i, 'body ' || i, i % 100 from generate_series(1, 10000) as i",
      // Words of all degrees of rarity; vectors cut from one long list of random numbers, which is quicker than numbers for each.
      `insert into pieces ("articleId", ordinal, text, char_start, char_end, hash, embedder, embedding)
         select i, 0, 'word' || i % 100 || ' word' || i, 0, 1, 'h' || i, 'none', (numbers)[i:i + ${dimensions - 1}]::vector
         from generate_series(1, 10000) as i, (select array_agg(random()::real - 0.5) as numbers from generate_series(1, 12000)) as source`,
      "analyze articles",
      "analyze pieces",
    ];
    for (const statement of statements) await db.execute(sql.raw(statement));
  }, 300_000);

  it("by vector, without and with filters on chunks and on documents", async () => {
    expect(await docs().search(vector()).explain()).toContain(byVector);
    expect(await docs().search(vector(), { limit: 100 }).explain()).toContain(byVector);
    const wheres = [gt(pieces.ordinal, -1), gt(articles.part, 30), and(gt(articles.part, 30), gt(pieces.ordinal, -1))];
    for (const where of wheres) expect(await docs().search(vector(), { where }).explain()).toContain(byVector);
  });

  it("knows how large the table is, whole or in partitions", async () => {
    const size = async (table: typeof pieces) => {
      const shape = { passages: table, documents: articles, chunked: false } as unknown as Shape;
      return (await capabilities(db, shape, undefined)).passages;
    };
    expect(await size(pieces)).toBe(10_000);
    await db.execute(sql`create table parted (id int) partition by range (id)`);
    await db.execute(sql`create table parted_low partition of parted for values from (0) to (700)`);
    await db.execute(sql`create table parted_high partition of parted for values from (700) to (2000)`);
    await db.execute(sql`insert into parted select generate_series(1, 1500)`);
    await db.execute(sql`analyze parted`);
    expect(await size(pgTable("parted", { id: integer() }) as unknown as typeof pieces)).toBe(1500);
  });

  it("in a transaction, and with a tenant's settings", async () => {
    await db.transaction(async (tx) => {
      const inside = docs().in(tx);
      expect(await inside.search(vector(), { where: gt(articles.part, 30) }).explain()).toContain(byVector);
    });
    const tenant = docs().as({ "app.tenant": "a" });
    expect(await tenant.search(vector(), { where: gt(articles.part, 30) }).explain()).toContain(byVector);
  });

  it("leaves the index where few rows match, and finds them by theirs", async () => {
    const plan = await docs()
      .search(vector(), { where: eq(pieces.articleId, 7) })
      .explain();
    expect(plan).not.toContain(byVector);
    expect(plan).toContain("pieces_parent_idx");
  });

  it("by keyword and hybrid", async () => {
    expect(await docs().search("word17 word4711", { mode: "keyword" }).explain()).toContain(byWords);
    for (const where of [undefined, gt(articles.part, 30)]) {
      const plan = await docs()
        .search(question(), { ...(where && { where }) })
        .explain();
      expect(plan).toContain(byVector);
      expect(plan).toContain(byWords);
    }
  });

  it("several questions, grouped, diverse and similar", async () => {
    const several = await docs().search([vector(), vector()]).explain();
    expect(several.split(byVector)).toHaveLength(3);
    expect(await docs().search(vector(), { perDocument: 1 }).explain()).toContain(byVector);
    expect(await docs().search(vector(), { diversity: 0.5 }).explain()).toContain(byVector);
    expect(await docs().similar(7).explain()).toContain(byVector);
    expect(
      await docs()
        .similar(7, { where: gt(articles.part, 30) })
        .explain(),
    ).toContain(byVector);
  });

  it("a query to build on, and each question of a batch", async () => {
    const query = await docs().searchQuery(vector(), { limit: 20, where: gt(articles.part, 30) });
    const hits = query.as("hits");
    const joined = db
      .select({ title: articles.title, score: hits.score })
      .from(hits)
      .innerJoin(articles, eq(articles.id, hits.articleId));
    const plan = await db.execute(sql`explain ${joined}`);
    expect(JSON.stringify(plan.rows)).toContain(byVector);
    await db.transaction(async (tx) => {
      const scans = async () => {
        const result = await tx.execute(sql`select pg_stat_get_xact_numscans('pieces_embedding_idx'::regclass)::int as n`);
        return (result.rows[0] as { n: number }).n;
      };
      const before = await scans();
      await docs()
        .in(tx)
        .searchMany(Array.from({ length: 20 }, vector));
      expect((await scans()) - before).toBe(20);
    });
  });
});
