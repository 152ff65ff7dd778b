// For a single table, where each row has a vector of its own: which rows need a new one, and rows with the vector filled in.
import type { Database } from "../../db/database.ts";
import { isSparse, sparseToText } from "../../util/sparse.ts";
import { checkVector } from "../../util/vectors.ts";
import type { SparseVector } from "../../values.ts";
import type { Passage } from "../passages.ts";
import type { AnyRow, NamedColumn, Shape } from "../shape.ts";
import { keyOf, keyText, updateRows, type WriteContext } from "./context.ts";
import { vectorEncoder } from "./rows.ts";
import type { PassageOf, VectorStash } from "./vectors.ts";

/** Name under which stored rows tell whether they have a vector; not a name that a column of the user's would have. */
export const hasVector = "drizzle-rag: has a vector";

/** The rows among these that need a vector: they bring none, and the stored row, if any, was made of another text. */
export function missingRows(
  context: WriteContext,
  rows: readonly AnyRow[],
  stored: readonly AnyRow[],
  key: readonly NamedColumn[] = [],
): PassageOf[] {
  const before = byKey(stored, key);
  const { firstRow = 0 } = context;
  return rows.flatMap((row, index) => {
    if (bringsVector(context.shape, row)) return [];
    const passage = onlyPassage(context, row, index);
    return isUnchanged(context, passage, before.get(keyText(keyOf(row, key)))) ? [] : [{ passage, row: firstRow + index }];
  });
}

/** The rows to write: with a vector (a `Float32Array`) and hash where the text is new, without where the stored vector still holds. */
export function withVectors(
  context: WriteContext,
  stash: VectorStash,
  rows: readonly AnyRow[],
  stored: readonly AnyRow[],
  key: readonly NamedColumn[] = [],
): AnyRow[] {
  const { shape, firstRow = 0 } = context;
  const { embedding, hash } = shape.columns;
  const before = byKey(stored, key);
  return rows.map((row, index) => {
    if (bringsVector(shape, row)) {
      const given = row[embedding.key] as ArrayLike<number> | SparseVector;
      const check = {
        dimensions: shape.dimensions,
        allowZero: shape.metric !== "cosine",
        row: firstRow + index,
        field: embedding.key,
        others: shape.embedder,
      };
      if (shape.vectorType === "sparsevec")
        return { ...row, [embedding.key]: isSparse(given) ? sparseToText(given, check) : given };
      if (given instanceof Float32Array) {
        checkVector(given, check);
        return row;
      }
      const vector = Float32Array.from(given as ArrayLike<number>);
      checkVector(vector, check);
      return { ...row, [embedding.key]: vector };
    }
    const passage = onlyPassage(context, row, index);
    if (isUnchanged(context, passage, before.get(keyText(keyOf(row, key))))) return row;
    const [vector] = stash.require([passage]);
    return { ...row, [embedding.key]: vector, ...(hash && { [hash.key]: passage.hash }) };
  });
}

/** After an UPDATE: gives the rows whose text is another one now their vector. Returns how many kept theirs. */
export async function writeChangedVectors(
  tx: Database,
  context: WriteContext,
  stash: VectorStash,
  after: readonly AnyRow[],
  before: readonly AnyRow[],
): Promise<number> {
  const { shape } = context;
  const { embedding, hash } = shape.columns;
  const stored = byKey(before, shape.documentKey);
  const changed = after
    .map((row, index) => ({ row, passage: onlyPassage(context, row, index) }))
    .filter(({ row, passage }) => !isUnchanged(context, passage, stored.get(keyText(keyOf(row, shape.documentKey)))));
  const vectors = stash.require(changed.map(({ passage }) => passage));
  const encode = vectorEncoder(tx, shape);
  const rows = changed.map(({ row, passage }, i) =>
    encode({ ...row, [embedding.key]: vectors[i], ...(hash && { [hash.key]: passage.hash }) }),
  );
  if (rows.length > 0) await updateRows(tx, shape.documents, shape.documentKey, hash ? [embedding, hash] : [embedding], rows);
  return after.length - rows.length;
}

function bringsVector(shape: Shape, row: AnyRow): boolean {
  return row[shape.columns.embedding.key] !== undefined && row[shape.columns.embedding.key] !== null;
}

function onlyPassage(context: WriteContext, row: AnyRow, index: number): Passage {
  return context.toPassages(row, index)[0] as Passage;
}

/** With a hash column, the hash tells (and so notices another embedder); without, the text. */
function isUnchanged(context: WriteContext, passage: Passage, stored: AnyRow | undefined): boolean {
  if (stored === undefined || stored[hasVector] !== true) return false;
  const { hash } = context.shape.columns;
  if (hash !== undefined) return stored[hash.key] === passage.hash;
  return context.shape.textOf(stored) === passage.text;
}

function byKey(rows: readonly AnyRow[], key: readonly NamedColumn[]): Map<string, AnyRow> {
  return new Map(rows.map((row) => [keyText(keyOf(row, key)), row]));
}
