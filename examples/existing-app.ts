// An application that has its own pool and its own drizzle(). It hands its database in; nothing here closes, holds or leaks it.
//   DATABASE_URL=postgres://… npx tsx examples/existing-app.ts
import { eq } from "drizzle-orm";
import { drizzle } from "drizzle-orm/node-postgres";
import pg from "pg";
import { hashingEmbedder } from "../src/embed/hashing.ts"; // "drizzle-rag/embed/hashing"
import { call, collection, migrate } from "../src/index.ts"; // "drizzle-rag"
import * as schema from "./schema.ts";

if (!process.env.DATABASE_URL) throw new Error("Set DATABASE_URL to a Postgres server: docker compose up -d --wait");
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 2 });
const db = drizzle(pool, { schema });
await migrate(db, { folder: `${import.meta.dirname}/drizzle` });

const { articles, articleChunks } = schema;
// Rows that were there long before this package, and have no passages.
const rows = [
  { slug: "tea", title: "Tea", body: "Green tea is brewed at 80 degrees.", lang: "en" },
  { slug: "coffee", title: "Coffee", body: "Ground coffee is brewed at 92 to 96 degrees.", lang: "en" },
];
await db.insert(articles).values(rows).onConflictDoNothing();

const docs = collection(db, {
  documents: articles,
  text: articles.body,
  title: articles.title,
  source: articles.slug,
  chunks: articleChunks,
  embedder: hashingEmbedder(),
});
const old = await db.query.articles.findMany({ columns: { id: false, updatedAt: false } });
console.log(await docs.load(old, { key: articles.slug }));

const ask = call({ model: "extractive" }, async (question: string) => ({
  sources: await docs.search(question),
  messages: question,
}));
const { text, citations } = await ask("At how many degrees is green tea brewed?");
console.log(`${text} [${citations[0]?.source.document.title}]`);

// Deleting a document by hand takes its passages along: that is what the foreign key says.
await db.delete(articles).where(eq(articles.slug, "tea"));
console.log(`${await docs.count()} article, ${await db.$count(articleChunks)} passage`);
await docs.delete({ all: true });
console.log(`connections still held: ${pool.totalCount - pool.idleCount}`);
await pool.end();
