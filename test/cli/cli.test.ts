// The command line as a person or a script uses it: a process of its own, in a folder of its own.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { databaseName, freshServerDatabase, onServer } from "../helpers/database.ts";

// Each command starts Node and, without a server, Postgres: seconds on a busy machine.
vi.setConfig({ testTimeout: 180_000 });

const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
const loader = import.meta.resolve("tsx");
const folder = mkdtempSync(join(tmpdir(), "drizzle-rag-cli-"));
let database = ".drizzle-rag";

interface Ended {
  code: number | null;
  out: string;
  err: string;
}

/** Runs a command; with `until`, sends SIGINT as soon as stderr or stdout says that. */
function cli(
  args: string[],
  options: { input?: string; env?: Record<string, string>; cwd?: string; until?: RegExp } = {},
): Promise<Ended> {
  const { ANTHROPIC_API_KEY: _a, OPENAI_API_KEY: _o, NO_COLOR: _n, ...env } = process.env;
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ["--import", loader, main, ...args], {
      cwd: options.cwd ?? folder,
      env: { ...env, DATABASE_URL: database, ...options.env },
    });
    const ended: Ended = { code: null, out: "", err: "" };
    let told = false;
    const watch = (stream: "out" | "err") => (data: Buffer) => {
      ended[stream] += data;
      if (told || options.until?.test(ended[stream]) !== true) return;
      told = true;
      child.kill("SIGINT");
    };
    child.stdout.on("data", watch("out"));
    child.stderr.on("data", watch("err"));
    child.on("error", reject);
    child.on("close", (code) => resolve({ ...ended, code }));
    child.stdin.end(options.input ?? "");
  });
}

const lines = (text: string) => text.trim().split("\n");
const values = (text: string) => lines(text).map((line) => JSON.parse(line));

beforeAll(async () => {
  if (onServer) database = (await freshServerDatabase()).url;
  mkdirSync(join(folder, "docs/deep"), { recursive: true });
  writeFileSync(
    join(folder, "docs/tea.md"),
    "---\ntitle: All of tea\n---\n\n# Tea\n\nTea is brewed at 80 degrees.\n\n## Green\n\nGreen tea wants 70 degrees.\n",
  );
  writeFileSync(join(folder, "docs/deep/coffee.txt"), "Coffee is roasted at 200 degrees.\n");
  writeFileSync(
    join(folder, "docs/page.html"),
    "<html><head><title>Milk</title></head><body><nav>Home</nav>\n<p>Milk boils\nat 100 degrees.</p></body></html>",
  );
  writeFileSync(join(folder, "docs/image.png"), Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 1]));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe(`drizzle-rag on ${databaseName}`, () => {
  it("says how to begin when there is nothing", async () => {
    const { code, err } = await cli(["search", "anything"]);
    expect(err).toMatch(/holds no documents yet: drizzle-rag add/);
    expect(code).toBe(0);
  });

  it("adds a folder, and embeds nothing the second time", async () => {
    const first = await cli(["add", "docs", "--json"]);
    expect(first.err).toBe("");
    expect(values(first.out)).toEqual([
      { documents: 3, embedded: expect.any(Number), kept: 0, removed: 0, pruned: 0, failed: 0 },
    ]);
    const again = await cli(["add", "docs", "--json"]);
    expect(values(again.out)[0]).toMatchObject({ documents: 3, embedded: 0 });
  });

  it("finds passages, with file and line", async () => {
    const { out } = await cli(["search", "how hot for green tea", "-n", "1"]);
    expect(lines(out)[0]).toMatch(/^1\. docs\/tea\.md:\d+(-\d+)? {2}All of tea > /);
    const [hit] = values((await cli(["search", "coffee", "--json", "--limit", "1", "--mode", "keyword"])).out);
    expect(hit).toMatchObject({ source: "docs/deep/coffee.txt", line: 1, text: "Coffee is roasted at 200 degrees." });
  });

  it("answers with numbered citations, with the line in the file also for a page", async () => {
    const { out, err, code } = await cli(["ask", "At how many degrees does milk boil?"]);
    expect(out).toMatch(/Milk boils\s+at 100 degrees\. ?\[\d\]/);
    expect(out).toMatch(/\[\d\] docs\/page\.html:2(-3)? {2}“Milk boils at 100 degrees\.”/);
    expect(err).toContain("extractive");
    expect(code).toBe(0);
    const [answer] = values((await cli(["ask", "coffee roasted degrees?", "--json"])).out);
    expect(answer.citations[0]).toMatchObject({ place: "docs/deep/coffee.txt:1", verified: "exact" });
  });

  it("measures how well documents are found, and writes a set to begin with", async () => {
    const made = await cli(["eval", "init", "--json"]);
    expect(values(made.out)).toEqual([{ file: "eval.jsonl", queries: 3 }]);
    expect((await cli(["eval", "init"])).err).toMatch(/eval\.jsonl is there already.*--force/);
    const { out, code } = await cli(["eval", "eval.jsonl", "-k", "3", "--against", "keyword"]);
    expect(code).toBe(0);
    expect(out).toMatch(/default\s+keyword\s+difference/);
    expect(out).toMatch(/MRR@3\s+[01]\.\d{3}\s+[01]\.\d{3}/);
    const [mean] = values((await cli(["eval", "eval.jsonl", "--mode", "keyword", "--json"])).out);
    expect(mean).toMatchObject({ name: "keyword", queries: 3, k: 10, recall: expect.any(Number) });
    writeFileSync(join(folder, "broken.jsonl"), "{}\n");
    expect(await cli(["eval", "broken.jsonl"])).toMatchObject({ code: 1, err: expect.stringMatching(/Line 1/) });
    expect(await cli(["eval", "nothing.jsonl"])).toMatchObject({ code: 1, err: expect.stringMatching(/cannot be read/) });
    expect(await cli(["eval", "eval.jsonl", "--tune"])).toMatchObject({ code: 1, err: expect.stringMatching(/too few/) });
  });

  it("takes a text from stdin, lists, tells its state and removes", async () => {
    expect((await cli(["add", "--stdin-name", "note.md"], { input: "# Note\n\nRemember the milk." })).code).toBe(0);
    expect(lines((await cli(["list"])).out)).toEqual([
      "docs/deep/coffee.txt",
      "docs/page.html  Milk",
      "docs/tea.md  All of tea",
      "note.md  Note",
    ]);
    const [state] = values((await cli(["status", "--json"])).out);
    expect(state).toMatchObject({ documents: 4, embedder: "hashing/v1/1536", indexes: ["chunks_embedding_idx"] });
    expect((await cli(["remove", "note.md"])).out).toBe("1 document removed.\n");
    const none = await cli(["remove", "note.md"]);
    expect(none).toMatchObject({ code: 1, err: expect.stringMatching(/No document is called "note.md"/) });
  });

  it("adds what it can, tells of each file it cannot, and exits with 1", async () => {
    const mixed = join(folder, "mixed");
    mkdirSync(mixed, { recursive: true });
    writeFileSync(join(mixed, "good.md"), "Good.");
    writeFileSync(join(mixed, "binary.md"), Buffer.from([0, 255, 254, 0, 1]));
    writeFileSync(join(mixed, "big.txt"), Buffer.alloc(50_000_000, "a"));
    const { code, out, err } = await cli(["add", "mixed"]);
    expect(code).toBe(1);
    expect(out).toMatch(/^1 document: /);
    expect(err).toMatch(/error: .*big\.txt: The file has 50\.0 MB/);
    expect(err).toMatch(/error: .*binary\.md: /);
    expect(lines(err)).toHaveLength(3);
    rmSync(join(mixed, "good.md"));
    expect((await cli(["add", "mixed", "--prune", "--exclude", "*.txt", "*.md"])).out).toContain("1 document pruned");
  });

  it("stops at Ctrl-C with whole documents only, and completes the next time", async () => {
    const many = join(folder, "many");
    mkdirSync(many, { recursive: true });
    for (let i = 0; i < 450; i++)
      writeFileSync(join(many, `${i}.txt`), `Number ${i}.\n\n${"A sentence that fills the page. ".repeat(120)}`);
    // The binary file is read somewhere in the middle, and says so: then it is interrupted.
    writeFileSync(join(many, "3000.txt"), Buffer.from([0]));
    const { code, err } = await cli(["add", "many"], { until: /3000\.txt/ });
    expect(err).toContain("Interrupted");
    expect(code).toBe(130);
    rmSync(join(many, "3000.txt"));
    const rest = await cli(["add", "many", "--json"]);
    expect(rest.code).toBe(0);
    expect(values(rest.out)[0]).toMatchObject({ documents: 450, failed: 0 });
    expect(values((await cli(["status", "--json"])).out)[0]).toMatchObject({ indexes: ["chunks_embedding_idx"] });
    expect((await cli(["remove", "many/"])).out).toBe("450 documents removed.\n");
  });

  it("keeps results and messages apart, and knows wrong usage", async () => {
    expect(await cli(["sing"])).toMatchObject({ code: 2, out: "" });
    expect(await cli(["search", "x", "--limit", "many"])).toMatchObject({
      code: 2,
      out: "",
      err: expect.stringContaining("whole number"),
    });
    expect(await cli(["ask", "x", "--model", "nobody/nothing"])).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^error: There is no model/),
    });
    expect(await cli(["ask", "tea?", "--model", "openai/gpt-5-mini"])).toMatchObject({
      code: 1,
      err: expect.stringContaining("OPENAI_API_KEY"),
    });
    expect(await cli(["status", "--database", "postgres://nobody@127.0.0.1:1/none"])).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^error: Cannot open .*\n$/),
    });
    expect(await cli(["search", "tea", "--embedder", "other"])).toMatchObject({
      code: 1,
      err: expect.stringContaining("hashing"),
    });
    expect((await cli(["--help"])).out).toContain("add files and folders");
    expect((await cli(["search", "tea"])).out).not.toContain("\u001b[");
  });
});

describe("init", () => {
  it("writes a project's files once, and does not touch those that are there", async () => {
    const cwd = join(folder, "project");
    mkdirSync(cwd);
    writeFileSync(join(cwd, "docker-compose.yml"), "mine");
    const { out, code } = await cli(["init", "--dimensions", "256"], { cwd });
    expect(code).toBe(0);
    expect(out).toContain("wrote rag-schema.ts");
    expect(out).toContain("kept  docker-compose.yml");
    expect(readFileSync(join(cwd, "docker-compose.yml"), "utf8")).toBe("mine");
    expect(readFileSync(join(cwd, "rag-schema.ts"), "utf8")).toContain("chunkColumns({ dimensions: 256 })");
    expect(existsSync(join(cwd, "drizzle/0000_vector_extension.sql"))).toBe(true);
    expect((await cli(["init", "--dimensions", "9000"], { cwd })).err).toMatch(/1 to 4,000/);
  });
});
