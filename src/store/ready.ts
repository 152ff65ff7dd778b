// The ready-made tables as a collection's options, and documents as their rows.
import { chunks, documents } from "../table/ready.ts";
import type { Document } from "../values.ts";
import type { NewRow } from "./types.ts";

/** How a collection reads the ready-made tables. */
export const readyMade = {
  documents,
  chunks,
  text: documents.text,
  title: documents.title,
  source: documents.source,
  format: documents.format,
  bodyStart: documents.bodyStart,
};

/**
 * A loaded document as a row of the ready-made table.
 * @param source Used where the document does not tell its own.
 */
export function documentRow(document: Document, source = document.source ?? "stdin"): NewRow<typeof documents> {
  const { text, title = null, format = "plain", bodyStart = 0, lines = null, metadata = {} } = document;
  return { source, text, title, format, bodyStart, lines, metadata };
}
