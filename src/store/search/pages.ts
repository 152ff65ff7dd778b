// Pages that neither repeat nor miss a hit: ranked once, by key; each page's rows are read when it is asked for.
import type { PgTable } from "drizzle-orm/pg-core";
import type { Database } from "../../db/database.ts";
import { reading } from "../../db/running.ts";
import type { AnyRow, Shape } from "../shape.ts";
import type { Hit, PagesOptions, Query, Selection } from "../types.ts";
import { keyIn, keyOf, keyText, pieces } from "../write/context.ts";
import { type SearchContext, vectorsOf } from "./questions.ts";
import { type SearchRequest, searchRequest, whole } from "./request.ts";
import { findRows, showHits } from "./search.ts";
import { type FoundRow, shownColumns, withDocuments } from "./statement.ts";

/** @throws InputError or ConfigurationError for options that cannot be meant, at once rather than at the first page. */
export function pages<D extends PgTable, C extends PgTable | undefined, Document>(
  context: SearchContext,
  query: Query | readonly Query[],
  options: PagesOptions<Selection | undefined>,
): AsyncGenerator<Hit<D, C, Document>[], void, undefined> {
  const { pageSize = 10, window = 1000, ...search } = options;
  whole(pageSize, "pageSize", 1);
  whole(window, "window", 1);
  return read(context, searchRequest(context.shape, query, { ...search, limit: window }), pageSize);
}

async function* read<D extends PgTable, C extends PgTable | undefined, Document>(
  context: SearchContext,
  request: SearchRequest,
  pageSize: number,
): AsyncGenerator<Hit<D, C, Document>[], void, undefined> {
  const { shape } = context;
  const vectors = await vectorsOf(context, request.asked, request);
  const ranked = await findRows(context, { ...request, keysOnly: true }, vectors);
  for (const page of pieces(ranked, pageSize)) {
    request.signal?.throwIfAborted();
    const rows = await reading(context.db, request.signal, (db) => rowsOf(db, shape, request, page));
    const hits = await showHits<D, C, Document>(context, request, rows);
    if (hits.length > 0) yield hits;
  }
}

/** The rows that were ranked, in their order; without those that have been deleted since. */
async function rowsOf(db: Database, shape: Shape, request: SearchRequest, page: readonly FoundRow[]): Promise<FoundRow[]> {
  const keys = page.map(({ key }) => keyOf(key as AnyRow, shape.passageKey));
  const key = Object.fromEntries(shape.passageKey.map(({ key, column }) => [key, column]));
  const query = withDocuments(db.select({ ...shownColumns(db, shape, request), key }).from(shape.passages), shape);
  const rows = (await query.where(keyIn(shape.passageKey, keys))) as FoundRow[];
  const byKey = new Map(rows.map((row) => [keyText(keyOf(row.key as AnyRow, shape.passageKey)), row]));
  return page.flatMap((ranked, i) => {
    const row = byKey.get(keyText(keys[i] as unknown[]));
    return row === undefined ? [] : [{ ...ranked, ...row }];
  });
}
