// A web page as Markdown, with the line of the file that each line of it comes from.
import { type DefaultTreeAdapterTypes, parse } from "parse5";
import { attribute, contentOf, DEEPEST, type Element, isElement, type Node, onlyVisible } from "./html-content.ts";
import { tableRows } from "./html-table.ts";

/** A line of text and the 1-based line of the file where it begins. */
export interface Line {
  text: string;
  line: number;
}

/** What is read from a page. */
export interface Page {
  text: string;
  lines: number[];
  title: string | undefined;
}

const blocks = new Set(
  (
    "address article aside blockquote body caption center dd details dir div dl dt fieldset figcaption figure footer form " +
    "header hgroup hr legend li main nav ol optgroup option p section summary table tbody td tfoot th thead tr ul"
  ).split(" "),
);

/** Lists and quotations nested deeper lose their marks, which would take more room than the text. */
const DEEPEST_MARKS = 64;

/** Reads a page: the text of its content as Markdown, without links' addresses, images, and what is around the content. */
export function readPage(html: string): Page {
  const { head, body } = partsOf(html);
  const title = titleOf(head, body);
  let content = body === undefined ? [] : blocksOf(contentOf(body), 0);
  if (content.length === 0) {
    // Better the whole page, menus and all, than nothing of it.
    const whole = partsOf(html).body;
    content = whole === undefined ? [] : blocksOf(onlyVisible(whole), 0);
  }
  const lines = spaced(content);
  return {
    text: lines.map(({ text }) => text).join("\n"),
    lines: lines.length === 0 ? [1] : lines.map(({ line }) => line),
    title,
  };
}

function partsOf(html: string): { head: Element | undefined; body: Element | undefined } {
  const document = parse(html, { sourceCodeLocationInfo: true });
  const root = document.childNodes.find((node): node is Element => isElement(node) && node.tagName === "html");
  const part = (name: string) => root?.childNodes.find((node): node is Element => isElement(node) && node.tagName === name);
  return { head: part("head"), body: part("body") };
}

function titleOf(head: Element | undefined, body: Element | undefined): string | undefined {
  const inHead = (head?.childNodes ?? []).filter(isElement);
  const title = inHead.find(({ tagName }) => tagName === "title");
  const meta = inHead.find((element) => attribute(element, "property") === "og:title");
  const heading = body === undefined ? undefined : find(body, "h1", 0);
  const all = [title && flatText(title), meta && attribute(meta, "content"), heading && flatText(heading)];
  return all.map((text) => text?.replace(/\s+/g, " ").trim()).find((text) => text !== undefined && text !== "");
}

function find(element: Element, tagName: string, depth: number): Element | undefined {
  for (const child of element.childNodes) {
    if (!isElement(child) || depth > DEEPEST) continue;
    const found = child.tagName === tagName ? child : find(child, tagName, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** All text in an element, as it stands. */
function flatText(element: Element, depth = 0): string {
  const parts = element.childNodes.map((child) =>
    isElement(child) ? (child.tagName === "br" ? "\n" : depth < DEEPEST ? flatText(child, depth + 1) : "") : textOf(child),
  );
  return parts.join("");
}

function textOf(node: Node): string {
  return node.nodeName === "#text" ? (node as DefaultTreeAdapterTypes.TextNode).value : "";
}

/** The blocks an element is made of, each as its lines. */
function blocksOf(element: Element, depth: number): Line[][] {
  const out: Line[][] = [];
  let paragraph: Line[] = [];
  // Line 0: nothing of it has come yet.
  let current: Line = { text: "", line: 0 };
  let atSpace = true;

  const endLine = () => {
    const text = current.text.trim();
    if (text !== "") paragraph.push({ text: escaped(text), line: current.line });
    current = { text: "", line: 0 };
    atSpace = true;
  };
  const end = () => {
    endLine();
    if (paragraph.length > 0) out.push(paragraph);
    paragraph = [];
  };
  const add = (text: string, line: number) => {
    // A soft hyphen only says where a word might be broken.
    const flat = text.replaceAll("\u00AD", "").replace(/[\s\u00A0]+/g, " ");
    if (current.line === 0 && flat.trim() !== "") {
      current.line = line + (/^\s*/.exec(text)![0].match(/\n/g)?.length ?? 0);
    }
    const rest = atSpace ? flat.trimStart() : flat;
    current.text += rest;
    if (rest !== "") atSpace = rest.endsWith(" ");
  };
  const visit = (node: Node, level: number): void => {
    if (!isElement(node)) {
      add(textOf(node), lineOf(node));
      return;
    }
    if (level > DEEPEST) return;
    const { tagName } = node;
    if (tagName === "br") {
      endLine();
      return;
    }
    if (tagName === "code" || tagName === "kbd" || tagName === "samp") {
      const code = flatText(node).trim();
      add(code === "" || code.includes("`") ? code : `\`${code}\``, lineOf(node));
      return;
    }
    const special = specialBlock(node, level);
    if (special !== undefined) {
      end();
      for (const block of special) out.push(block);
      return;
    }
    if (blocks.has(tagName)) end();
    for (const child of node.childNodes) visit(child, level + 1);
    if (blocks.has(tagName)) end();
  };

  for (const child of element.childNodes) visit(child, depth + 1);
  end();
  return out;
}

/** The blocks of an element that Markdown writes in a way of its own; undefined for any other. */
function specialBlock(element: Element, depth: number): Line[][] | undefined {
  const { tagName } = element;
  if (/^h[1-6]$/.test(tagName)) {
    const lines = blocksOf(element, depth).flat();
    const text = lines
      .map((line) => line.text)
      .join(" ")
      // The link to itself that many sites put behind a heading.
      .replace(/(?:\s+[#§]|\s*[¶🔗])$/u, "");
    return text === "" ? [] : [[{ text: `${"#".repeat(Number(tagName[1]))} ${text}`, line: lines[0]!.line }]];
  }
  if (tagName === "pre" || tagName === "listing" || tagName === "xmp") return codeBlock(element);
  if (depth < DEEPEST_MARKS && (tagName === "ul" || tagName === "ol")) return list(element, depth);
  if (tagName === "hr") return [[{ text: "---", line: lineOf(element) }]];
  if (depth < DEEPEST_MARKS && tagName === "blockquote") {
    const quoted = spaced(blocksOf(element, depth)).map(({ text, line }) => ({ text: `> ${text}`.trimEnd(), line }));
    return quoted.length === 0 ? [] : [quoted];
  }
  if (tagName !== "table") return undefined;
  const rows = tableRows(element, (cell) => blocksOf(cell, depth));
  return rows === undefined ? undefined : [rows].filter(({ length }) => length > 0);
}

function codeBlock(element: Element): Line[][] {
  const raw = flatText(element).replace(/\s+$/, "").split("\n");
  if (raw.join("").trim() === "") return [];
  // The parser takes away a line break right behind the tag, and tells the place of the text as if it had not.
  const line = lineOf(element.childNodes[0] ?? element);
  const runs = raw.join("\n").match(/`+/g) ?? [];
  const longest = runs.reduce((most, run) => Math.max(most, run.length), 2);
  const fence = "`".repeat(longest + 1);
  const lines = raw.map((text, i) => ({ text: text.replaceAll("\u00A0", " "), line: line + i }));
  return [[{ text: fence, line }, ...lines, { text: fence, line: line + raw.length - 1 }]];
}

function list(element: Element, depth: number): Line[][] {
  const out: Line[] = [];
  let number = Number.parseInt(attribute(element, "start") ?? "1", 10) || 1;
  for (const child of element.childNodes) {
    if (!isElement(child)) continue;
    const inner =
      child.tagName === "li" ? blocksOf(child, depth + 1) : (specialBlock(child, depth + 1) ?? blocksOf(child, depth + 1));
    const mark = element.tagName === "ol" ? `${number}. ` : "- ";
    const indent = " ".repeat(mark.length);
    // A list inside an item goes without a blank line, paragraphs need one.
    const lines = inner.length === 2 && /^(?:- |\d+\. )/.test(inner[1]![0]!.text) ? inner.flat() : spaced(inner);
    if (lines.length === 0) continue;
    lines.forEach(({ text, line }, i) => {
      out.push({ text: text === "" ? "" : (i === 0 ? mark : indent) + text, line });
    });
    number++;
  }
  return out.length === 0 ? [] : [out];
}

/** Blocks with a blank line between each two. */
function spaced(list: readonly Line[][]): Line[] {
  return list.flatMap((block, i) => (i === 0 ? block : [{ text: "", line: list[i - 1]!.at(-1)!.line }, ...block]));
}

/** What begins like a heading, fence or tag but is a sentence gets a backslash, so that it stays one. */
function escaped(text: string): string {
  return /^(?:#{1,6}(?:\s|$)|`{3}|~{3}|<[!?/a-z])/i.test(text) ? `\\${text}` : text;
}

function lineOf(node: Node): number {
  return node.sourceCodeLocation?.startLine ?? 1;
}
