// A user's project in strict TypeScript, against the types that were packed. The SDKs are not installed in it.
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, inject, test } from "vitest";

const root = resolve(import.meta.dirname, "../..");
const folder = join(inject("consumer"), "typed");

const program = `
import { and, eq, gt } from "drizzle-orm";
import { bigint, integer, pgTable, text, uuid, vector } from "drizzle-orm/pg-core";
import { call, collection, connect, documentRow, type Hit, migrate, type Source } from "drizzle-rag";
import { autoChunker } from "drizzle-rag/chunk";
import { findQuote } from "drizzle-rag/cite";
import { defineConfig } from "drizzle-rag/config";
import { hashingEmbedder } from "drizzle-rag/embed/hashing";
import { openaiEmbedder } from "drizzle-rag/embed/openai";
import { anthropic } from "drizzle-rag/llm/anthropic";
import { extractive } from "drizzle-rag/llm/extractive";
import { loadDirectory } from "drizzle-rag/load";
import { chunkColumns, chunkIndexes } from "drizzle-rag/table";
import { fakeEmbedder } from "drizzle-rag/testing";

const articles = pgTable("articles", {
  id: uuid().primaryKey().defaultRandom(),
  slug: text().notNull().unique(),
  title: text().notNull(),
  body: text().notNull(),
  year: integer(),
});
const articleChunks = pgTable(
  "article_chunks",
  { articleId: uuid().notNull().references(() => articles.id), ...chunkColumns({ dimensions: 1536 }) },
  (t) => chunkIndexes(t),
);
const db = await connect();
await migrate(db, { folder: "./drizzle" });
const docs = collection(db, {
  documents: articles,
  text: articles.body,
  title: (row) => \`\${row.title}, \${row.year}\`,
  chunks: articleChunks,
  chunker: autoChunker({ size: 300 }),
  embedder: hashingEmbedder(),
});
await docs.insert({ slug: "a", title: "A", body: "b" });
await docs.upsert([{ slug: "a", title: "A", body: "b" }], { key: articles.slug });
await docs.update({ body: "c" }, eq(articles.slug, "a"));
await db.transaction(async (tx) => { await docs.in(tx).delete(eq(articles.slug, "a")); });
const hits = await docs.search("a", { where: and(eq(articles.slug, "a"), gt(articles.year, 2000)), limit: 3 });
const title: string | undefined = hits[0]?.document.title;
const year: number | null | undefined = hits[0]?.document.year;
const ordinal: number | undefined = hits[0]?.chunk.ordinal;

const items = pgTable("items", { id: bigint({ mode: "number" }).primaryKey(), name: text().notNull(), embedding: vector({ dimensions: 8 }) });
const single = collection(db, { documents: items, text: items.name, embedder: fakeEmbedder() });
const none: undefined = (await single.search("a"))[0]?.chunk;

const ready = collection(db, { embedder: openaiEmbedder() });
for await (const document of loadDirectory("docs")) await ready.insert(documentRow(document));

const ask = call({ model: "extractive" }, async (question: string) => ({ sources: await docs.search(question), messages: question }));
const answer = await ask("a");
const cited: Hit<typeof articles, typeof articleChunks> | undefined = answer.citations[0]?.source;
const slug: string | undefined = answer.citations[0]?.source.document.slug;
const abstained: boolean = answer.raw.abstained;
for await (const event of ask.with({ model: extractive({ maxPassages: 1 }) }).stream("a")) if (event.type === "finish") event.response.text;
call({ model: anthropic()("claude-sonnet-5-5"), temperature: 0 }, (name: string, count: number) => name.repeat(count));
const source: Source = { text: "a" };
defineConfig({ collection: { documents: articles, text: articles.body, chunks: articleChunks, source: articles.slug } });
export const used = [title, year, ordinal, none, cited, slug, abstained, source, findQuote("a", "a")];

// What must not compile.
// @ts-expect-error no such column
hits[0]?.document.nope;
// @ts-expect-error vectors are not in results
hits[0]?.chunk.embedding;
// @ts-expect-error the body is missing
await docs.insert({ slug: "a", title: "A" });
// @ts-expect-error of another type
await docs.insert({ slug: "a", title: "A", body: 1 });
// @ts-expect-error no such column to set
await docs.update({ nope: 1 }, eq(articles.slug, "a"));
// @ts-expect-error every row has to be asked for in so many words
await docs.delete();
// @ts-expect-error no such mode
await docs.search("a", { mode: "magic" });
// @ts-expect-error the prompt takes a string
await ask(1);
// @ts-expect-error not a setting
call({ model: "extractive", temprature: 1 }, () => "a");
// @ts-expect-error a single table has no chunk
(await single.search("a"))[0]?.chunk.ordinal;
`;

test("a project in strict TypeScript compiles, and mistakes do not", () => {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "index.ts"), program);
  const compilerOptions = {
    module: "nodenext",
    target: "es2023",
    lib: ["es2023", "esnext.disposable"],
    strict: true,
    noUncheckedIndexedAccess: true,
    // drizzle-orm 0.45's own types need it.
    skipLibCheck: true,
    noEmit: true,
    types: ["node"],
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["."] }));
  let output = "";
  try {
    execFileSync("npx", ["tsc", "-p", folder], { cwd: root, encoding: "utf8", stdio: "pipe" });
  } catch (error) {
    output = (error as { stdout: string }).stdout;
  }
  expect(output).toBe("");
});
