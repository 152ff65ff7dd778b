// The tables of the examples: plain Drizzle. examples/drizzle/ is what drizzle-kit wrote for them, with two migrations by hand:
//   npx drizzle-kit generate --dialect=postgresql --schema=examples/schema.ts --out=examples/drizzle
import { sql } from "drizzle-orm";
import { bigint, index, integer, pgTable, text, timestamp, uuid, vector } from "drizzle-orm/pg-core";
import { chunkColumns, chunkIndexes, tsvector } from "../src/table/index.ts"; // "drizzle-rag/table"

export const articles = pgTable("articles", {
  id: bigint({ mode: "number" }).primaryKey().generatedAlwaysAsIdentity(),
  slug: text().notNull().unique(),
  title: text().notNull(),
  body: text().notNull(),
  lang: text().notNull(),
  updatedAt: timestamp("updated_at", { withTimezone: true }).notNull().defaultNow(),
});

export const articleChunks = pgTable(
  "article_chunks",
  {
    articleId: bigint("article_id", { mode: "number" })
      .notNull()
      .references(() => articles.id, { onDelete: "cascade" }),
    ...chunkColumns({ dimensions: 1536 }),
  },
  (t) => chunkIndexes(t),
);

/** An ordinary table that has nothing to do with documents. */
export const orders = pgTable("orders", {
  id: bigint({ mode: "number" }).primaryKey().generatedAlwaysAsIdentity(),
  customer: text().notNull(),
});

/** One vector a row. */
export const products = pgTable(
  "products",
  {
    id: uuid().primaryKey().defaultRandom(),
    name: text().notNull().unique(),
    description: text().notNull(),
    price: integer().notNull(),
    embedding: vector({ dimensions: 1536 }),
    words: tsvector({ language: "english" }).generatedAlwaysAs(
      sql`to_tsvector('english'::regconfig, "name" || ' ' || "description")`,
    ),
  },
  (t) => [
    index("products_embedding_idx").using("hnsw", t.embedding.op("vector_cosine_ops")),
    index("products_words_idx").using("gin", t.words),
  ],
);
