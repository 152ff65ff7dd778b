// From a document's row to the passages that are embedded: the step between chunker and tables.
import type { Chunker } from "../chunk/chunker.ts";
import { contentHash } from "../util/hash.ts";
import { checkText } from "../util/well-formed.ts";
import type { Chunk } from "../values.ts";
import type { AnyRow, Shape } from "./shape.ts";

/** A passage with what is embedded for it. */
export interface Passage extends Chunk {
  /** What the embedder gets: the headings, so that a passage is found by its context too, and the text. */
  input: string;
  /** Of the input and the embedder: passages with the same hash have the same vector. */
  hash: string;
  /** The embedder's id. */
  embedder: string;
}

export type ToPassages = (row: AnyRow, index: number) => Passage[];

/**
 * The same function for the length of one write, which looks at each document twice: before the transaction, to know what has to be
 * embedded, and in it, as the database returned it. Parsing Markdown costs more than remembering it.
 */
export function remembering(shape: Shape, toPassages: ToPassages): ToPassages {
  const known = new Map<string, Passage[]>();
  return (row, index) => {
    const key = JSON.stringify([shape.textOf(row), shape.titleOf(row), shape.formatOf(row), shape.bodyStartOf(row)]);
    const found = known.get(key) ?? toPassages(row, index);
    known.set(key, found);
    return found;
  };
}

/**
 * Makes the function that turns a document's row into passages.
 * It throws an InvalidTextError, with the row's index, for a text that cannot be stored or embedded.
 */
export function passageMaker(shape: Shape, embedderId: string, chunker: Chunker): ToPassages {
  const passage = (chunk: Chunk, input: string): Passage => ({
    ...chunk,
    input,
    hash: contentHash(embedderId, input),
    embedder: embedderId,
  });
  return (row, index) => {
    const text = shape.textOf(row);
    checkText(text, { row: index, field: shape.textField });
    if (!shape.chunked) return [passage({ ordinal: 0, text, start: 0, end: text.length, headings: [] }, text)];
    const title = shape.titleOf(row);
    return chunker.chunk({ text, format: shape.formatOf(row), bodyStart: shape.bodyStartOf(row) }).map((chunk) => {
      // Many Markdown files repeat the title as their first heading.
      const headings = title === undefined || chunk.headings[0] === title ? chunk.headings : [title, ...chunk.headings];
      const input = headings.length === 0 ? chunk.text : `${headings.join(" > ")}\n\n${chunk.text}`;
      return passage({ ...chunk, headings }, input);
    });
  };
}
