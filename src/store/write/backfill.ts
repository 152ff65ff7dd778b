// Gives the rows that were in the table before the collection their passages or vectors: in batches, again and again if need be.
import { and, asc, type SQL, sql } from "drizzle-orm";
import { type Database, rows } from "../../db/database.ts";
import { withTranslatedErrors } from "../../db/errors.ts";
import { quotedName } from "../../db/names.ts";
import type { Embedder } from "../../embed/embedder.ts";
import { InputError } from "../../errors.ts";
import { contentHash } from "../../util/hash.ts";
import type { AnyRow, Shape } from "../shape.ts";
import type { Backfilled, BackfillOptions } from "../types.ts";
import { belongsTogether, missingPassages, writeChunks } from "./chunked.ts";
import { atomically, keyIn, keyOf, keyText, type WriteContext } from "./context.ts";
import { hasVector, missingRows, writeChangedVectors } from "./single.ts";
import { VectorStash } from "./vectors.ts";

/**
 * How two processes keep out of each other's way without locking a row while a provider is waited for: a batch is claimed by advisory
 * locks on its keys, in the transaction that writes it in the end. They stop nobody but another backfill, and hold through a pooler in
 * transaction mode. Rows are locked, and looked at once more, when their vectors are there.
 */
export async function backfill(
  context: WriteContext,
  embedder: Embedder | undefined,
  options: BackfillOptions,
): Promise<Backfilled> {
  const batch = atLeastOne(options.batch ?? 100, "batch");
  const concurrency = atLeastOne(options.concurrency ?? 1, "concurrency");
  const { signal, onProgress } = options;
  const condition = missing(context, embedder);
  const result: Backfilled = { documents: 0, embedded: 0, skipped: 0 };
  const found = await withTranslatedErrors(() => context.db.$count(context.shape.documents, condition));
  let looked = 0;

  const pass = async (wait: boolean): Promise<number> => {
    const next = windows(context, condition, batch);
    let claimedByOthers = 0;
    const work = async () => {
      for (;;) {
        signal?.throwIfAborted();
        const window = await next();
        if (window.length === 0) return;
        const { needing, skipped } = needingWork(context, window);
        const done = needing.length === 0 ? nothingDone : await fill(context, embedder, condition, needing, wait, options);
        result.documents += done.documents;
        result.embedded += done.embedded;
        claimedByOthers += done.claimedByOthers;
        if (wait) continue;
        result.skipped += skipped;
        looked += window.length;
        onProgress?.({ ...result, done: looked, total: Math.max(found, looked) });
      }
    };
    await allOf(Array.from({ length: concurrency }, work));
    return claimedByOthers;
  };
  // What another process had claimed it may have failed to write: the second time round it is waited for, and done where it was not.
  if ((await pass(false)) > 0) await pass(true);
  return result;
}

interface Done {
  documents: number;
  embedded: number;
  claimedByOthers: number;
}

const nothingDone: Done = { documents: 0, embedded: 0, claimedByOthers: 0 };

/** One batch, in one transaction. */
async function fill(
  context: WriteContext,
  embedder: Embedder | undefined,
  condition: SQL | undefined,
  window: readonly AnyRow[],
  wait: boolean,
  options: BackfillOptions,
): Promise<Done> {
  const { shape } = context;
  const stash = new VectorStash(shape, embedder, options.signal === undefined ? {} : { signal: options.signal });
  const signal = options.signal === undefined ? {} : { signal: options.signal };
  let failure: { error: unknown } | undefined;
  const done = await atomically(context, stash, signal, async (tx) => {
    const inside = { ...context, db: tx };
    const claimed = await claim(tx, shape, window, wait);
    const claimedByOthers = window.length - claimed.length;
    // Whoever had claimed them before may have written them by now.
    const { needing } = needingWork(inside, await storedRows(tx, shape, condition, claimed));
    if (needing.length === 0) return { documents: 0, claimedByOthers };
    const same = keyIn(shape.documentKey, keysOf(shape, needing));
    const wanted = shape.chunked
      ? await missingPassages(inside, needing, same)
      : missingRows(inside, needing, needing, shape.documentKey);
    await stash.embed(wanted).catch((error: unknown) => {
      failure = { error };
      throw error;
    });
    const { needing: locked } = needingWork(inside, await storedRows(tx, shape, condition, needing, true));
    if (locked.length === 0) return { documents: 0, claimedByOthers };
    if (shape.chunked) await writeChunks(tx, inside, stash, locked, false);
    else await writeChangedVectors(tx, inside, stash, locked, locked);
    return { documents: locked.length, claimedByOthers };
  }).catch((error: unknown) => {
    // An embedder's error is not the database's, whatever its code looks like.
    throw failure === undefined ? error : failure.error;
  });
  return { ...done, embedded: stash.size };
}

/** What can be told in SQL. With a hash column, every row has to be read, since the hash is made of the text here. */
function missing({ shape }: WriteContext, embedder: Embedder | undefined): SQL | undefined {
  if (!shape.chunked) return shape.columns.hash === undefined ? sql`${shape.columns.embedding.column} is null` : undefined;
  const own = (more: SQL) => sql`exists (select 1 from ${shape.passages} where ${belongsTogether(shape)}${more})`;
  const none = sql`not ${own(sql``)}`;
  if (embedder === undefined) return none;
  return sql`(${none} or ${own(sql` and ${shape.passageColumns.embedder} <> ${embedder.id}`)})`;
}

/** Rows without a text are left alone: a table of years has some, and there is nothing to embed. */
function needingWork(context: WriteContext, window: readonly AnyRow[]): { needing: AnyRow[]; skipped: number } {
  const { shape } = context;
  const withText = window.filter((row) => {
    const text = shape.textOf(row);
    return text !== null && text !== undefined && (typeof text !== "string" || /\S/.test(text));
  });
  const skipped = window.length - withText.length;
  if (shape.chunked || shape.columns.hash === undefined) return { needing: withText, skipped };
  const changed = new Set(missingRows(context, withText, withText, shape.documentKey).map(({ row }) => row));
  return { needing: withText.filter((_, i) => changed.has(i)), skipped };
}

/** Hands out the rows in the order of their keys, `size` at a time; empty at the end. May be called by several at once. */
function windows({ db, shape }: WriteContext, condition: SQL | undefined, size: number): () => Promise<AnyRow[]> {
  const order = shape.documentKey.map(({ column }) => column);
  let last: AnyRow | undefined;
  const read = async (): Promise<AnyRow[]> => {
    const after = last === undefined ? undefined : isAfter(shape, last);
    const found = await withTranslatedErrors(
      async () =>
        (await db
          .select(columnsOf(shape))
          .from(shape.documents)
          .where(and(condition, after))
          .orderBy(...order.map((column) => asc(column)))
          .limit(size)) as AnyRow[],
    );
    last = found.at(-1) ?? last;
    return found;
  };
  let previous: Promise<unknown> = Promise.resolve();
  return () => {
    const next = previous.then(read);
    previous = next.catch(() => {});
    return next;
  };
}

/** `(a, b) > ($1, $2)` */
function isAfter(shape: Shape, row: AnyRow): SQL {
  const columns = shape.documentKey.map(({ column }) => sql`${column}`);
  const values = shape.documentKey.map(({ key, column }) => sql`${sql.param(row[key], column)}::${sql.raw(column.getSQLType())}`);
  return sql`(${sql.join(columns, sql`, `)}) > (${sql.join(values, sql`, `)})`;
}

/** The rows that this transaction has for itself now, as far as backfills go; those of others are left out, or waited for. */
async function claim(tx: Database, shape: Shape, window: readonly AnyRow[], wait: boolean): Promise<AnyRow[]> {
  const table = quotedName(shape.documents);
  // 60 bits: a number that Postgres' bigint holds. Two rows with the same one are but claimed together.
  const locks = keysOf(shape, window).map((key) => BigInt(`0x${contentHash("backfill", table, keyText(key)).slice(0, 15)}`));
  const list = sql`unnest(${`{${locks.join(",")}}`}::bigint[]) with ordinality as wanted(lock, place)`;
  // A batch may take longer to embed than the server lets a transaction idle.
  await tx.execute(sql`select set_config('idle_in_transaction_session_timeout', '0', true)`);
  if (wait) {
    await tx.execute(sql`select pg_advisory_xact_lock(lock) from ${list}`);
    return [...window];
  }
  const claimed = await rows<{ place: number | string }>(
    tx,
    sql`select place from ${list} where pg_try_advisory_xact_lock(lock)`,
  );
  return claimed.map(({ place }) => window[Number(place) - 1] as AnyRow);
}

/** Those among these rows that still miss something, as they are now. */
async function storedRows(
  tx: Database,
  shape: Shape,
  condition: SQL | undefined,
  wanted: readonly AnyRow[],
  lock = false,
): Promise<AnyRow[]> {
  if (wanted.length === 0) return [];
  const query = tx
    .select(columnsOf(shape))
    .from(shape.documents)
    .where(and(keyIn(shape.documentKey, keysOf(shape, wanted)), condition))
    .orderBy(...shape.documentKey.map(({ column }) => asc(column)));
  // Not FOR UPDATE: rows of other tables may refer to these meanwhile.
  return (await (lock ? query.for("no key update") : query)) as AnyRow[];
}

function columnsOf(shape: Shape) {
  if (shape.chunked) return shape.documentColumns;
  return { ...shape.documentColumns, [hasVector]: sql`${shape.columns.embedding.column} is not null` };
}

function keysOf(shape: Shape, list: readonly AnyRow[]): unknown[][] {
  return list.map((row) => keyOf(row, shape.documentKey));
}

/** Waits for all, also after one has failed: nothing is to go on in the background once the caller knows of the failure. */
async function allOf(work: readonly Promise<void>[]): Promise<void> {
  for (const outcome of await Promise.allSettled(work)) if (outcome.status === "rejected") throw outcome.reason;
}

function atLeastOne(value: number, field: string): number {
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new InputError(`${value} is not a whole number of at least 1.`, { field });
}
