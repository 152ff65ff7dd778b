// Puts a collection together: each method is one function of the folders beside this file.
import { count, type SQL } from "drizzle-orm";
import type { PgTable } from "drizzle-orm/pg-core";
import { type Database, isTransaction } from "../db/database.ts";
import { withTranslatedErrors } from "../db/errors.ts";
import { checkSettings, type SettingValues, scoped } from "../db/scoped.ts";
import { guardPool } from "../db/transaction.ts";
import { once } from "../util/once.ts";
import type { Collection, Everything } from "./collection.ts";
import { collectionIndexes } from "./indexes/indexes.ts";
import { recall } from "./indexes/recall.ts";
import { passageMaker } from "./passages.ts";
import { KeptStatements } from "./search/kept.ts";
import { searchMany } from "./search/many.ts";
import { FilterEstimates } from "./search/narrow.ts";
import { neighboursOf } from "./search/neighbours.ts";
import { pages } from "./search/pages.ts";
import { keyEquals } from "./search/parts.ts";
import { searchQuery } from "./search/query.ts";
import { checkCondition, searchRequest, whole } from "./search/request.ts";
import { Search } from "./search/search.ts";
import { type Capabilities, capabilities } from "./search/settings.ts";
import { similarRequest } from "./search/similar.ts";
import { type AnyRow, resolveShape, type Shape } from "./shape.ts";
import type { CollectionOptions, ListOptions, LoadOptions, Row, WriteOptions, Written } from "./types.ts";
import { backfill } from "./write/backfill.ts";
import type { WriteContext } from "./write/context.ts";
import { load } from "./write/load.ts";
import { insert, remove, update, upsert } from "./write/write.ts";

/** Tables grow, and extensions are updated, while a server runs. In milliseconds. */
const askedAgainAfter = 300_000;

export function make<D extends PgTable, C extends PgTable | undefined>(
  db: Database,
  options: CollectionOptions<D, C>,
): Collection<D, C> {
  const { embedder } = options;
  const shape = resolveShape(options);
  guardPool(db);
  // The default one parses Markdown, and a program that only searches does without the parser.
  const toPassages = once(async () => {
    const chunker = options.chunker ?? (await import("../chunk/auto.ts")).autoChunker();
    return passageMaker(shape, embedder?.id ?? "none", chunker);
  });
  let asked: { answer: Promise<Capabilities>; at: number } | undefined;
  const ask = (handle: Database) => {
    if (asked !== undefined && Date.now() - asked.at < askedAgainAfter) return asked.answer;
    const answer = capabilities(handle, shape, embedder).catch((error) => {
      // A database that was not ready may be so next time.
      asked = undefined;
      throw error;
    });
    asked = { answer, at: Date.now() };
    return answer;
  };
  let ready: Promise<void> | undefined;
  const keywordsReady = async (handle: Database) => {
    ready ??= shape.keywords?.check?.(handle, shape.passages);
    await ready?.catch((error) => {
      // It may be created any time.
      ready = undefined;
      throw error;
    });
  };
  const estimates = new FilterEstimates(shape);
  const kept = isTransaction(db) ? undefined : new KeptStatements(db, shape, options.namedStatements === true);
  const on = (base: Database, settings?: SettingValues): Collection<D, C> => {
    const handle = settings === undefined ? base : scoped(base, settings);
    const writing = async (): Promise<WriteContext> => ({
      db: handle,
      shape,
      toPassages: await toPassages(),
      chunkValues: options.chunkValues as WriteContext["chunkValues"],
    });
    const searching = {
      db: handle,
      shape,
      embedder,
      capabilities: () => ask(handle),
      keywordsReady: () => keywordsReady(handle),
      estimates,
      kept: handle === db ? kept : undefined,
    };
    return {
      documents: options.documents,
      chunks: options.chunks as C,
      embedder,
      indexes: collectionIndexes(base, shape.passages),
      recall: (wanted = {}) => recall({ db: handle, shape, embedder }, wanted),
      in: (tx) => on(tx, settings),
      as: (more) => {
        checkSettings(more);
        return on(base, { ...settings, ...more });
      },
      insert: ((rows: AnyRow | Rows, write: LoadOptions & WriteOptions = {}) =>
        isStream(rows)
          ? writing().then((to) => load(to, embedder, rows, write))
          : writing().then((to) => insert(to, embedder, list(rows), write))) as Collection<D, C>["insert"],
      upsert: ((rows: AnyRow | Rows, write: LoadOptions & WriteOptions = {}) =>
        isStream(rows)
          ? writing().then((to) => load(to, embedder, rows, { key: shape.documentKey.map(({ column }) => column), ...write }))
          : writing().then((to) => upsert(to, embedder, list(rows), write))) as Collection<D, C>["upsert"],
      load: async (rows, options = {}) => load(await writing(), embedder, rows as Iterable<AnyRow>, options),
      backfill: async (options = {}) => backfill(await writing(), embedder, options),
      update: async (changes, where, write = {}) =>
        (await update(await writing(), embedder, changes as AnyRow, condition(where), write)) as Written<D>,
      delete: async (where, write = {}) => remove({ db: handle, shape }, condition(where), write),
      get: async (key) =>
        (await select(handle, shape, { where: keyEquals(shape.documentKey, key), limit: 1 }))[0] as Row<D> | undefined,
      list: async (wanted = {}) => (await select(handle, shape, wanted)) as Row<D>[],
      count: async (where) => {
        const query = handle.select({ count: count() }).from(shape.documents).where(where);
        return Number((await withTranslatedErrors(async () => await query))[0]?.count ?? 0);
      },
      search: (query, wanted = {}) => new Search(searching, searchRequest(shape, query, wanted)),
      similar: (key, wanted = {}) => new Search(searching, similarRequest(shape, key, wanted)),
      searchMany: (queries, wanted = {}) => searchMany(searching, queries, wanted),
      pages: (query, wanted = {}) => pages(searching, query, wanted),
      searchQuery: (query, wanted = {}) => searchQuery(searching, query, wanted),
      neighbours: async (hit, { before = 1, after = 1 } = {}) => {
        const [back, on] = [whole(before, "before", 0), whole(after, "after", 0)];
        return (await withTranslatedErrors(() => neighboursOf(handle, shape, hit, back, on))) as (C extends PgTable
          ? Row<C>
          : never)[];
      },
    };
  };
  return on(db);
}

type Rows = Iterable<AnyRow> | AsyncIterable<AnyRow>;

/** Whether rows come one by one. Those of an array are known, and returned. */
function isStream(rows: AnyRow | Rows): rows is Rows {
  const isIterable = typeof rows === "object" && rows !== null && (Symbol.iterator in rows || Symbol.asyncIterator in rows);
  return isIterable && !Array.isArray(rows);
}

function list<T>(rows: T | readonly T[]): AnyRow[] {
  return (Array.isArray(rows) ? rows : [rows]) as AnyRow[];
}

function condition(where: SQL | Everything | undefined): SQL | undefined {
  if (typeof where === "object" && where !== null && "all" in where && where.all === true) return undefined;
  checkCondition(where as SQL | undefined, "where");
  return where as SQL;
}

async function select(db: Database, shape: Shape, options: ListOptions): Promise<AnyRow[]> {
  if ("where" in options) checkCondition(options.where, "where");
  const { orderBy = shape.documentKey.map(({ column }) => column), limit = 100, offset = 0 } = options;
  const query = db
    .select(shape.documentColumns)
    .from(shape.documents)
    .where(options.where)
    .orderBy(...(Array.isArray(orderBy) ? orderBy : [orderBy]))
    .limit(limit)
    .offset(offset);
  return withTranslatedErrors(async () => (await query) as AnyRow[]);
}
