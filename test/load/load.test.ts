// Files and folders to documents.
import { chmod, mkdir, mkdtemp, realpath, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BinaryFileError, FileError, FileTooLargeError, UnsupportedFileError } from "../../src/errors.ts";
import { loadDirectory } from "../../src/load/directory.ts";
import { isSupported, loadBytes, loaders, loadFile } from "../../src/load/load.ts";
import type { Loader } from "../../src/load/loader.ts";
import { type WalkOptions, walk } from "../../src/load/walk.ts";

let root: string;
const at = (path: string) => join(root, path);

async function write(files: { [path: string]: string }): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(at(path)), { recursive: true });
    await writeFile(at(path), text);
  }
}

async function found(folder: string, options: WalkOptions = {}): Promise<string[]> {
  const out: string[] = [];
  for await (const { path } of walk(at(folder), options)) out.push(relative(at(folder), path));
  return out;
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const out: T[] = [];
  for await (const item of items) out.push(item);
  return out;
}

beforeAll(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), "drizzle-rag-load-")));
});
afterAll(async () => {
  await rm(root, { recursive: true, force: true });
});

describe("loadFile", () => {
  it("chooses the loader by the extension, whatever its case", async () => {
    await write({ "one/a.MD": "# Title", "one/b.txt": "# no title", "one/c.html": "<p>x" });
    expect(await loadFile(at("one/a.MD"))).toMatchObject({ title: "Title", format: "markdown", source: at("one/a.MD") });
    expect(await loadFile(at("one/b.txt"), { source: "https://x/b" })).toEqual({
      text: "# no title",
      source: "https://x/b",
      format: "plain",
    });
    expect(await loadFile(at("one/c.html"))).toMatchObject({ text: "x", lines: [1] });
  });

  it("refuses a file that is too large without reading it", async () => {
    await write({ "large.txt": "" });
    await truncate(at("large.txt"), 50_000_000);
    const begin = performance.now();
    await expect(loadFile(at("large.txt"))).rejects.toMatchObject({
      constructor: FileTooLargeError,
      bytes: 50_000_000,
      limit: 20_000_000,
    });
    expect(performance.now() - begin).toBeLessThan(200);
    await write({ "small.txt": "12345" });
    await expect(loadFile(at("small.txt"), { maxBytes: 4 })).rejects.toThrow(FileTooLargeError);
    expect(await loadFile(at("small.txt"), { maxBytes: 5 })).toMatchObject({ text: "12345" });
  });

  it("says what is wrong with a path", async () => {
    await expect(loadFile(at("none.txt"))).rejects.toThrow(/none\.txt: There is no such file/);
    await expect(loadFile(at("none.txt"))).rejects.toMatchObject({ constructor: FileError, cause: { code: "ENOENT" } });
    await mkdir(at("folder.md"));
    await expect(loadFile(at("folder.md"))).rejects.toThrow(/This is a folder/);
    await expect(loadFile(at("x.docx"))).rejects.toThrow(/No loader knows the extension \.docx\. Known are .*\.md .*\.html/);
    await expect(loadFile(at("Makefile"))).rejects.toThrow(UnsupportedFileError);
  });

  it("takes loaders of one's own", async () => {
    await write({ "x.shout": "quiet", "y.md": "# T" });
    const shout: Loader = {
      extensions: [".shout", ".md"],
      load: (bytes, { source }) => ({ text: new TextDecoder().decode(bytes).toUpperCase(), source }),
    };
    expect(await loadFile(at("x.shout"), { loaders: [shout, ...loaders] })).toMatchObject({ text: "QUIET" });
    expect(await loadFile(at("y.md"), { loaders: [shout, ...loaders] })).toMatchObject({ text: "# T" });
    expect(isSupported("a.shout")).toBe(false);
  });
});

describe("loadBytes", () => {
  it("knows the format by a path or URL", async () => {
    const bytes = new TextEncoder().encode("# A");
    expect(await loadBytes(bytes, "https://example.org/docs/a.md?raw=1#top")).toMatchObject({
      title: "A",
      source: "https://example.org/docs/a.md?raw=1#top",
    });
    await expect(loadBytes(bytes, "https://example.md")).rejects.toThrow(UnsupportedFileError);
    await expect(loadBytes(bytes, "a.md", { maxBytes: 2 })).rejects.toThrow(FileTooLargeError);
  });
});

describe("walk", () => {
  it("goes through folders in a stable order and leaves out what nobody means", async () => {
    await write({
      "w/b.md": "",
      "w/a/z.md": "",
      "w/a/B.md": "",
      "w/.hidden.md": "",
      "w/.git/x.md": "",
      "w/node_modules/p/x.md": "",
      "w/c.png": "",
    });
    expect(await found("w")).toEqual(["a/B.md", "a/z.md", "b.md", "c.png"]);
    expect(await found("w", { hidden: true })).toEqual([".hidden.md", "a/B.md", "a/z.md", "b.md", "c.png"]);
  });

  it("keeps to ignore files at each level", async () => {
    await write({
      "i/.gitignore": "*.log\nbuild/\n/top.md\n",
      "i/.ragignore": "!kept.log\ndrafts\n",
      "i/a.log": "",
      "i/kept.log": "",
      "i/top.md": "",
      "i/build/x.md": "",
      "i/drafts/x.md": "",
      "i/sub/.gitignore": "!b.log\nown.md",
      "i/sub/top.md": "",
      "i/sub/own.md": "",
      "i/sub/b.log": "",
      "i/sub/deep/own.md": "",
      "i/sub/deep/Own.md": "",
    });
    expect(await found("i")).toEqual(["kept.log", "sub/b.log", "sub/deep/Own.md", "sub/top.md"]);
    expect(await found("i", { ignoreFiles: false })).toHaveLength(10);
  });

  it("keeps to the rules of the repository above, unless they ignore the folder that is named", async () => {
    await write({
      "r/.git/HEAD": "",
      "r/.gitignore": "*.tmp.md\nout/\n",
      "r/docs/a.md": "",
      "r/docs/a.tmp.md": "",
      "r/out/b.md": "",
    });
    expect(await found("r/docs")).toEqual(["a.md"]);
    expect(await found("r/out")).toEqual(["b.md"]);
  });

  it("knows globs", async () => {
    await write({ "g/a.md": "", "g/b.txt": "", "g/x/c.md": "", "g/x/y/d.md": "", "g/z/e.md": "" });
    expect(await found("g", { include: ["*.md"] })).toEqual(["a.md", "x/c.md", "x/y/d.md", "z/e.md"]);
    expect(await found("g", { include: ["x/**", "*.txt"] })).toEqual(["b.txt", "x/c.md", "x/y/d.md"]);
    expect(await found("g", { include: ["./x/*.md"] })).toEqual(["x/c.md"]);
    expect(await found("g", { exclude: ["x/", "b.*"] })).toEqual(["a.md", "z/e.md"]);
    expect(await found("g", { include: ["**/*.md"], exclude: ["x/**"] })).toEqual(["a.md", "z/e.md"]);
  });

  it("follows links only when told, and never in a circle", async () => {
    await write({ "l/a.md": "", "outside/b.md": "" });
    await symlink(at("outside"), at("l/out"));
    await symlink(at("l"), at("l/again"));
    await symlink(at("nowhere"), at("l/broken.md"));
    await symlink(at("l/a.md"), at("l/z.md"));
    expect(await found("l")).toEqual(["a.md"]);
    expect(await found("l", { followLinks: true })).toEqual(["a.md", "out/b.md", "z.md"]);
  });

  it("takes a file that is named though it be hidden or ignored, and each only once", async () => {
    await write({ "n/.gitignore": "*", "n/.secret.md": "", "n/a.md": "" });
    const files = await collect(walk([at("n/.secret.md"), at("n/a.md"), at("n/a.md"), at("n")]));
    expect(files).toEqual([
      { path: at("n/.secret.md"), source: at("n/.secret.md"), named: true },
      { path: at("n/a.md"), source: at("n/a.md"), named: true },
    ]);
    await expect(collect(walk(at("missing")))).rejects.toThrow(/missing: There is no such file or folder/);
  });

  it("stops when it is aborted", async () => {
    await write({ "s/a.md": "", "s/b.md": "" });
    const controller = new AbortController();
    const reason = new Error("enough");
    const seen: string[] = [];
    const walking = (async () => {
      for await (const { path } of walk(at("s"), { signal: controller.signal })) {
        seen.push(path);
        controller.abort(reason);
      }
    })();
    await expect(walking).rejects.toBe(reason);
    expect(seen).toHaveLength(1);
  });
});

describe("loadDirectory", () => {
  it("loads what it knows, with sources for people", async () => {
    await write({ "d/a.md": "# A", "d/b.png": "\0", "d/sub/c.txt": "C" });
    expect(await collect(loadDirectory(at("d")))).toMatchObject([
      { title: "A", source: at("d/a.md") },
      { text: "C", source: at("d/sub/c.txt") },
    ]);
    // The tests run in the folder of the package.
    const mine: Loader = { extensions: [".ts"], load: (_, { source }) => ({ text: "", source }) };
    const [here] = await collect(loadDirectory("test/load", { loaders: [mine], include: ["load.test.ts"] }));
    expect(here?.source).toBe("test/load/load.test.ts");
  });

  it("throws for what cannot be loaded, or hands it to onSkip and goes on", async () => {
    await write({ "e/a.md": "A", "e/b.txt": "\0", "e/c.png": "", "e/z.md": "Z" });
    await expect(collect(loadDirectory(at("e")))).rejects.toThrow(BinaryFileError);
    const skipped: FileError[] = [];
    const documents = await collect(loadDirectory(at("e"), { onSkip: (error) => skipped.push(error) }));
    expect(documents.map(({ text }) => text)).toEqual(["A", "Z"]);
    expect(skipped.map((error) => error.constructor)).toEqual([BinaryFileError, UnsupportedFileError]);
    await expect(collect(loadDirectory([at("e/c.png")]))).rejects.toThrow(UnsupportedFileError);
  });

  it.skipIf(process.getuid?.() === 0)("tells of a folder it may not read", async () => {
    await write({ "p/shut/a.md": "", "p/z.md": "Z" });
    await chmod(at("p/shut"), 0);
    await expect(collect(loadDirectory(at("p")))).rejects.toThrow(/no permission/);
    expect(await collect(loadDirectory(at("p"), { onSkip: () => {} }))).toHaveLength(1);
    await chmod(at("p/shut"), 0o700);
  });
});
