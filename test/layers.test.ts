// Imports run strictly downward (DESIGN.md). Reads every import in src, dynamic and type-only ones too.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const src = fileURLToPath(new URL("../src", import.meta.url));

/** From the bottom up; folders in one row do not import each other. A file directly in src is a layer by its name. */
const layers = [
  ["values", "errors"],
  ["util"],
  ["load", "chunk", "embed", "table", "db", "cite"],
  ["store", "llm"],
  ["answer", "trace"],
  ["eval", "testing", "mcp", "studio"],
  ["index"],
  ["cli"],
];

/** The only imports a folder may make from certain others; where a pair is not named, every file below is open to it. */
const doors: Record<string, Record<string, RegExp>> = {
  store: { embed: /^embed\/(embedder|embed)\.ts$/, chunk: /^chunk\/(chunker|auto)\.ts$/, load: /^$/ },
  llm: { load: /^$/, chunk: /^$/, embed: /^$/, table: /^$/, db: /^$/ },
};

/** `from "x"`, `import "x"`, `import("x")`, `require("x")`, and `import x = require("x")`. */
const specifiers = /(?:\bfrom\s*|\bimport\s*|\bimport\s*\(\s*|\brequire\s*\(\s*)(["'`])(\.{1,2}\/[^"'`]*)\1/g;

/** Relative imports in a file's code. Comments are left out; a string that looks like an import counts, which errs on the safe side. */
function importsOf(code: string): string[] {
  const bare = code.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
  return [...bare.matchAll(specifiers)].map((match) => match[2] as string);
}

function layerOf(file: string): { name: string; height: number } {
  const name = (file.split("/")[0] as string).replace(/\.ts$/, "");
  return { name, height: layers.findIndex((row) => row.includes(name)) };
}

/** What is wrong with an import between two files of src; undefined when nothing is. */
function objection(from: string, to: string): string | undefined {
  const [importer, imported] = [layerOf(from), layerOf(to)];
  const edge = `${from} → ${to}`;
  if (to.startsWith("../")) return `${edge}: leaves src`;
  if (importer.height === -1) return `${from}: its folder is in no layer`;
  if (imported.height === -1) return `${to}: its folder is in no layer`;
  if (importer.name === imported.name) return undefined;
  if (imported.height > importer.height) return `${edge}: upward`;
  if (imported.height === importer.height && importer.height > 0) return `${edge}: sideways`;
  const door = doors[importer.name]?.[imported.name];
  if (door !== undefined && !door.test(to)) return `${edge}: ${importer.name} may not import this of ${imported.name}`;
  return undefined;
}

function objections(files: Map<string, string>): string[] {
  return [...files].flatMap(([from, code]) =>
    importsOf(code).flatMap((specifier) => objection(from, posix.join(dirname(from), specifier)) ?? []),
  );
}

test("every import in src runs downward", () => {
  const files = new Map(
    readdirSync(src, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [relative(src, path).split(sep).join("/"), readFileSync(path, "utf8")]),
  );
  expect(files.size).toBeGreaterThan(5);
  expect(objections(files)).toEqual([]);
});

test.each([
  ["values.ts", 'import "./errors.ts"', true],
  ["util/a.ts", 'import { x } from "../embed/embed.ts"', false],
  ["embed/a.ts", 'import type { X } from "../chunk/chunker.ts"', false],
  ["embed/a.ts", "import {\n  x,\n} from '../util/retry.ts'", true],
  ["embed/a/b.ts", 'export * from "../../store/types.ts"', false],
  ["embed/a/b.ts", 'const x = await import("../../store/types.ts")', false],
  ["embed/a/b.ts", "type X = import('../../store/types.ts').X", false],
  ["embed/a.ts", '// import "../store/types.ts"\n/* from "../cli/x.ts" */', true],
  ["store/a.ts", 'import "../embed/embedder.ts"; import "../db/database.ts"; import "../cite/x.ts"', true],
  ["store/a.ts", 'import "../embed/openai.ts"', false],
  ["store/a.ts", 'import "../chunk/markdown.ts"', false],
  ["store/a.ts", 'import "../llm/model.ts"', false],
  ["llm/a.ts", 'import "../cite/x.ts"', true],
  ["llm/a.ts", 'import "../table/columns.ts"', false],
  ["cli/commands/a.ts", 'import "../../index.ts"', true],
  ["index.ts", 'export { x } from "./cli/x.ts"', false],
  ["unheard/a.ts", 'import "../values.ts"', false],
  ["embed/a.ts", 'import "../../test/x.ts"', false],
])("the test itself: %s with %j", (file, code, fine) => {
  expect(objections(new Map([[file, code]])).length === 0).toBe(fine);
});
