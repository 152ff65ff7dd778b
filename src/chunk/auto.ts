// The chunker for documents of any format.
import type { Chunker } from "./chunker.ts";
import { markdownChunker } from "./markdown.ts";
import { type ChunkOptions, chunkerId, chunkLimits } from "./options.ts";
import { plainChunker } from "./plain.ts";

/**
 * Takes the chunker that suits the document: `markdownChunker` where its `format` is `markdown`, else `plainChunker`.
 *
 * Throws a `ConfigurationError` for a size that is not positive or an overlap not below it.
 */
export function autoChunker(options: ChunkOptions = {}): Chunker {
  const markdown = markdownChunker(options);
  const plain = plainChunker(options);
  return {
    id: chunkerId("auto", chunkLimits(options)),
    chunk: (document) => (document.format === "markdown" ? markdown : plain).chunk(document),
  };
}
