// One vector a row, in a column of the table itself: for short texts, such as products. npx tsx examples/single-table.ts
import { lt } from "drizzle-orm";
import { hashingEmbedder } from "../src/embed/hashing.ts"; // "drizzle-rag/embed/hashing"
import { collection, connect, migrate } from "../src/index.ts"; // "drizzle-rag"
import { products } from "./schema.ts";

const db = await connect(process.env.DATABASE_URL);
await migrate(db, { folder: `${import.meta.dirname}/drizzle` });

const shop = collection(db, {
  documents: products,
  text: (row) => `${row.name}. ${row.description}`, // what is embedded: any function of the row
  title: products.name,
  embedder: hashingEmbedder(),
});

await shop.upsert(
  [
    { name: "Umbrella", description: "Keeps the rain off, folds into a bag.", price: 25 },
    { name: "Raincoat", description: "Keeps the rain off in any wind.", price: 90 },
    { name: "Sun hat", description: "A wide brim against the sun.", price: 30 },
  ],
  { key: products.name },
);

for (const { document, scores } of await shop.search("something against the rain", { where: lt(products.price, 50), limit: 2 })) {
  console.log(
    `${document.name}, ${document.price}: cosine ${scores.vector?.toFixed(2) ?? "-"}, BM25 ${scores.keyword?.toFixed(2) ?? "-"}`,
  );
}
await shop.delete({ all: true });
await db.close();
