// The blocks of a Markdown text and where they stand. Wraps the parser (CommonMark with GFM tables), which is costly to load and
// for which a long text takes more than linear time: it is handed one stretch of the text after the other.
import type { RootContent } from "mdast";
import { fromMarkdown } from "mdast-util-from-markdown";
import { frontmatterFromMarkdown } from "mdast-util-frontmatter";
import { gfmTableFromMarkdown } from "mdast-util-gfm-table";
import { toString as plainText } from "mdast-util-to-string";
import { frontmatter } from "micromark-extension-frontmatter";
import { gfmTable } from "micromark-extension-gfm-table";

/** A block of Markdown. Offsets are UTF-16 units of the whole text; `start` is where the block's first line starts. */
export interface Block {
  /** The name CommonMark's syntax tree (mdast) gives it: `paragraph`, `heading`, `code`, `list`, `table`, `yaml` … */
  type: string;
  start: number;
  end: number;
  /** Of a heading: 1 to 6. */
  depth?: number;
  /** Of a list, its items; of an item or a quotation, the blocks in it. */
  children: Block[];
}

/** What stands inside a line says nothing about blocks, and leaving it out is what makes a parse fast. */
const inline =
  "attention autolink characterEscape characterReference codeText hardBreakEscape htmlText labelEnd labelStartImage labelStartLink";
const blocksOnly = { disable: { null: inline.split(" ") } };

/** UTF-16 units handed to the parser at once: what it takes for a text grows faster than the text. */
const STRETCH = 8_192;

/** What a line says about blocks stands at its beginning; the parser is not shown the rest of a longer one. */
const LONGEST_LINE = 2_000;

/**
 * The top-level blocks from `from` on, in order. Front matter is a block of type `yaml`, and looked for at offset 0 only.
 * Takes linear time, at a price: inside a list item, quotation or HTML block of more than 8,000 characters, a line may be taken
 * for what it would be outside.
 */
export function* markdownBlocks(text: string, from = 0): Generator<Block, void> {
  let held: Block | undefined;
  // Whether `held` filled its stretch, so that the next block may be the rest of it.
  let open = false;
  for (let at = from; at < text.length; ) {
    let next = lineStartAfter(text, at + STRETCH);
    let blocks = parse(text, at, next);
    const last = blocks.at(-1);
    const filled = last !== undefined && next < text.length && last.start === at;
    if (filled) {
      const block = cutOpen(last, text);
      blocks = [block];
      next = block.children.length < last.children.length ? block.end : Math.max(block.end, next);
    } else if (last !== undefined && next < text.length) {
      // The last block may go on past the stretch: it is read again with what follows.
      blocks.pop();
      next = last.start;
    }
    for (const block of blocks) {
      if (held !== undefined && open && continues(held, block, text)) {
        held.end = block.end;
        held.children.push(...block.children);
      } else {
        if (held !== undefined) yield held;
        held = block;
      }
      open = filled;
    }
    at = next;
  }
  if (held !== undefined) yield held;
}

/** A block that fills a stretch, as far as it can be told from its end on: a list without its last item, a fence to its closing. */
function cutOpen(block: Block, text: string): Block {
  const item = block.type === "list" && block.children.length > 1 ? block.children.at(-1) : undefined;
  if (item !== undefined) return { ...block, end: item.start, children: block.children.slice(0, -1) };
  if (block.type === "code") return { ...block, end: endOfFence(text, block) };
  if (block.type !== "html" || !text.slice(block.start, block.end).trimStart().startsWith("<!--")) return block;
  const close = text.indexOf("-->", block.start);
  return { ...block, end: close === -1 ? text.length : lineStartAfter(text, close) };
}

function continues(open: Block, block: Block, text: string): boolean {
  if (open.type === "list" && block.type === "list") return true;
  const sameKind = block.type === open.type || block.type === "paragraph";
  return sameKind && /^[ \t]*(\r\n?|\n)?[ \t]*$/.test(text.slice(open.end, block.start));
}

/** The plain text of a piece of Markdown on one line: no marks, links as their text, entities decoded. */
export function markdownText(source: string): string {
  // Nobody reads a heading of several thousand characters, and markup that long can keep the parser busy.
  return plainText(fromMarkdown(source.slice(0, 2_000)))
    .replace(/\s+/gu, " ")
    .trim();
}

function parse(text: string, start: number, end: number): Block[] {
  const { source, offset } = shorten(text.slice(start, end));
  const tree = fromMarkdown(source, {
    extensions: [gfmTable(), blocksOnly, ...(start === 0 ? [frontmatter()] : [])],
    mdastExtensions: [gfmTableFromMarkdown(), frontmatterFromMarkdown()],
  });
  return tree.children.map((node) => toBlock(node, text, start, (at) => start + offset(at)));
}

/** Takes out what a line has past its first units; `offset` leads from a place in what is left to its place in the source. */
function shorten(source: string): { source: string; offset: (at: number) => number } {
  const cuts: { at: number; removed: number }[] = [];
  let removed = 0;
  // The parser drops a byte order mark, and with it one unit of every offset.
  const short = source.replace(/^\uFEFF/, " ").replace(/[^\r\n]+/g, (line, index: number) => {
    if (line.length <= LONGEST_LINE) return line;
    cuts.push({ at: index + LONGEST_LINE - removed, removed: line.length - LONGEST_LINE });
    removed += line.length - LONGEST_LINE;
    return line.slice(0, LONGEST_LINE);
  });
  return { source: short, offset: (at) => cuts.reduce((sum, cut) => (at >= cut.at ? sum + cut.removed : sum), at) };
}

function toBlock(node: RootContent, text: string, floor: number, offset: (at: number) => number, nested = 0): Block {
  // Indentation, and the mark of the list or quotation around it, stand before a block on its line and belong to it.
  const start = Math.max(floor, lineStart(text, offset(node.position?.start.offset ?? 0)));
  const block: Block = { type: node.type, start, end: offset(node.position?.end.offset ?? 0), children: [] };
  if (node.type === "heading") block.depth = node.depth;
  // Deeper than anyone writes by hand, what is inside is cut like plain text.
  if (nested < 30 && (node.type === "list" || node.type === "listItem" || node.type === "blockquote")) {
    let at = start;
    for (const child of node.children) {
      const inner = toBlock(child, text, at, offset, nested + 1);
      block.children.push(inner);
      at = inner.end;
    }
  }
  return block;
}

/** The end of a fenced block that begins at `block.start`: past its closing fence, or the end of the text. Else where it ended. */
function endOfFence(text: string, block: Block): number {
  const fence = /^ {0,3}(`{3,}|~{3,})/.exec(text.slice(block.start, block.start + 1_000))?.[1];
  if (fence === undefined) return block.end;
  const mark = fence[0] === "`" ? "`" : "~";
  const close = new RegExp(`^ {0,3}${mark}{${fence.length},}[ \\t]*\\r?$`, "gm");
  close.lastIndex = lineStartAfter(text, block.start);
  const match = close.exec(text);
  return match === null ? text.length : lineStartAfter(text, match.index);
}

function lineStart(text: string, offset: number): number {
  let at = offset;
  while (at > 0 && text.charCodeAt(at - 1) !== 10 && text.charCodeAt(at - 1) !== 13) at--;
  return at;
}

/** The start of the first line that starts behind `offset`, or the end of the text. */
function lineStartAfter(text: string, offset: number): number {
  const newline = /\r\n?|\n/g;
  newline.lastIndex = offset;
  return newline.test(text) ? newline.lastIndex : text.length;
}
