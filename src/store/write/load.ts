// Loads any number of documents: in batches that are committed one by one, with the indexes that are dear to keep up built after them.
import { getTableColumns, type SQL, sql } from "drizzle-orm";
import type { PgColumn } from "drizzle-orm/pg-core";
import { mayOverlap } from "../../db/connection.ts";
import { isTransaction, rows } from "../../db/database.ts";
import { withTranslatedErrors } from "../../db/errors.ts";
import { quotedName } from "../../db/names.ts";
import { inTransaction } from "../../db/transaction.ts";
import type { Embedder } from "../../embed/embedder.ts";
import { type BuildOptions, checkBuildOptions } from "../indexes/build.ts";
import { createMissingIndexes, dropDearIndexes } from "../indexes/indexes.ts";
import type { BuildProgress } from "../indexes/status.ts";
import type { AnyRow, Shape } from "../shape.ts";
import type { Loaded, LoadOptions } from "../types.ts";
import type { Leavings, WriteContext } from "./context.ts";
import { preparedInsert, upsert, type WriteResult } from "./write.ts";

/**
 * Where a batch ends. What is embedded costs time and money, of which a failure loses a batch's worth; rows that bring their vectors are
 * only held up by more transactions than need be. `text` is in UTF-16 units, `numbers` are those of the vectors.
 */
const most = { embedded: 200, documents: 2000, text: 2_000_000, numbers: 4_000_000 };
/** A table with fewer passages than this is loaded without its indexes: building them again costs less than keeping them. */
const nearlyEmpty = 500;

export async function load(
  context: WriteContext,
  embedder: Embedder | undefined,
  source: Iterable<AnyRow> | AsyncIterable<AnyRow>,
  options: LoadOptions,
): Promise<Loaded> {
  const { shape, db } = context;
  const total: Loaded = { documents: 0, embedded: 0, kept: 0, removed: 0 };
  const { onProgress, maintenanceWorkMem, parallelWorkers } = options;
  const report: Report = (now, building = false) => onProgress?.({ ...total, ...now, building });

  checkBuildOptions(options);
  const batches = inBatches(source, shape);
  const first = await batches.next();
  const second = first.done ? first : await batches.next();
  // One batch is written with the indexes in place; and the user's own transaction is not to lock the table longer than it knows.
  const mayDefer = !second.done && !isTransaction(db) && (await withTranslatedErrors(() => ownsAndSeesAll(context)));
  const deferred = mayDefer && (await withTranslatedErrors(() => dropIfNearlyEmpty(context)));
  const finish = async () => {
    if (deferred) report({}, true);
    if (!mayDefer) return;
    const building: BuildOptions = {
      ...(maintenanceWorkMem !== undefined && { maintenanceWorkMem }),
      ...(parallelWorkers !== undefined && { parallelWorkers }),
      ...(onProgress && { onProgress: (index) => report({ index }, true) }),
    };
    await withTranslatedErrors(() => createMissingIndexes(db, shape.passages, { ...building, only: "dear" }));
  };
  try {
    await writeAll(context, embedder, resumed(first, second, batches), options, total, report);
  } catch (error) {
    // What was loaded until now is there to be found. A load that was killed leaves this to the next one.
    await finish().catch(() => {});
    throw error;
  }
  await finish();
  if (!isTransaction(db)) await withTranslatedErrors(() => analyze(context));
  return total;
}

/**
 * The planner, and the rarity of words, go by the statistics of the table. Those of vectors and of whole texts help neither and take most of
 * the time: they are left to autovacuum. Where it runs, this is for the minute until it comes (an ANALYZE of some columns does not keep it
 * away), so that 3,000 rows are enough of a sample instead of 30,000, which long vectors spread over as many pages.
 */
async function analyze({ db, shape }: WriteContext): Promise<void> {
  const columns = Object.values(getTableColumns(shape.passages) as Record<string, PgColumn>).filter(
    (column) => column !== shape.columns.text?.column && !/^(vector|halfvec|sparsevec|bit)\b/.test(column.getSQLType()),
  );
  const names = columns.map(({ name }) => sql.identifier(name) as unknown as SQL);
  await inTransaction(db, async (tx) => {
    await tx.execute(sql`select set_config('default_statistics_target', '10', true) where current_setting('autovacuum') = 'on'`);
    await tx.execute(sql`analyze ${shape.passages} (${sql.join(names, sql`, `)})`);
  });
}

type Report = (now: Partial<Loaded> & { index?: BuildProgress }, building?: boolean) => void;

/** Writes one batch after the other, and where it can makes the next one ready meanwhile: at most two are held in memory. */
async function writeAll(
  context: WriteContext,
  embedder: Embedder | undefined,
  batches: AsyncIterable<AnyRow[]>,
  options: LoadOptions,
  total: Loaded,
  report: Report,
): Promise<void> {
  const { key, signal } = options;
  let firstRow = 0;
  const left: Leavings = { rights: new Map(), spare: [] };
  let made = 0;
  const prepared = async (rows: AnyRow[]): Promise<() => Promise<WriteResult>> => {
    const before = made;
    const settings = {
      ...(signal && { signal }),
      onProgress: ({ embedded }: { embedded: number }) => {
        made = before + embedded;
        report({ embedded: made });
      },
    };
    const own = { ...context, firstRow, left };
    firstRow += rows.length;
    if (key === undefined) return preparedInsert(own, embedder, rows, settings, { returning: false });
    return () => upsert(own, embedder, rows, { ...settings, key }, { returning: false });
  };
  const written = async (rows: AnyRow[], write: () => Promise<WriteResult>) => {
    const { embedded, kept, removed } = await write();
    total.documents += rows.length;
    total.embedded += embedded;
    total.kept += kept;
    total.removed += removed;
    made = Math.max(made, total.embedded);
    report({ embedded: made });
  };
  const overlapping = mayOverlap(context.db);
  let writing: Promise<void> | undefined;
  try {
    for await (const rows of batches) {
      const write = await prepared(rows);
      await writing;
      writing = written(rows, write);
      // Looked at above or below: until then nobody is to complain that it failed unheard.
      writing.catch(() => {});
      if (!overlapping) await writing;
    }
  } finally {
    // Also when the next batch has failed: this one was whole, and its own failure came first.
    await writing;
  }
}

type Batches = AsyncGenerator<AnyRow[], void, void>;

/** The batches from the beginning, after a look at the first two. */
async function* resumed(first: IteratorResult<AnyRow[], void>, second: IteratorResult<AnyRow[], void>, rest: Batches): Batches {
  try {
    if (!first.done) yield first.value;
    if (!second.done) yield second.value;
    yield* rest;
  } finally {
    // A consumer that stops at the first batch has not begun on the rest, which has to be closed all the same.
    await rest.return();
  }
}

/** An index is its owner's to drop; and to one tenant of many, under row-level security, a full table looks empty. */
async function ownsAndSeesAll({ db, shape }: WriteContext): Promise<boolean> {
  const [found] = await rows<{ all: boolean }>(
    db,
    sql`select pg_has_role(relowner, 'usage') and not row_security_active(oid) as "all"
        from pg_class where oid = ${quotedName(shape.passages)}::regclass`,
  );
  return found?.all === true;
}

async function dropIfNearlyEmpty({ db, shape }: WriteContext): Promise<boolean> {
  const few = sql`select 1 from ${shape.passages} limit ${sql.raw(String(nearlyEmpty))}`;
  const [found] = await rows<{ count: number | string }>(db, sql`select count(*) as count from (${few}) as few`);
  return Number(found?.count) < nearlyEmpty && (await dropDearIndexes(db, shape.passages));
}

async function* inBatches(source: Iterable<AnyRow> | AsyncIterable<AnyRow>, shape: Shape): Batches {
  const vectorKey = shape.chunked ? undefined : shape.columns.embedding.key;
  let rows: AnyRow[] = [];
  let [embedded, text, numbers] = [0, 0, 0];
  // So that a small load is told from a large one by its first batch, as one of documents that have to be embedded is.
  let documents = most.embedded;
  for await (const row of source) {
    rows.push(row);
    // What is no row is refused with its number when its batch is written.
    text += String(shape.textOf(row ?? {}) ?? "").length;
    const vector = vectorKey === undefined ? undefined : (row?.[vectorKey] as { length?: number } | undefined);
    if (vector === undefined || vector === null) embedded++;
    else numbers += vector.length ?? 0;
    if (rows.length < documents && embedded < most.embedded && text < most.text && numbers < most.numbers) continue;
    yield rows;
    rows = [];
    [embedded, text, numbers] = [0, 0, 0];
    documents = most.documents;
  }
  if (rows.length > 0) yield rows;
}
