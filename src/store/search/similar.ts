// Near what is stored: the question's vector is a subquery, so that no vector leaves the database.
import { and, not, type SQL, sql } from "drizzle-orm";
import { ConfigurationError } from "../../errors.ts";
import type { Shape } from "../shape.ts";
import type { Key, Selection, SimilarOptions } from "../types.ts";
import { keyEquals } from "./parts.ts";
import { type SearchRequest, storedRequest } from "./request.ts";

/** A search near a document's vector, the average of its chunks' vectors, or one chunk's; the document itself is left out. */
export function similarRequest(shape: Shape, key: Key, options: SimilarOptions<Selection | undefined>): SearchRequest {
  const { chunk, ...search } = options;
  if (chunk !== undefined && !shape.chunked)
    throw new ConfigurationError("chunk: the collection has no table of chunks; leave it out.");
  const own = ownPassages(shape, key);
  const mine = chunk === undefined ? own : (and(own, keyEquals(shape.passageKey, chunk)) as SQL);
  const { column } = shape.columns.embedding;
  const vector = shape.chunked && chunk === undefined ? sql`avg(${column})` : sql`${column}`;
  const stored = sql`(select ${vector}::${sql.raw(shape.vectorType)} from ${shape.passages} where ${mine})`;
  return { ...storedRequest(shape, stored, search), where: and(not(own), search.where) };
}

/** The passages of one document. */
function ownPassages(shape: Shape, key: Key): SQL {
  if (!shape.chunked) return keyEquals(shape.documentKey, key);
  const isPrimary = shape.reference.every(({ document }) => shape.documentKey.some(({ column }) => column === document.column));
  if (isPrimary && shape.reference.length === shape.documentKey.length) {
    // By the columns of the chunks alone, so that no join stands between the condition and the index.
    const children = shape.documentKey.map(({ key, column }) => ({
      key,
      column: (shape.reference.find(({ document }) => document.column === column) as Shape["reference"][number]).chunk.column,
    }));
    return keyEquals(children, key);
  }
  const chunk = shape.reference.map(({ chunk }) => sql`${chunk.column}`);
  const document = shape.reference.map(({ document }) => sql`${document.column}`);
  return sql`(${sql.join(chunk, sql`, `)}) in (select ${sql.join(document, sql`, `)} from ${shape.documents} where ${keyEquals(shape.documentKey, key)})`;
}
