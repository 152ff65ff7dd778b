// Documents and their passages in tables of your own, with your own transactions. npx tsx examples/own-tables.ts
import { and, eq, gt } from "drizzle-orm";
import { hashingEmbedder } from "../src/embed/hashing.ts"; // "drizzle-rag/embed/hashing"
import { collection, connect, migrate } from "../src/index.ts"; // "drizzle-rag"
import { articleChunks, articles, orders } from "./schema.ts";

const db = await connect(process.env.DATABASE_URL);
await migrate(db, { folder: `${import.meta.dirname}/drizzle` });

const docs = collection(db, {
  documents: articles,
  text: articles.body,
  title: articles.title,
  source: articles.slug,
  chunks: articleChunks,
  embedder: hashingEmbedder(),
});

const rows = [
  { slug: "refunds", title: "Refunds", body: "A refund is paid within 14 days of the return.", lang: "en" },
  { slug: "shipping", title: "Shipping", body: "Parcels leave the warehouse at seven every morning.", lang: "en" },
  { slug: "versand", title: "Versand", body: "Pakete verlassen das Lager jeden Morgen um sieben.", lang: "de" },
];
await docs.upsert(rows, { key: articles.slug });
const again = await docs.upsert(rows, { key: articles.slug });
console.log(`the second time: ${again.embedded} embedded, ${again.kept} kept`);

// Filters are Drizzle's, over any column of documents and passages; hits are typed by the tables.
const hits = await docs.search("When do parcels leave?", {
  where: and(eq(articles.lang, "en"), gt(articles.updatedAt, new Date("2024-01-01"))),
  limit: 1,
});
for (const { document, text, score } of hits) console.log(`${document.title} (${score.toFixed(2)}): ${text}`);

// In a transaction of yours: the order and the article, or neither.
try {
  await db.transaction(async (tx) => {
    await tx.insert(orders).values({ customer: "Ada" });
    await docs.in(tx).insert({ slug: "gifts", title: "Gifts", body: "Gifts are wrapped for free.", lang: "en" });
    throw new Error("the customer changed her mind");
  });
} catch (error) {
  const kept = (await docs.count(eq(articles.slug, "gifts"))) + (await db.$count(orders, eq(orders.customer, "Ada")));
  console.log(`${(error as Error).message}: ${kept} rows stayed`);
}

// A changed text is embedded again; what has not changed is not.
const changed = await docs.update({ body: "A refund is paid within 30 days of the return." }, eq(articles.slug, "refunds"));
console.log(`changed: ${changed.embedded} embedded`);
console.log(`deleted: ${await docs.delete(eq(articles.lang, "de"))}`);
await docs.delete({ all: true });
await db.close();
