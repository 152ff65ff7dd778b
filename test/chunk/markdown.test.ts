// What the Markdown chunker makes of headings and blocks.
import { describe, expect, it } from "vitest";
import { markdownChunker } from "../../src/chunk/markdown.ts";
import { characters } from "../../src/util/tokens.ts";

const chunk = (text: string, size: number, overlap = 0) =>
  markdownChunker({ size, overlap, measure: characters }).chunk({ text, format: "markdown" });
const texts = (text: string, size: number) => chunk(text, size).map((one) => one.text);
const words = (count: number) => "lorem ".repeat(count).trim();

describe("sections", () => {
  it("cuts at headings and tells the path of headings as plain text", () => {
    const text = `${words(8)}\n\n# The *Guide*\n\n${words(8)}\n\n## Using \`it\` &amp; [more](http://x)\n\n${words(8)}\n\n# Last\n\n${words(7)}`;
    expect(chunk(text, 100).map(({ text, headings }) => [text.split("\n")[0], headings])).toEqual([
      [words(8), []],
      ["# The *Guide*", ["The Guide"]],
      ["## Using `it` &amp; [more](http://x)", ["The Guide", "Using it & more"]],
      ["# Last", ["Last"]],
    ]);
  });

  it("keeps a heading with the text below it, also one with nothing of its own", () => {
    const text = `# Title\n\n## Part\n\n${words(20)}\n\n### Detail\n\n${words(20)}`;
    expect(chunk(text, 150)).toMatchObject([
      { text: `# Title\n\n## Part\n\n${words(20)}`, headings: ["Title", "Part"] },
      { text: `### Detail\n\n${words(20)}`, headings: ["Title", "Part", "Detail"] },
    ]);
  });

  it("keeps a heading with the beginning of a text that is too long", () => {
    const [first, ...rest] = texts(`## Heading\n\n${"A short sentence. ".repeat(20)}`, 60);
    expect(first).toBe("## Heading\n\nA short sentence. A short sentence.");
    expect(rest.join(" ")).not.toContain("#");
  });

  it("does not end a chunk with the next heading", () => {
    for (const size of [40, 55, 70, 100, 150]) {
      for (const text of texts(`# One\n\n${words(9)}\n\n${words(4)}\n\n# Two\n\n${words(9)}\n\nTwo\n---\n\n${words(15)}`, size)) {
        expect(text).not.toMatch(/(^|\n)(# .*|---)$/);
      }
    }
  });

  it("puts short neighbours together, not across a higher heading", () => {
    const text = `# API\n\n${words(20)}\n\n## get\n\nReads one.\n\n## put\n\nWrites one.\n\n# Other\n\n## del\n\nDeletes one.`;
    expect(chunk(text, 140)).toMatchObject([
      { text: `# API\n\n${words(20)}`, headings: ["API"] },
      { text: "## get\n\nReads one.\n\n## put\n\nWrites one.", headings: ["API", "get"] },
      { text: "# Other\n\n## del\n\nDeletes one.", headings: ["Other", "del"] },
    ]);
  });

  it("gives one chunk for headings with no text, and keeps those at the end", () => {
    expect(texts("# Only a heading", 100)).toEqual(["# Only a heading"]);
    expect(texts("# One\n\n## Two", 100)).toEqual(["# One\n\n## Two"]);
    expect(texts(`# One\n\n${words(5)}\n\n## The end`, 100)).toEqual([`# One\n\n${words(5)}\n\n## The end`]);
  });

  it("knows headings only where they are: not in code, front matter, quotations or lists", () => {
    const text = "---\ntitle: x\n---\n\n# Real\n\n```sh\n# not one\n```\n\n> # nor this\n\n- # nor that\n\n    # nor code";
    expect(chunk(text, 10).map(({ headings }) => headings.join())).toEqual(expect.arrayContaining(["", "Real"]));
    expect(new Set(chunk(text, 30).flatMap(({ headings }) => headings))).toEqual(new Set(["Real"]));
  });
});

describe("blocks", () => {
  const code = "```js\nconst a = 1;\n\nconst b = 2;\n```";
  const table = "| a | b |\n| - | - |\n| 1 | 2 |\n| 3 | 4 |";
  const list = "- one\n- two\n  - two and a half\n- three";

  it.each([
    ["code", code],
    ["a table", table],
    ["a list", list],
  ])("keeps %s whole where it fits", (_, block) => {
    const around = "Some words of text.";
    expect(texts(`${around}\n\n${block}\n\n${around}`, 45)).toContain(block);
  });

  it("cuts code between lines, at blank ones first, and tables between rows", () => {
    expect(texts(code, 25)).toEqual(["```js\nconst a = 1;", "const b = 2;\n```"]);
    expect(texts(table, 22)).toEqual(["| a | b |\n| - | - |", "| 1 | 2 |\n| 3 | 4 |"]);
  });

  it("cuts a list between items, and keeps an item whole where it fits", () => {
    expect(texts(list, 28)).toEqual(["- one", "- two\n  - two and a half", "- three"]);
  });

  it("cuts a quotation between its paragraphs and leaves no mark behind", () => {
    expect(texts(`> ${words(5)}\n>\n> ${words(5)}`, 35)).toEqual([`> ${words(5)}\n>`, `> ${words(5)}`]);
  });

  it("starts with the prose where front matter has been told", () => {
    const text = "---\ntitle: x\n---\n\n---\n\nProse.\n\n---\n";
    const [one] = markdownChunker().chunk({ text, format: "markdown", bodyStart: 17 });
    expect(one).toMatchObject({ start: 18, text: "---\n\nProse.\n\n---" });
  });
});

describe("long texts", { timeout: 120_000 }, () => {
  it("sees the same headings however long the text is", () => {
    const part = `# Heading\n\n${words(40)}\n\n- ${words(3)}\n- ${words(3)}\n\n\`\`\`\n# comment\n\`\`\`\n\n`;
    const chunks = chunk(part.repeat(300), 1_000);
    expect(chunks).toHaveLength(300);
    expect(chunks.every(({ text }) => text === part.trim())).toBe(true);
  });

  it("does not look for headings in a long piece of code or comment", () => {
    const code = `\`\`\`\n${"# comment\n".repeat(3_000)}\`\`\`\n\n# Real\n\nText.`;
    expect(new Set(chunk(code, 500).flatMap(({ headings }) => headings))).toEqual(new Set(["Real"]));
    const comment = `<!--\n${"# comment\n\n".repeat(3_000)}-->\n\n# Real\n\nText.`;
    expect(new Set(chunk(comment, 500).flatMap(({ headings }) => headings))).toEqual(new Set(["Real"]));
  });

  it("cuts a list of many thousand items between items", () => {
    const items = Array.from({ length: 5_000 }, (_, i) => `- item number ${i}`);
    const chunks = texts(items.join("\n"), 300);
    expect(chunks.every((text) => /^- item number \d+(\n- item number \d+)*$/.test(text))).toBe(true);
  });

  it("bears markup nested without measure", () => {
    for (const text of [
      "> ".repeat(3_000) + "x",
      "[".repeat(50_000),
      "*a_".repeat(30_000),
      "#".repeat(50_000),
      `|a\n|-\n${"|x".repeat(50_000)}`,
    ]) {
      expect(texts(text, 100).join("").replace(/\s/g, "")).toBe(text.replace(/\s/g, ""));
    }
  });
});
