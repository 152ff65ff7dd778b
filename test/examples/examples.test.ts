// The examples as a reader runs them: each in a process of its own, on an empty database.
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, test } from "vitest";
import { databaseName, freshServerDatabase, onServer } from "../helpers/database.ts";

const root = resolve(import.meta.dirname, "../..");

/** The address of an empty database: on the server, or a folder of its own. */
async function emptyDatabase(): Promise<string> {
  if (onServer) return (await freshServerDatabase()).url;
  const folder = mkdtempSync(join(tmpdir(), "drizzle-rag-example-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  return folder;
}

async function run(name: string, database: string, ...args: string[]): Promise<string> {
  const { OPENAI_API_KEY, ANTHROPIC_API_KEY, INIT_CWD, FORCE_COLOR, ...env } = process.env;
  const options = { cwd: root, env: { ...env, DATABASE_URL: database } };
  const { stdout } = await promisify(execFile)(process.execPath, ["--import", "tsx", `examples/${name}.ts`, ...args], options);
  return stdout;
}

describe(`examples, on ${databaseName}`, { timeout: 240_000 }, () => {
  test("demo: the project's own pages, and a second run embeds nothing", async () => {
    const database = await emptyDatabase();
    const first = await run("demo", database);
    expect(first).toMatch(/\d+ documents of README\.md and docs\//);
    expect(first).toMatch(/[1-9]\d* passages embedded, 0 unchanged/);
    expect(first).toMatch(/3 {2}Search[^\n]*\n {3}\d\.\d\d {2}(README|docs\/[\w-]+)\.md:\d+/);
    expect(first).toMatch(
      /4 {2}Ask[\s\S]*\n {3}\[\d\] docs\/citations\.md:\d+[\s\S]*5 {2}Ask[\s\S]*\n {3}\[\d\] [\w/-]+\.md:\d+/,
    );
    expect(first).toContain("npm run demo -- ");
    expect(await run("demo", database)).toMatch(/ 0 passages embedded, [1-9]\d* unchanged/);
  });

  const data = process.env.DRIZZLE_RAG_DATA;
  test.skipIf(!data)("demo: a folder and a question of the reader's", async () => {
    const folder = join(data ?? "", "documents/markdown_eips");
    const printed = await run("demo", await emptyDatabase(), folder, "How is v computed for a signature with replay protection?");
    expect(printed).toContain("233 documents");
    const answer = printed.slice(printed.indexOf("4  Ask"));
    expect(answer.replace(/\s+/g, " ")).toContain("`{0,1} + CHAIN_ID * 2 + 35`");
    expect(answer).toMatch(/\[\d\] \S*eip-155\.md:20 {2}“/);
  });

  test("own-tables", async () => {
    expect(await run("own-tables", await emptyDatabase())).toBe(
      [
        "the second time: 0 embedded, 3 kept",
        "Shipping (1.00): Parcels leave the warehouse at seven every morning.",
        "the customer changed her mind: 0 rows stayed",
        "changed: 1 embedded",
        "deleted: 1",
        "",
      ].join("\n"),
    );
  });

  test("single-table", async () => {
    expect(await run("single-table", await emptyDatabase())).toMatch(
      /^Umbrella, 25: cosine 0\.\d\d, BM25 \d\.\d\d\nSun hat, 30: cosine 0\.\d\d, BM25 -\n$/,
    );
  });

  test("streaming-answer", async () => {
    expect(await run("streaming-answer", "")).toBe(
      [
        "A refund is paid within 14 days.",
        "  handbook.md (exact): “A refund is paid within 14 days.”",
        "extractive, stop",
        "begins with: Parcels leav…",
        "",
      ].join("\n"),
    );
  });

  test.runIf(onServer)("existing-app, on a server", async () => {
    expect(await run("existing-app", await emptyDatabase())).toBe(
      [
        "{ documents: 2, embedded: 2, kept: 0, removed: 0 }",
        "Green tea is brewed at 80 degrees. [Tea]",
        "1 article, 1 passage",
        "connections still held: 0",
        "",
      ].join("\n"),
    );
  });
});
