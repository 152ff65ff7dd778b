// The docs, executed: every block of TypeScript in README.md and docs/ compiles, and those that can run do, and print what is said.
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import * as errors from "../../src/errors.ts";
import { onServer } from "../helpers/database.ts";
import { type Block, blocksOf } from "./extract.ts";
import { type ProviderServer, providerServer } from "./provider-server.ts";
import { announcement } from "./run-blocks.ts";

const root = resolve(import.meta.dirname, "../..");
// In the project, so that packages are found; ignored by git.
const folder = join(root, ".cache/docs");
const run = promisify(execFile);

interface Page {
  name: string;
  text: string;
  blocks: Block[];
}

const pages = ["README.md", ...readdirSync(join(root, "docs")).map((name) => `docs/${name}`)].map((name): Page => {
  const text = readFileSync(join(root, name), "utf8");
  try {
    return { name, text, blocks: blocksOf(text) };
  } catch (error) {
    throw new Error(`${name}, ${(error as Error).message}`);
  }
});
const folderOf = ({ name }: Page) => join(folder, name.replace(/\W+/g, "-"));

/** Where the package's names lead in the source, going by `exports` in package.json. */
function sourcePaths(): Record<string, string[]> {
  const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    exports: Record<string, { types?: string }>;
  };
  return Object.fromEntries(
    Object.entries(exports).flatMap(([name, { types }]) => {
      if (types === undefined) return [];
      const source = types.replace("./dist/", "src/").replace(/\.d\.ts$/, ".ts");
      return [[`drizzle-rag${name.slice(1)}`, [relative(folder, join(root, source))]]];
    }),
  );
}

let server: ProviderServer;
beforeAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  for (const page of pages) {
    mkdirSync(folderOf(page), { recursive: true });
    for (const { file, code } of page.blocks) writeFileSync(join(folderOf(page), file), code);
  }
  const compilerOptions = { paths: sourcePaths() };
  writeFileSync(
    join(folder, "tsconfig.json"),
    JSON.stringify({ extends: "../../tsconfig.json", compilerOptions, include: ["."], exclude: [] }),
  );
  server = await providerServer("A refund is paid within 14 days of the return.");
});
afterAll(async () => {
  await server.close();
});

test("every block compiles in strict TypeScript", { timeout: 120_000 }, async () => {
  const { stdout } = await run("npx", ["tsc", "-p", folder], { cwd: root }).catch((error: { stdout: string }) => error);
  expect(stdout).toBe("");
});

/** The environment without what would change what a program does. */
function environment(): NodeJS.ProcessEnv {
  const { DATABASE_URL, TEST_DATABASE_URL, OPENAI_API_KEY, ANTHROPIC_API_KEY, FORCE_COLOR, ...rest } = process.env;
  return rest;
}

async function outputs(page: Page, blocks: Block[], env: Record<string, string>): Promise<Map<string, string>> {
  const runner = join(root, "test/docs/run-blocks.ts");
  const args = ["--import", "tsx", runner, ...blocks.map(({ file }) => file)];
  const options = {
    cwd: folderOf(page),
    env: { ...environment(), TEMPLATE: inject("template"), TSX_TSCONFIG_PATH: join(folder, "tsconfig.json"), ...env },
  };
  const { stdout } = await run(process.execPath, args, options);
  const parts = stdout.split(new RegExp(`^${announcement}`, "m")).slice(1);
  return new Map(parts.map((part) => [part.slice(0, part.indexOf("\n")), part.slice(part.indexOf("\n") + 1)]));
}

// Each opens an embedded database of its own, whatever the other tests run on.
describe.skipIf(onServer)("blocks run on embedded Postgres", () => {
  for (const page of pages) {
    const offline = page.blocks.filter((block) => block.run === "offline");
    const provider = page.blocks.filter((block) => block.run === "provider");
    if (offline.length > 0) {
      test(`${page.name}, offline`, { timeout: 120_000 }, async () => {
        const printed = await outputs(page, offline, {});
        for (const { file, prints } of offline)
          if (prints !== undefined) expect(printed.get(file)?.trim(), file).toBe(prints.trim());
        expect(printed.size).toBe(offline.length);
      });
    }
    if (provider.length > 0) {
      test(`${page.name}, over the providers' protocols`, { timeout: 120_000 }, async () => {
        const printed = await outputs(page, provider, server.env);
        for (const { file, prints } of provider)
          if (prints !== undefined) expect(printed.get(file)?.trim(), file).toBe(prints.trim());
        expect(printed.size).toBe(provider.length);
      });
    }
  }
});

test("links between the pages lead somewhere", () => {
  const broken = pages.flatMap(({ name, text }) =>
    [...text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)]
      .map((match) => match[1] as string)
      .filter((link) => !link.includes("://") && !existsSync(join(root, dirname(name), link)))
      .map((link) => `${name}: ${link}`),
  );
  expect(broken).toEqual([]);
});

test("the table of pages in README.md is whole", () => {
  const readme = pages[0]?.text ?? "";
  for (const { name } of pages.slice(1)) expect(readme).toContain(`](${name})`);
});

test("docs/errors.md has every error class", () => {
  const page = pages.find(({ name }) => name === "docs/errors.md")?.text ?? "";
  const classes = Object.keys(errors);
  expect(classes.length).toBeGreaterThan(30);
  expect(classes.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
});

test("docs/command-line.md has every command and option", async () => {
  const page = pages.find(({ name }) => name === "docs/command-line.md")?.text ?? "";
  const source = readFileSync(join(root, "src/cli/main.ts"), "utf8");
  const commands = [...source.matchAll(/command\(\s*"(\w+)/g)].map((match) => match[1] as string);
  const options = [...source.matchAll(/"(?:-\w, )?(--[\w-]+)/g)].map((match) => match[1] as string);
  expect(commands.length).toBeGreaterThan(5);
  const short: Record<string, string> = { "--limit": "-n", "--mode": "-m" };
  const missing = [...commands, ...options].filter((name) => !page.includes(name) && !page.includes(short[name] ?? name));
  expect(missing).toEqual([]);
});
