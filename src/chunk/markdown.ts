// A chunker for Markdown: by sections, then by blocks, then as text.
import type { Block } from "../util/markdown.ts";
import type { Chunk } from "../values.ts";
import type { Chunker } from "./chunker.ts";
import { type ChunkOptions, chunkerId, chunkLimits, type Span } from "./options.ts";
import { type Section, sections, type Tile } from "./sections.ts";
import { pack, pieces, type Splitter, splitter } from "./split.ts";
import { codeCutters, proseCutters, trim } from "./text.ts";

/**
 * Cuts at headings, and within a section between its blocks, as many to a chunk as fit. A paragraph, list, table or piece of code
 * that fits is never cut; one that does not is cut between items, lines or sentences.
 *
 * A heading stays with the text below it: it makes a chunk alone only where there is no such text, or where it takes more than
 * half of `size`. A section shorter than a quarter of `size` shares a chunk with its neighbour or its subsection, where both fit
 * and no higher heading stands between; `headings` then tells the first one's. GFM tables and front matter are known.
 *
 * Throws a `ConfigurationError` for a size that is not positive or an overlap not below it.
 */
export function markdownChunker(options: ChunkOptions = {}): Chunker {
  const limits = chunkLimits(options);
  return {
    id: chunkerId("markdown", limits),
    chunk({ text, bodyStart = 0 }) {
      const on = splitter(text, limits);
      const chunks: Chunk[] = [];
      for (const group of groups(on, sections(text, Math.max(0, bodyStart)))) {
        const headings = group[0]!.path;
        for (const { start, end } of spans(on, group)) {
          chunks.push({ ordinal: chunks.length, text: text.slice(start, end), start, end, headings });
        }
      }
      return chunks;
    },
  };
}

/** Neighbouring sections that make one chunk: together they fit, one of them is short, and the first is not deeper. */
function groups(on: Splitter, list: readonly Section[]): Section[][] {
  const out: Section[][] = [];
  const isShort = (start: number, end: number) => on.fits(start, end, on.limits.size / 4);
  for (const section of list) {
    const group = out.at(-1);
    const first = group?.[0];
    if (
      group !== undefined &&
      first !== undefined &&
      section.depth >= first.depth &&
      on.fits(first.start, section.end) &&
      (isShort(first.start, group.at(-1)!.end) || isShort(section.start, section.end))
    ) {
      group.push(section);
    } else out.push([section]);
  }
  return out;
}

function spans(on: Splitter, group: readonly Section[]): Span[] {
  const [start, end] = [group[0]!.start, group.at(-1)!.end];
  const whole = trim(on.text, start, end);
  if (whole === undefined) return [];
  if (group.length > 1 || on.fits(whole.start, whole.end)) return [whole];
  return pack(
    on,
    group[0]!.tiles.flatMap((tile) => tilePieces(on, tile)),
  );
}

function tilePieces(on: Splitter, { block, start, end, lead }: Tile): Span[] {
  const heavy = lead < start && !on.fits(lead, start, on.limits.size / 2);
  if (heavy) return [...pieces(on, lead, start), ...blockPieces(on, block, start, end, start)];
  return blockPieces(on, block, start, end, lead);
}

/** The pieces of a block: itself if it fits, else those of the blocks in it, else those of its text. */
function blockPieces(on: Splitter, block: Block, start: number, end: number, lead: number): Span[] {
  const levels = block.type === "code" || block.type === "table" || block.type === "yaml" ? codeCutters : proseCutters;
  const inner = trim(on.text, start, end);
  if (inner === undefined) return [];
  const from = lead < start ? lead : inner.start;
  if (block.children.length === 0 || on.fits(from, inner.end)) return pieces(on, start, end, lead, levels);
  const bounds = [start, ...block.children.slice(1).map((child) => child.start), end];
  return block.children.flatMap((child, i) =>
    blockPieces(on, child, bounds[i]!, bounds[i + 1]!, i === 0 ? lead : (bounds[i] ?? start)),
  );
}
