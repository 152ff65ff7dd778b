// From the rows of a search's statement to its hits: scores, order, diversity.
import type { PgTable } from "drizzle-orm/pg-core";
import type { AnyRow, Shape } from "../shape.ts";
import type { Hit } from "../types.ts";
import { keyOf, keyText } from "../write/context.ts";
import { mostDiverse, normalized } from "./diversity.ts";
import type { SearchRequest } from "./request.ts";
import type { FoundRow } from "./statement.ts";
import { similarity } from "./vector.ts";

/** The score of a row; see `Hit.score`. */
function scoreOf(shape: Shape, { score, distance }: FoundRow): number {
  return score === undefined ? similarity(shape.metric, Number(distance)) : Number(score);
}

/** The rows that are shown, in the order of the result. */
export function inOrder(shape: Shape, request: SearchRequest, found: readonly FoundRow[]): FoundRow[] {
  const { minScore, diversity, offset, limit } = request;
  // An index scan that goes on past its first candidates gives them slightly out of order.
  const rows = found
    .map((row) => ({ row, score: scoreOf(shape, row) }))
    .sort((a, b) => b.score - a.score)
    .filter(({ score }) => minScore === undefined || score >= minScore);
  if (diversity === 0) return rows.map(({ row }) => row);
  // Only a cosine is on the scale of the likeness it is weighed against; other scores are taken as shares of the best.
  const isCosine = request.mode === "vector" && request.asked.length === 1 && shape.metric === "cosine";
  const best = isCosine ? 1 : Math.max(...rows.map(({ score }) => Math.abs(score))) || 1;
  const candidates = rows.map(({ row, score }) => ({
    relevance: score / best,
    vector: normalized(row.embedding as Float32Array),
  }));
  const chosen = mostDiverse(candidates, diversity, offset + limit).slice(offset);
  return chosen.map((i) => (rows[i] as { row: FoundRow }).row);
}

/** The rows, those of one document with the same object for it, so that it is known again and its text is there once. */
export function sharing(shape: Shape, request: SearchRequest, found: readonly FoundRow[]): readonly FoundRow[] {
  // What is chosen may be of the chunk, and so differ.
  if (!shape.chunked || request.select !== undefined) return found;
  const documents = new Map<string, AnyRow>();
  return found.map((row) => {
    const key = keyText(keyOf(row.document, shape.documentKey));
    const document = documents.get(key) ?? row.document;
    documents.set(key, document);
    return { ...row, document };
  });
}

/** A row as the user's types know it. */
export function toHit<D extends PgTable, C extends PgTable | undefined, Document>(
  shape: Shape,
  request: SearchRequest,
  row: FoundRow,
): Hit<D, C, Document> {
  const { document } = row;
  const read = request.select === undefined ? document : (row.shown ?? {});
  const passage = shape.chunked ? (row.chunk as AnyRow) : document;
  const text = String(shape.chunked ? passage[shape.columns.text?.key ?? "text"] : shape.textOf(read));
  const { distance, keyword } = row;
  const byVector = isNumber(distance) ? similarity(shape.metric, Number(distance)) : undefined;
  const scores = {
    ...(byVector !== undefined && { vector: byVector }),
    ...(isNumber(keyword) && { keyword: Number(keyword) }),
  };
  return {
    text,
    title: shape.titleOf(read),
    source: shape.sourceOf(read),
    start: shape.chunked ? Number(passage.start) : 0,
    end: shape.chunked ? Number(passage.end) : text.length,
    headings: shape.chunked ? (passage.headings as string[]) : [],
    score: scoreOf(shape, row),
    scores,
    document: document as Document,
    chunk: (shape.chunked ? passage : undefined) as Hit<D, C>["chunk"],
  };
}

/** The whole document as far as the row holds what its text is read from. */
export function documentText(shape: Shape, request: SearchRequest, row: FoundRow): string | undefined {
  if (request.select === undefined) return String(shape.textOf(row.document));
  return shape.shownColumns === undefined ? String(shape.textOf(row.shown ?? {})) : undefined;
}

/** Drivers give numbers of some types as text. */
function isNumber(value: unknown): boolean {
  return value !== undefined && value !== null;
}
