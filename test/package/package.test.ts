// The package as its users get it.
import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { expect, inject, test } from "vitest";

const root = resolve(import.meta.dirname, "../..");
const tarball = inject("tarball");
const consumer = inject("consumer");
const installed = inject("installed");

interface Finished {
  stdout: string;
  stderr: string;
  code: number;
}

/** Runs a program in the consumer's project, unless told another folder. */
async function run(command: string, args: string[], cwd = consumer): Promise<Finished> {
  const { DATABASE_URL, OPENAI_API_KEY, ANTHROPIC_API_KEY, ...env } = process.env;
  try {
    return { ...(await promisify(execFile)(command, args, { cwd, env: { ...env, NO_COLOR: "1" } })), code: 0 };
  } catch (error) {
    const { stdout, stderr, code } = error as Finished;
    return { stdout, stderr, code };
  }
}

function files(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

const manifest = JSON.parse(readFileSync(join(installed, "package.json"), "utf8")) as {
  version: string;
  exports: Record<string, string | { types: string; default: string }>;
};
const entries = Object.keys(manifest.exports).filter((name) => !name.endsWith("*") && !name.endsWith(".json"));

test("publint finds nothing", async () => {
  const { stdout, stderr, code } = await run("npx", ["publint", "--strict", tarball], root);
  expect(code, stdout + stderr).toBe(0);
});

test("the types resolve for ESM in every way there is", async () => {
  const { stdout, stderr, code } = await run("npx", ["attw", tarball, "--profile", "esm-only"], root);
  expect(code, stdout + stderr).toBe(0);
});

test.each(entries)("%s can be imported in plain Node", async (entry) => {
  const name = `drizzle-rag${entry.slice(1)}`;
  const { stdout, stderr } = await run("node", ["-e", `import("${name}").then((all) => console.log(Object.keys(all).length))`]);
  expect(stderr).toBe("");
  expect(Number(stdout)).toBeGreaterThan(0);
});

test("importing the package loads no SDK, no driver and no embedded Postgres", async () => {
  writeFileSync(
    join(consumer, "hooks.mjs"),
    `import { writeSync } from "node:fs";
export async function resolve(specifier, context, next) {
  const found = await next(specifier, context);
  writeSync(1, found.url + "\\n");
  return found;
}`,
  );
  const program =
    'import { register } from "node:module"; register("./hooks.mjs", import.meta.url); await import("drizzle-rag");';
  writeFileSync(join(consumer, "watched.mjs"), program);
  const { stdout, stderr } = await run("node", ["watched.mjs"]);
  const loaded = new Set([...stdout.matchAll(/node_modules\/((?:@[^/]+\/)?[^/]+)/g)].map((match) => match[1]));
  expect(stderr).toBe("");
  expect(loaded).toContain("drizzle-rag");
  const later = [
    "openai",
    "@anthropic-ai/sdk",
    "pg",
    "@electric-sql/pglite",
    "@electric-sql/pglite-pgvector",
    "parse5",
    "yaml",
    "jiti",
  ];
  expect(later.filter((name) => loaded.has(name))).toEqual([]);
});

test("an SDK that is not installed is named, with what to install", async () => {
  const program = `
    const { call } = await import("drizzle-rag");
    await call({ model: "anthropic/claude-sonnet-5-5" }, () => "Hello")().catch((error) => console.log(error.name, error.message));`;
  const { DATABASE_URL, ...env } = process.env;
  const options = { cwd: consumer, env: { ...env, ANTHROPIC_API_KEY: "test" } };
  const { stdout } = await promisify(execFile)("node", ["-e", program], options);
  expect(stdout).toContain("MissingPackageError");
  expect(stdout).toContain("npm install @anthropic-ai/sdk");
});

test("the command line tells its version", async () => {
  const { stdout } = await run("npx", ["drizzle-rag", "--version"]);
  expect(stdout.trim()).toBe(manifest.version);
});

test("migrations, licence and readme are in it; sources, tests and the like are not", () => {
  for (const name of ["migrations/meta/_journal.json", "LICENSE", "README.md", "CHANGELOG.md"])
    expect(existsSync(join(installed, name)), name).toBe(true);
  const journal = JSON.parse(readFileSync(join(installed, "migrations/meta/_journal.json"), "utf8")) as {
    entries: { tag: string }[];
  };
  for (const { tag } of journal.entries) expect(existsSync(join(installed, `migrations/${tag}.sql`)), tag).toBe(true);
  expect(readdirSync(installed).sort()).toEqual(["CHANGELOG.md", "LICENSE", "README.md", "dist", "migrations", "package.json"]);
});

test("every relative import in it leads to a file", () => {
  for (const file of files(join(installed, "dist")).filter((name) => name.endsWith(".js") || name.endsWith(".d.ts"))) {
    for (const [, specifier = ""] of readFileSync(file, "utf8").matchAll(
      /(?:\bfrom |\bimport |\bimport\()["'](\.{1,2}\/[^"']+)["']/g,
    )) {
      // What `init` writes into a user's project.
      if (specifier === "./rag-schema.ts") continue;
      const target = join(file, "..", specifier);
      expect(existsSync(target) || existsSync(target.replace(/\.ts$/, ".d.ts")), `${file}: ${specifier}`).toBe(true);
    }
  }
});

test("no file holds a path of this machine", () => {
  for (const file of files(installed)) {
    const text = readFileSync(file, "utf8");
    expect(text.includes(root), file).toBe(false);
    if (homedir().length > 6) expect(text.includes(homedir()), file).toBe(false);
  }
});
