// Writes documents and their chunks. A chunk whose hash is there already keeps its row and its vector.
import type { SQL } from "drizzle-orm";
import { and, eq, exists, sql } from "drizzle-orm";
import type { Database } from "../../db/database.ts";
import { withTranslatedErrors } from "../../db/errors.ts";
import { named } from "../columns.ts";
import type { Passage } from "../passages.ts";
import type { AnyRow, NamedColumn, Shape } from "../shape.ts";
import { keyIn, keyOf, keyText, pieces, updateRows, type WriteContext, type WriteCount } from "./context.ts";
import { insertMany, readyRows } from "./rows.ts";
import type { PassageOf, VectorStash } from "./vectors.ts";

/** A chunk that is in the table: its key, hash and place. */
type StoredChunk = AnyRow & { hash: string };

/** Joins chunks to their document. */
export function belongsTogether(shape: Shape): SQL {
  return and(...shape.reference.map(({ chunk, document }) => eq(chunk.column, document.column))) ?? sql`true`;
}

/** Passages of these documents that no chunk of the matching documents has a vector for yet: what has to be embedded. */
export async function missingPassages(
  context: WriteContext,
  documents: readonly AnyRow[],
  where: SQL | undefined,
): Promise<PassageOf[]> {
  const { db, shape, toPassages, firstRow = 0 } = context;
  const hash = (shape.columns.hash as NamedColumn).column;
  const stored =
    where === undefined
      ? []
      : await withTranslatedErrors(
          async () =>
            await db.select({ hash }).from(shape.passages).innerJoin(shape.documents, belongsTogether(shape)).where(where),
        );
  const known = new Set((stored as StoredChunk[]).map((chunk) => chunk.hash));
  return documents.flatMap((document, row) =>
    toPassages(document, row)
      .filter((passage) => !known.has(passage.hash))
      .map((passage) => ({ passage, row: firstRow + row })),
  );
}

/**
 * Makes the chunks of documents that were just written (and so are locked) what their text demands: keeps those with the same
 * hash, moves those whose place changed, removes the rest, inserts what is new.
 */
export async function writeChunks(
  tx: Database,
  context: WriteContext,
  stash: VectorStash,
  documents: readonly AnyRow[],
  isNew: boolean,
): Promise<Omit<WriteCount, "documents">> {
  const { shape } = context;
  const plan = new ChunkPlan(context, isNew ? new Map() : await storedChunks(tx, shape, documents));
  documents.forEach((document, row) => {
    plan.add(document, context.toPassages(document, row));
  });
  // Asked for before anything is written: when vectors are missing, this transaction is given up.
  const vectors = stash.require(plan.inserts.map(({ passage }) => passage));

  for (const keys of pieces(plan.removals(), 1000)) await tx.delete(shape.passages).where(keyIn(shape.passageKey, keys));
  if (plan.moves.length > 0) await updateRows(tx, shape.passages, shape.passageKey, plan.movable, plan.moves);
  const rows = plan.inserts.map(({ values }, i) => ({ ...values, [shape.columns.embedding.key]: vectors[i] }));
  if (rows.length > 0) {
    const ready = await readyRows(tx, shape, shape.passages, rows);
    await insertMany(tx, shape, shape.passages, ready, context.left);
  }
  return { kept: plan.kept, removed: plan.removals().length };
}

async function storedChunks(tx: Database, shape: Shape, documents: readonly AnyRow[]): Promise<Map<string, StoredChunk[]>> {
  const byDocument = new Map<string, StoredChunk[]>();
  const parents = shape.reference.map(({ document }) => document);
  const children = shape.reference.map(({ chunk }) => chunk);
  const { text: _text, ...columns } = shape.passageColumns;
  for (const batch of pieces(documents, 1000)) {
    const keys = batch.map((document) => keyOf(document, parents));
    const found = (await tx.select(columns).from(shape.passages).where(keyIn(children, keys))) as StoredChunk[];
    for (const chunk of found) {
      const parent = keyText(keyOf(chunk, children));
      byDocument.set(parent, [...(byDocument.get(parent) ?? []), chunk]);
    }
  }
  return byDocument;
}

/** What has to happen to the chunks of some documents. */
class ChunkPlan {
  readonly inserts: { passage: Passage; values: AnyRow }[] = [];
  readonly moves: AnyRow[] = [];
  kept = 0;
  /** Columns that may differ in a chunk that keeps its vector. */
  movable: NamedColumn[];
  private readonly leftover = new Map<string, StoredChunk>();

  constructor(
    private readonly context: WriteContext,
    private readonly stored: Map<string, StoredChunk[]>,
  ) {
    const { passages, passageColumns, documentLanguage } = context.shape;
    this.movable = ["ordinal", "start", "end"].map((key) => named(passages, passageColumns[key] as NamedColumn["column"]));
    if (documentLanguage !== undefined) this.movable.push(documentLanguage.column);
  }

  add(document: AnyRow, passages: readonly Passage[]): void {
    const { shape, chunkValues } = this.context;
    const parents = shape.reference.map(({ document: parent }) => parent);
    const stored = this.stored.get(keyText(keyOf(document, parents))) ?? [];
    const byHash = new Map<string, StoredChunk[]>();
    for (const chunk of stored) {
      this.leftover.set(keyText(keyOf(chunk, shape.passageKey)), chunk);
      byHash.set(chunk.hash, [...(byHash.get(chunk.hash) ?? []), chunk]);
    }
    const language = languageValue(shape, document);
    for (const passage of passages) {
      const { input: _input, ...place } = passage;
      const own = chunkValues?.(document, place as unknown as AnyRow) ?? {};
      const values = { ...place, ...referenceValues(shape, document), ...language, ...own };
      const same = byHash.get(passage.hash)?.shift();
      if (same === undefined) this.inserts.push({ passage, values });
      else this.keep(same, values, Object.keys(own));
    }
  }

  /** Keys of the chunks that no passage has claimed. */
  removals(): unknown[][] {
    return [...this.leftover.values()].map((chunk) => keyOf(chunk, this.context.shape.passageKey));
  }

  private keep(chunk: StoredChunk, values: AnyRow, own: readonly string[]): void {
    const { shape } = this.context;
    this.leftover.delete(keyText(keyOf(chunk, shape.passageKey)));
    this.kept++;
    for (const key of own) {
      const column = shape.passageColumns[key];
      if (column !== undefined && !this.movable.some((movable) => movable.key === key)) this.movable.push({ key, column });
    }
    const moved = this.movable.some(({ key }) => key in values && keyText([chunk[key]]) !== keyText([values[key]]));
    if (moved)
      this.moves.push({ ...chunk, ...values, ...Object.fromEntries(shape.passageKey.map(({ key }) => [key, chunk[key]])) });
  }
}

function referenceValues(shape: Shape, document: AnyRow): AnyRow {
  return Object.fromEntries(shape.reference.map(({ chunk, document: parent }) => [chunk.key, document[parent.key]]));
}

function languageValue({ documentLanguage }: Shape, document: AnyRow): AnyRow {
  const language = documentLanguage?.read(document);
  // Left to the column's default.
  return documentLanguage === undefined || language === undefined ? {} : { [documentLanguage.column.key]: language };
}

/** Removes the chunks of the documents that match. With a cascading foreign key the database would do it; not every table has one. */
export async function deleteChunks(tx: Database, shape: Shape, where: SQL | undefined): Promise<void> {
  const parents = tx
    .select({ one: sql`1` })
    .from(shape.documents)
    .where(and(belongsTogether(shape), where));
  await tx.delete(shape.passages).where(exists(parents));
}
