// From `drizzle-rag init` to a search in a user's project: the files it writes, drizzle-kit's migration for them, and the commands on it.
import { execFile } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, inject, test } from "vitest";

const consumer = inject("consumer");

async function run(...args: string[]): Promise<string> {
  const { DATABASE_URL, OPENAI_API_KEY, ANTHROPIC_API_KEY, ...env } = process.env;
  try {
    return (await promisify(execFile)("npx", args, { cwd: consumer, env: { ...env, NO_COLOR: "1" } })).stdout;
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`npx ${args.join(" ")}\n${stdout}${stderr}`);
  }
}

test("init writes a schema that drizzle-kit understands", async () => {
  await run("drizzle-rag", "init");
  await run("drizzle-kit", "generate", "--name", "tables");
  const names = readdirSync(join(consumer, "drizzle")).filter((name) => name.endsWith(".sql"));
  expect(names).toEqual(["0000_vector_extension.sql", "0001_tables.sql"]);
  const [extension, tables] = names.map((name) => readFileSync(join(consumer, "drizzle", name), "utf8")) as [string, string];
  expect(extension).toMatch(/^CREATE EXTENSION IF NOT EXISTS vector/);
  expect(tables).toContain('"embedding" vector(1536) NOT NULL');
  expect(tables).toMatch(
    /"search" "tsvector" GENERATED ALWAYS AS \(setweight\(to_tsvector\('english'::regconfig, "headings"\), 'A'\).*\) STORED/,
  );
  expect(tables).toMatch(/CREATE INDEX "chunks_embedding_idx" ON "chunks" USING hnsw \("embedding" vector_cosine_ops\)/);
  expect(tables).toMatch(/CREATE INDEX "chunks_search_idx" ON "chunks" USING gin \("search"\)/);
  expect(tables).toMatch(/CREATE INDEX "chunks_parent_idx" ON "chunks" USING btree \("document_id","ordinal"\)/);
  expect(tables).toMatch(/FOREIGN KEY \("document_id"\) REFERENCES "public"."documents"\("id"\) ON DELETE cascade/);
  // A second time there is nothing to do.
  expect(await run("drizzle-kit", "generate")).toContain("No schema changes");
});

test("migrate, add, search, ask and remove work on it, on embedded Postgres", async () => {
  await run("drizzle-rag", "migrate");
  await run("drizzle-rag", "migrate");
  writeFileSync(join(consumer, "refunds.md"), "# Refunds\n\nA refund is paid within 14 days of the return.\n");
  const added = JSON.parse(await run("drizzle-rag", "add", "refunds.md", "--json"));
  expect(added).toMatchObject({ documents: 1, embedded: 1 });
  expect(JSON.parse(await run("drizzle-rag", "add", "refunds.md", "--json"))).toMatchObject({
    documents: 1,
    embedded: 0,
    kept: 1,
  });
  expect(await run("drizzle-rag", "search", "refund")).toMatch(/refunds\.md:\d/);
  const asked = await run("drizzle-rag", "ask", "When is a refund paid?");
  expect(asked).toContain("within 14 days");
  expect(asked).toContain("refunds.md:3");
  expect(JSON.parse(await run("drizzle-rag", "status", "--json"))).toMatchObject({ documents: 1, chunks: 1 });
  expect(await run("drizzle-rag", "remove", "refunds.md")).toContain("1 document removed");
});
