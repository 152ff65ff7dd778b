// A chunker for text without markup.
import type { Chunk } from "../values.ts";
import type { Chunker } from "./chunker.ts";
import { type ChunkOptions, chunkerId, chunkLimits } from "./options.ts";
import { pack, pieces, splitter } from "./split.ts";

/**
 * Cuts between paragraphs, and where one is too long by itself between lines, sentences, words or, last, characters. Neighbours
 * that fit together are one chunk.
 *
 * Throws a `ConfigurationError` for a size that is not positive or an overlap not below it.
 */
export function plainChunker(options: ChunkOptions = {}): Chunker {
  const limits = chunkLimits(options);
  return {
    id: chunkerId("plain", limits),
    chunk({ text, bodyStart = 0 }) {
      const on = splitter(text, limits);
      const spans = pack(on, pieces(on, Math.max(0, bodyStart), text.length));
      return spans.map(({ start, end }, ordinal): Chunk => ({ ordinal, text: text.slice(start, end), start, end, headings: [] }));
    },
  };
}
