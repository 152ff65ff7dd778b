// Tables of the kinds that users have: a chunk table, a single table, other key types, another schema, a composite key.

import { sql } from "drizzle-orm";
import { bigint, integer, pgSchema, pgTable, primaryKey, text, timestamp, uuid, vector } from "drizzle-orm/pg-core";
import { chunkColumns, chunkIndexes, halfChunkColumns, tsvector } from "../../src/table/index.ts";

export const dimensions = 64;

export const articles = pgTable("articles", {
  id: bigint({ mode: "number" }).primaryKey().generatedAlwaysAsIdentity(),
  slug: text().notNull().unique(),
  title: text().notNull(),
  body: text().notNull(),
  lang: text().notNull(),
  views: integer().notNull().default(0),
  updatedAt: timestamp({ withTimezone: true }).notNull().defaultNow(),
});

export const articleChunks = pgTable(
  "article_chunks",
  {
    articleId: bigint({ mode: "number" })
      .notNull()
      .references(() => articles.id, { onDelete: "cascade" }),
    ...chunkColumns({ dimensions }),
  },
  (t) => chunkIndexes(t),
);

/** One vector a row, with a key of another type, and names that need quoting. */
export const notes = pgTable("Notes 2026", {
  id: uuid("note id").primaryKey().defaultRandom(),
  content: text("the content").notNull(),
  mood: text(),
  vector: vector("v", { dimensions }).notNull(),
  words: tsvector("w", { language: "simple" }).generatedAlwaysAs(sql`to_tsvector('simple'::regconfig, "the content")`),
});

/** A schema of its own, a composite key with the tenant first, halfvec, and no cascade. */
export const wiki = pgSchema("wiki");

export const pages = wiki.table(
  "pages",
  {
    tenant: text().notNull(),
    page: integer().notNull(),
    body: text().notNull(),
  },
  (t) => [primaryKey({ columns: [t.tenant, t.page] })],
);

export const pageChunks = wiki.table(
  "page_chunks",
  {
    ...halfChunkColumns({ dimensions, language: "simple" }),
    id: uuid().notNull().defaultRandom(),
    tenant: text().notNull(),
    page: integer().notNull(),
  },
  (t) => [primaryKey({ columns: [t.tenant, t.id] }), ...chunkIndexes(t, { parent: [t.tenant, t.page] })],
);
