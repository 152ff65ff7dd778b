// The interface of a chunker: a document to passages that know their exact place in it.
import type { Chunk, Document } from "../values.ts";

/**
 * Splits a document. For every chunk, `text === document.text.slice(start, end)`, and no chunk is white space alone.
 * A chunker is a pure function with an id.
 */
export interface Chunker {
  /** Names the method and its settings. */
  readonly id: string;
  chunk(document: Document): Chunk[];
}
