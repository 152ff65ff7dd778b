// Loads any number of documents: in batches that are committed one by one, with the index over the vectors built after them.
import { sql } from "drizzle-orm";
import type { PgColumn } from "drizzle-orm/pg-core";
import { isTransaction, rows } from "../../db/database.ts";
import { withTranslatedErrors } from "../../db/errors.ts";
import { quotedName } from "../../db/names.ts";
import type { Embedder } from "../../embed/embedder.ts";
import { createMissingIndexes, dropVectorIndexes } from "../indexes/indexes.ts";
import type { AnyRow } from "../shape.ts";
import type { Loaded, LoadOptions } from "../types.ts";
import type { WriteContext } from "./context.ts";
import { insert, upsert } from "./write.ts";

/** Documents a transaction, and the length of their texts, in UTF-16 units, past which it is closed sooner. */
const batch = { documents: 200, text: 2_000_000 };
/** A table with fewer passages than this is loaded without its index: building it again costs less than keeping it. */
const nearlyEmpty = 500;

export async function load(
  context: WriteContext,
  embedder: Embedder | undefined,
  source: Iterable<AnyRow> | AsyncIterable<AnyRow>,
  options: LoadOptions & { key?: PgColumn | PgColumn[] },
): Promise<Loaded> {
  const { shape, db } = context;
  const { onProgress, ...write } = options;
  const total: Loaded = { documents: 0, embedded: 0, kept: 0, removed: 0 };
  const report = (now: Partial<Loaded>, building = false) => onProgress?.({ ...total, ...now, building });

  const batches = inBatches(source, (row) => String(shape.textOf(row) ?? "").length);
  const first = await batches.next();
  const second = first.done ? first : await batches.next();
  // One batch is written with the index in place; and the user's own transaction is not to lock the table longer than it knows.
  const mayDefer = !second.done && !isTransaction(db) && (await withTranslatedErrors(() => ownsAndSeesAll(context)));
  const deferred = mayDefer && (await withTranslatedErrors(() => dropIfNearlyEmpty(context)));
  try {
    for await (const rows of resumed(first, second, batches)) {
      const settings = {
        ...write,
        onProgress: ({ embedded }: { embedded: number }) => report({ embedded: total.embedded + embedded }),
      };
      const written =
        options.key === undefined
          ? await insert(context, embedder, rows, settings, { returning: false })
          : await upsert(context, embedder, rows, settings, { returning: false });
      total.documents += rows.length;
      total.embedded += written.embedded;
      total.kept += written.kept;
      total.removed += written.removed;
      report({});
    }
  } finally {
    // Also after a failure, since what was loaded until then is there to be found. A load that was killed leaves this to the next one.
    if (deferred) report({}, true);
    if (mayDefer) await withTranslatedErrors(() => createMissingIndexes(db, shape.passages, { only: "vectors" }));
  }
  // The planner, and the rarity of words, go by the statistics of the table.
  if (!isTransaction(db)) await withTranslatedErrors(() => db.execute(sql`analyze ${shape.passages}`));
  return total;
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
  return Number(found?.count) < nearlyEmpty && (await dropVectorIndexes(db, shape.passages));
}

async function* inBatches(source: Iterable<AnyRow> | AsyncIterable<AnyRow>, size: (row: AnyRow) => number): Batches {
  let rows: AnyRow[] = [];
  let text = 0;
  for await (const row of source) {
    rows.push(row);
    text += size(row);
    if (rows.length < batch.documents && text < batch.text) continue;
    yield rows;
    rows = [];
    text = 0;
  }
  if (rows.length > 0) yield rows;
}
