// Markdown files: front matter, title and where the prose begins.
import { describe, expect, it } from "vitest";
import { BinaryFileError } from "../../src/errors.ts";
import { markdownLoader } from "../../src/load/markdown.ts";

const load = async (text: string) => markdownLoader.load(new TextEncoder().encode(text), { source: "a.md" });

describe("markdownLoader", () => {
  it("keeps the text, and reads the front matter", async () => {
    const text = "---\ntitle: A guide\ntags: [one, two]\ndate: 2024-05-06\n---\n# Heading\n\nText.\n";
    const document = await load(text);
    expect(document).toEqual({
      text,
      source: "a.md",
      format: "markdown",
      title: "A guide",
      bodyStart: text.indexOf("# Heading"),
      metadata: { title: "A guide", tags: ["one", "two"], date: "2024-05-06" },
    });
  });

  it("makes the front matter safe for JSON", async () => {
    const { metadata } = await load(
      '---\na: .nan\nb: .inf\nc: !!timestamp 2024-05-06T07:08:09Z\nd: "x\\0y\\ud800"\ne: &e [*e]\n"__proto__": {polluted: 1}\n? [1, 2]\n: pair\n---\n',
    );
    expect(JSON.parse(JSON.stringify(metadata))).toEqual(metadata);
    expect(metadata).toMatchObject({ a: null, b: null, d: "x\uFFFDy\uFFFD", e: [null] });
    expect(String(metadata?.c)).toMatch(/^2024-05-06T07:08:09/);
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });

  it.each([
    ["invalid", "---\ntitle: a: b: c\n  - x\n---\nText."],
    ["with a field twice", "---\na: 1\na: 2\n---\nText."],
    ["no list of fields", "---\njust words\n---\nText."],
    [
      "a bomb",
      `---\na: &a [x,x,x,x,x,x,x,x,x]\n${"bcdefghi".replace(/./g, (c) => `${c}: &${c} [${`*${String.fromCharCode(c.charCodeAt(0) - 1)},`.repeat(9)}]\n`)}---\nText.`,
    ],
  ])("keeps the document where the front matter is %s", async (_, text) => {
    const { metadata, bodyStart, ...document } = await load(text);
    expect(document.text).toBe(text);
    expect(text.slice(bodyStart)).toBe("Text.");
    expect(metadata).toEqual({ frontMatterError: expect.any(String) });
  });

  it("knows what is front matter and what is not", async () => {
    expect((await load("---\r\ntitle: x\r\n---\r\nText")).bodyStart).toBe(20);
    expect(await load("---\n---\nText")).toMatchObject({ bodyStart: 8, metadata: {} });
    expect((await load("---\ntitle: x\n---")).bodyStart).toBe(16);
    for (const text of ["---\n\nA line across, and no end", "Text\n---\ntitle: x\n---\n", "----\na: 1\n---\n", ""]) {
      const document = await load(text);
      expect(document.bodyStart).toBe(0);
      expect(document).not.toHaveProperty("metadata");
    }
  });

  it.each([
    ["Text.\n\n## Second\n\n# The *first* `one`\n\n# Another", "The first one"],
    ["Text.\n\n## Only & [second](x)\n\n### Third", "Only & second"],
    ["A title\n=======\n", "A title"],
    ["---\ntitle: ''\n---\n# From below", "From below"],
    ["---\ntitle: 2024\n---\n# From below", "2024"],
    ["```\n# code\n```\n\n> # quoted\n\n#\n\n## Real", "Real"],
  ])("finds the title of %j", async (text, title) => {
    expect((await load(text)).title).toBe(title);
  });

  it("has no title where there is none", async () => {
    expect(await load("Only text.")).not.toHaveProperty("title");
  });

  it("refuses bytes that are not text", async () => {
    await expect(async () => markdownLoader.load(Uint8Array.of(0xff, 0x00), { source: "a.md" })).rejects.toThrow(BinaryFileError);
  });
});
