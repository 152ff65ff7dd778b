// Web pages as Markdown.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "parse5";
import { describe, expect, it } from "vitest";
import { BinaryFileError } from "../../src/errors.ts";
import { htmlLoader } from "../../src/load/html.ts";

const data = process.env.DRIZZLE_RAG_DATA;
if (data === undefined) console.warn("DRIZZLE_RAG_DATA is not set: the HTML loader is not tried on real pages.");

const load = async (html: string | Uint8Array) =>
  htmlLoader.load(typeof html === "string" ? new TextEncoder().encode(html) : html, { source: "a.html" });
const text = async (html: string) => (await load(html)).text;

describe("htmlLoader", () => {
  it("writes what a reader sees as Markdown, and tells the lines of the file", async () => {
    const html = [
      "<!doctype html><html><head><title> The\n title </title></head>", // 1, 2
      "<body>",
      "<h1>Heading <a href='#h'>#</a></h1>", // 4
      "<p>A paragraph with <b>bold</b>, a <a href='/x'>link</a>,",
      "  a second line &amp; <code>code</code>.<br>A third.</p>", // 6
      "<ul><li>one</li>",
      "<li>two<ol><li>nested</li></ol></li></ul>", // 8
      "<pre>",
      "let a;", // 10
      "  let b;</pre>",
      "<blockquote><p>quoted</p></blockquote>", // 12
      "<table><tr><th>a</th><th>b</th></tr>",
      "<tr><td>1 | 2</td><td></td></tr></table>", // 14
      "</body></html>",
    ].join("\n");
    const document = await load(html);
    const expected: [line: number, text: string][] = [
      [4, "# Heading"],
      [4, ""],
      [5, "A paragraph with bold, a link, a second line & `code`."],
      [6, "A third."],
      [6, ""],
      [7, "- one"],
      [8, "- two"],
      [8, "  1. nested"],
      [8, ""],
      [10, "```"],
      [10, "let a;"],
      [11, "  let b;"],
      [11, "```"],
      [11, ""],
      [12, "> quoted"],
      [12, ""],
      [13, "| a | b |"],
      [13, "| --- | --- |"],
      [14, "| 1 \\| 2 |  |"],
    ];
    expect(document.text).toBe(expected.map(([, line]) => line).join("\n"));
    expect(document.lines).toEqual(expected.map(([line]) => line));
    expect(document).toMatchObject({ title: "The title", format: "markdown", source: "a.html" });
  });

  it("leaves out what is not for readers or is around the content", async () => {
    const html = `<body class="with-sidebar"><header>Banner</header><nav>Menu</nav><script>1</script><style>a{}</style><noscript>n</noscript>
      <template>t</template><p hidden>h</p><p style="display: none">d</p><p aria-hidden="true">a</p><div role="search">s</div>
      <p>Text that stays, and is longer than what is left out of the page, by far.</p><form>Shown <input value="x"><button>Go</button></form>
      <div class="post-share">Share</div><aside>Aside</aside><footer>Foot</footer>`;
    expect(await text(html)).toBe("Text that stays, and is longer than what is left out of the page, by far.\n\nShown");
  });

  it("takes main, and within it the one article", async () => {
    const long = "Long enough to be what the page is about. ".repeat(3).trim();
    expect(await text(`<div>Around</div><main><p>Inside</p></main>`)).toBe("Inside");
    expect(await text(`<main>Near<article><header><h1>T</h1></header>${long}</article></main>`)).toBe(`# T\n\n${long}`);
    expect(await text(`Near<article>${long}</article><article>${long}</article>`)).toBe(`Near\n\n${long}\n\n${long}`);
    expect(await text("<main></main><p>Outside</p>")).toBe("Outside");
  });

  it("gives the whole page rather than nothing", async () => {
    expect(await text("<nav><a href=/>Home</a> <a href=/x>More</a></nav>")).toBe("Home More");
    expect(await load("")).toMatchObject({ text: "", lines: [1] });
  });

  it("keeps a sentence a sentence", async () => {
    expect(await text("<p># not a heading</p><p>&lt;div&gt; is a tag</p><p>```</p><pre>a\n```\nb</pre>")).toBe(
      "\\# not a heading\n\n\\<div> is a tag\n\n\\```\n\n````\na\n```\nb\n````",
    );
    expect(await text("<p>soft\u00ADware&nbsp;here</p>")).toBe("software here");
  });

  it("takes tables made for the layout apart", async () => {
    expect(await text("<table><tr><td><h2>Left</h2><p>One</p><p>Two</p></td><td>Right</td></tr></table>")).toBe(
      "## Left\n\nOne\n\nTwo\n\nRight",
    );
  });

  it.each([
    ["<meta property='og:title' content='From meta'><h1>No</h1>", "From meta"],
    ["<h1>From <i>heading</i></h1>", "From heading"],
    ["<title>From title</title><meta property='og:title' content='No'>", "From title"],
  ])("finds the title of %s", async (html, title) => {
    expect((await load(html)).title).toBe(title);
  });

  it("decodes as the page says", async () => {
    const latin = (html: string) => Uint8Array.from(html, (c) => c.charCodeAt(0));
    expect((await load(latin('<meta charset="iso-8859-1"><p>caf\u00e9'))).text).toBe("café");
    expect(
      (await load(latin('<meta http-equiv="Content-Type" content="text/html; charset=windows-1252"><p>\u0093caf\u00e9\u0094')))
        .text,
    ).toBe("“café”");
    expect((await load("\uFEFF<meta charset=latin1><p>café")).text).toBe("café");
    await expect(load(latin("<p>caf\u00e9"))).rejects.toThrow(BinaryFileError);
    await expect(load("<meta charset=klingon><p>x")).rejects.toThrow(/"klingon" is not known/);
  });

  it("bears broken and deeply nested markup", async () => {
    expect(await text("<p>a<div>b</p></span><li>c<table><td>d")).toMatch(/a\s+b\s+c\s+d/);
    expect(await text("<div>".repeat(20_000) + "deep")).toEqual(expect.any(String));
    expect(await text("<b>".repeat(5_000) + "deep")).toEqual(expect.any(String));
  });

  it.skipIf(data === undefined)("finds the article of real pages", { timeout: 120_000 }, async () => {
    const folder = join(data ?? "", "documents/html");
    const names = readdirSync(folder);
    let [recall, precision] = [0, 0];
    for (const name of names) {
      const document = await load(readFileSync(join(folder, name, "source.html")));
      expect(document.lines).toHaveLength(document.text.split("\n").length);
      const wanted = count(allText(parse(readFileSync(join(folder, name, "expected.html"), "utf8"))));
      const found = count(document.text);
      let both = 0;
      for (const [word, times] of wanted) both += Math.min(times, found.get(word) ?? 0);
      recall += both / total(wanted) / names.length;
      precision += both / total(found) / names.length;
    }
    expect(recall).toBeGreaterThan(0.97);
    expect(precision).toBeGreaterThan(0.88);
  });
});

interface AnyNode {
  nodeName: string;
  value?: string;
  childNodes?: AnyNode[];
}
function allText(node: AnyNode): string {
  const between = /^(a|b|i|em|strong|span|code|su[bp]|font|u)$/.test(node.nodeName) ? "" : " ";
  return node.nodeName === "#text" ? (node.value ?? "") : (node.childNodes ?? []).map(allText).join(between);
}
function count(text: string): Map<string, number> {
  const words = new Map<string, number>();
  for (const { segment, isWordLike } of new Intl.Segmenter("en", { granularity: "word" }).segment(text.toLowerCase())) {
    if (isWordLike) words.set(segment, (words.get(segment) ?? 0) + 1);
  }
  return words;
}
function total(words: Map<string, number>): number {
  return [...words.values()].reduce((sum, times) => sum + times, 0);
}
