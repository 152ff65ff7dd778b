// The writes of a collection: insert, upsert, update and delete, for both shapes of collection.
import { setImmediate } from "node:timers/promises";
import { type SQL, sql } from "drizzle-orm";
import type { PgColumn } from "drizzle-orm/pg-core";
import type { Database } from "../../db/database.ts";
import { withTranslatedErrors } from "../../db/errors.ts";
import type { Embedder } from "../../embed/embedder.ts";
import { remembering } from "../passages.ts";
import type { AnyRow, NamedColumn } from "../shape.ts";
import type { WriteOptions } from "../types.ts";
import { deleteChunks, missingPassages, writeChunks } from "./chunked.ts";
import { atomically, checkRow, keyIn, keyOf, keyText, pieces, type WriteContext, type WriteCount } from "./context.ts";
import { checkKeys, insertRows, updateByKey, updateMatching, upsertKey, upsertRows } from "./documents.ts";
import { insertMany, leave, readyRows, upsertByCopy } from "./rows.ts";
import { hasVector, missingRows, withVectors, writeChangedVectors } from "./single.ts";
import { VectorStash } from "./vectors.ts";

/** Rows that are checked in one go: some milliseconds for the longest vectors. */
const atOnce = 100;

/** Whether the caller wants the rows back. Without, they can go by COPY. */
interface Returning {
  returning: boolean;
}

/** What a write did, before the user's types. */
export interface WriteResult extends WriteCount {
  embedded: number;
}

export async function insert(
  context: WriteContext,
  embedder: Embedder | undefined,
  rows: readonly AnyRow[],
  options: WriteOptions,
): Promise<WriteResult> {
  return (await preparedInsert(context, embedder, rows, options, { returning: true }))();
}

/** Checks, chunks, embeds and encodes the rows, for which the database is not asked; what is returned writes them. */
export async function preparedInsert(
  given: WriteContext,
  embedder: Embedder | undefined,
  rows: readonly AnyRow[],
  options: WriteOptions,
  { returning }: Returning,
): Promise<() => Promise<WriteResult>> {
  checkRows(given, rows);
  if (rows.length === 0) return async () => nothing;
  const context = forOneWrite(given);
  const { shape, firstRow = 0 } = context;
  const stash = new VectorStash(shape, embedder, options);
  const done = async (work: (tx: Database) => Promise<WriteCount>) => ({
    ...(await atomically(context, stash, options, work)),
    embedded: stash.size,
  });
  if (shape.chunked) {
    await stash.embed(await missingPassages(context, rows, undefined));
    return () =>
      done(async (tx) => {
        const documents = await insertRows(tx, shape, rows);
        return { documents, ...(await writeChunks(tx, context, stash, documents, true)) };
      });
  }
  await stash.embed(missingRows(context, rows, []));
  const complete: AnyRow[] = [];
  for (const some of pieces(rows, atOnce)) {
    // Other work gets its turn, such as sending the rows before these.
    if (complete.length > 0) await setImmediate();
    complete.push(...withVectors({ ...context, firstRow: firstRow + complete.length }, stash, some, []));
  }
  if (returning) return () => done(async (tx) => ({ ...nothing, documents: await insertRows(tx, shape, complete) }));
  const ready = await readyRows(context.db, shape, shape.documents, complete, context.left);
  return async () => {
    const written = await done(async (tx) => {
      await insertMany(tx, shape, shape.documents, ready, context.left);
      return nothing;
    });
    leave(ready, context.left);
    return written;
  };
}

export async function upsert(
  given: WriteContext,
  embedder: Embedder | undefined,
  rows: readonly AnyRow[],
  options: WriteOptions & { key?: PgColumn | PgColumn[] },
  { returning }: Returning = { returning: true },
): Promise<WriteResult> {
  checkRows(given, rows);
  if (rows.length === 0) return nothing;
  const context = forOneWrite(given);
  const { shape } = context;
  const key = upsertKey(shape, options.key);
  checkKeys(context, key, rows);
  const stash = new VectorStash(shape, embedder, options);
  const same = keyIn(
    key,
    rows.map((row) => keyOf(row, key)),
  );
  if (shape.chunked) await stash.embed(await missingPassages(context, rows, same));
  else await stash.embed(missingRows(context, rows, await storedRows(context, same), key));
  const result = await atomically(context, stash, options, async (tx) => {
    if (shape.chunked) {
      const documents = await upsertRows(tx, shape, key, rows);
      return { documents, ...(await writeChunks(tx, context, stash, documents, false)) };
    }
    const stored = await storedRows({ ...context, db: tx }, same, true);
    const complete = withVectors(context, stash, rows, stored, key);
    const isKept = (row: AnyRow) => row[shape.columns.embedding.key] === undefined;
    const kept = complete.filter(isKept);
    // They are there and locked. An INSERT would demand the vector, which may not be null, even where it ends as an UPDATE.
    await updateByKey(tx, shape, key, kept);
    const fresh = complete.filter((row) => !isKept(row));
    if (!returning) {
      if (!(await upsertByCopy(tx, shape, shape.documents, key, fresh))) await upsertRows(tx, shape, key, fresh);
      return { documents: [], kept: kept.length, removed: 0 };
    }
    await upsertRows(tx, shape, key, fresh);
    return { documents: inOrder(rows, await storedRows({ ...context, db: tx }, same), key), kept: kept.length, removed: 0 };
  });
  return { ...result, embedded: stash.size };
}

export async function update(
  given: WriteContext,
  embedder: Embedder | undefined,
  set: AnyRow,
  where: SQL | undefined,
  options: WriteOptions,
): Promise<WriteResult> {
  checkRow(set, 0);
  const context = forOneWrite(given);
  const { shape } = context;
  const stash = new VectorStash(shape, embedder, options);
  const textMayChange = shape.textKeys === undefined || Object.keys(set).some((key) => shape.textKeys?.has(key));
  const ownVector = !shape.chunked && set[shape.columns.embedding.key] !== undefined;
  if (ownVector) {
    const result = await atomically(context, stash, options, async (tx) => {
      const [complete] = withVectors(context, stash, [set], []);
      return updateMatching(tx, shape, complete as AnyRow, where);
    });
    return { documents: result, embedded: 0, kept: 0, removed: 0 };
  }
  if (textMayChange) {
    const stored = await storedRows(context, where);
    const changed = stored.map((row) => ({ ...row, ...plainValues(set) }));
    const missing = shape.chunked
      ? await missingPassages(context, changed, where)
      : missingRows(context, changed, stored, shape.documentKey);
    await stash.embed(missing);
  }
  const result = await atomically(context, stash, options, async (tx) => {
    const before = textMayChange && !shape.chunked ? await storedRows({ ...context, db: tx }, where, true) : [];
    const documents = await updateMatching(tx, shape, set, where);
    if (shape.chunked && (textMayChange || context.chunkValues !== undefined)) {
      return { documents, ...(await writeChunks(tx, context, stash, documents, false)) };
    }
    if (shape.chunked || !textMayChange) return { documents, kept: 0, removed: 0 };
    return { documents, kept: await writeChangedVectors(tx, context, stash, documents, before), removed: 0 };
  });
  return { ...result, embedded: stash.size };
}

/** Returns how many documents were deleted; their chunks go with them. */
export async function remove(
  context: Pick<WriteContext, "db" | "shape">,
  where: SQL | undefined,
  options: WriteOptions,
): Promise<number> {
  const { shape } = context;
  return atomically(context, new VectorStash(shape, undefined, options), options, async (tx) => {
    if (shape.chunked) await deleteChunks(tx, shape, where);
    const key = Object.fromEntries(shape.documentKey.map(({ key, column }) => [key, column]));
    return (await tx.delete(shape.documents).where(where).returning(key)).length;
  });
}

function checkRows({ firstRow = 0 }: WriteContext, rows: readonly AnyRow[]): void {
  rows.forEach((row, index) => {
    checkRow(row, firstRow + index);
  });
}

function forOneWrite(context: WriteContext): WriteContext {
  const { shape, toPassages, firstRow = 0 } = context;
  return { ...context, toPassages: remembering(shape, (row, index) => toPassages(row, firstRow + index)) };
}

const nothing: WriteResult = { documents: [], embedded: 0, kept: 0, removed: 0 };

/** The stored rows in the order of those handed in. */
function inOrder(rows: readonly AnyRow[], stored: readonly AnyRow[], key: readonly NamedColumn[]): AnyRow[] {
  const byKey = new Map(stored.map(({ [hasVector]: _, ...row }) => [keyText(keyOf(row, key)), row]));
  return rows.map((row) => byKey.get(keyText(keyOf(row, key))) as AnyRow);
}

/** Rows as they are now; locked until the transaction ends when `lock` is set. */
async function storedRows({ db, shape }: WriteContext, where: SQL | undefined, lock = false): Promise<AnyRow[]> {
  const columns = shape.chunked
    ? shape.documentColumns
    : { ...shape.documentColumns, [hasVector]: sql`${shape.columns.embedding.column} is not null` };
  const query = db.select(columns).from(shape.documents).where(where);
  return withTranslatedErrors(async () => (await (lock ? query.for("update") : query)) as AnyRow[]);
}

/** The values of a set that are known before the database computes its expressions. */
function plainValues(set: AnyRow): AnyRow {
  return Object.fromEntries(
    Object.entries(set).filter(
      ([, value]) => value !== undefined && !(typeof value === "object" && value !== null && "queryChunks" in value),
    ),
  );
}
