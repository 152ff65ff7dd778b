// A Markdown text as a list of sections: what stands below each heading, as blocks that tile the text without a gap.
import { type Block, markdownBlocks, markdownText } from "../util/markdown.ts";

/** A block with everything up to the next one. */
export interface Tile {
  block: Block;
  start: number;
  end: number;
  /** Where the headings above it start, when it is the first of its section. */
  lead: number;
}

/** The text below a heading, up to the next heading of any depth. */
export interface Section {
  start: number;
  end: number;
  /** Depth of the heading it starts with, 1 to 6; 0 for the text above the first. */
  depth: number;
  /** Titles of the headings it stands under, outermost first, as plain text. */
  path: string[];
  tiles: Tile[];
}

/**
 * The sections of a Markdown text from `bodyStart` on. A heading with nothing below it opens the section that follows; at the
 * end of the text it belongs to the section before. A text of headings only has one section, whose tiles are they.
 */
export function sections(text: string, bodyStart: number): Section[] {
  const out: Section[] = [];
  let path: { depth: number; title: string }[] = [];
  // Headings that wait for text.
  let waiting: { block: Block; depth: number }[] = [];
  let current: Section | undefined;
  for (const block of tiled(text, bodyStart)) {
    if (block.type === "heading") {
      const depth = block.depth ?? 1;
      path = [...path.filter((above) => above.depth < depth), { depth, title: markdownText(text.slice(block.start, block.end)) }];
      waiting.push({ block, depth });
      current = undefined;
    } else if (current === undefined) {
      const start = waiting[0]?.block.start ?? block.start;
      const depth = Math.min(...waiting.map((heading) => heading.depth), path.length === 0 ? 0 : 6);
      const tile = { block, start: block.start, end: block.end, lead: start };
      current = {
        start,
        end: block.end,
        depth,
        path: path.map(({ title }) => title).filter((title) => title !== ""),
        tiles: [tile],
      };
      out.push(current);
      waiting = [];
    } else if (block.type === "thematicBreak") {
      // A line across the page says nothing by itself.
      current.tiles.at(-1)!.end = block.end;
      current.end = block.end;
    } else {
      current.tiles.push({ block, start: block.start, end: block.end, lead: block.start });
      current.end = block.end;
    }
  }
  return withLast(
    out,
    waiting.map(({ block }) => block),
  );
}

/** The blocks, each reaching up to the next, so that no text is lost between two of them. */
function tiled(text: string, bodyStart: number): Block[] {
  const blocks = [...markdownBlocks(text, bodyStart)];
  return blocks.map((block, i) => ({
    ...block,
    start: i === 0 ? bodyStart : block.start,
    end: blocks[i + 1]?.start ?? text.length,
  }));
}

/** Headings that end the text go to the section before; with none before, they are a section. */
function withLast(list: Section[], headings: Block[]): Section[] {
  const [first, last] = [headings[0], headings.at(-1)];
  if (first === undefined || last === undefined) return list;
  const before = list.at(-1);
  if (before === undefined) {
    const tiles = headings.map((block) => ({ block, start: block.start, end: block.end, lead: block.start }));
    return [{ start: first.start, end: last.end, depth: first.depth ?? 1, path: [], tiles }];
  }
  before.tiles.at(-1)!.end = last.end;
  before.end = last.end;
  return list;
}
