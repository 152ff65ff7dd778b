// A batch of searches: all questions embedded in one request, all rankings by vector in one statement.
import { sql } from "drizzle-orm";
import type { PgTable } from "drizzle-orm/pg-core";
import { type Database, isTransaction } from "../../db/database.ts";
import { withTranslatedErrors } from "../../db/errors.ts";
import { reading } from "../../db/running.ts";
import { inTransaction } from "../../db/transaction.ts";
import { type QueryVector, vectorFormat, vectorParam } from "../../db/vectors.ts";
import type { Shape } from "../shape.ts";
import type { Hit, Query, SearchOptions, Selection } from "../types.ts";
import { pieces } from "../write/context.ts";
import { inOrder } from "./hits.ts";
import { keyAliases, keyMatches } from "./parts.ts";
import { type SearchContext, vectorsOf } from "./questions.ts";
import { type SearchRequest, searchRequest } from "./request.ts";
import { findRows, scanOf, showHits } from "./search.ts";
import { type Scan, scanning } from "./settings.ts";
import { type FoundRow, isComposed, shownColumns, withDocuments } from "./statement.ts";
import { nearest } from "./vector.ts";

/** Most questions a statement: past so many, one more round trip is nothing beside the searching. */
const most = 200;

/** The hits of each question, in the order of the questions. */
export async function searchMany<D extends PgTable, C extends PgTable | undefined, Document>(
  context: SearchContext,
  queries: readonly Query[],
  options: SearchOptions<Selection | undefined>,
): Promise<Hit<D, C, Document>[][]> {
  const requests = queries.map((query) => searchRequest(context.shape, [query], options));
  const [first] = requests;
  if (first === undefined) return [];
  // A question in words and one that is a vector differ in their default mode; what one of them needs is made for all.
  const asked = requests.map((request) => request.asked[0]);
  const mode = requests.find((request) => request.mode !== "keyword")?.mode ?? "keyword";
  const vectors = await vectorsOf(context, asked, { ...first, mode });
  const flat = requests.every((request) => request.mode === "vector" && !isComposed(request));
  const found = flat ? await together(context, first, vectors as QueryVector[]) : await oneByOne(context, requests, vectors);
  // All in one list, so that what is around them is read in one statement.
  const hits = await showHits<D, C, Document>(context, first, found.flat());
  let start = 0;
  return found.map(({ length }) => {
    start += length;
    return hits.slice(start - length, start);
  });
}

async function oneByOne(
  context: SearchContext,
  requests: readonly SearchRequest[],
  vectors: readonly (QueryVector | undefined)[],
): Promise<FoundRow[][]> {
  const run = async (db: Database) => {
    const found: FoundRow[][] = [];
    for (const [i, request] of requests.entries())
      found.push(await findRows({ ...context, db, kept: undefined }, request, [vectors[i]]));
    return found;
  };
  // Asked before the transaction, which would hold a second connection meanwhile.
  const byWords = requests.some(({ mode }) => mode !== "vector");
  await withTranslatedErrors(() => Promise.all([context.capabilities(), byWords && context.keywordsReady()]));
  return isTransaction(context.db) ? run(context.db) : inTransaction(context.db, run);
}

async function together(context: SearchContext, request: SearchRequest, vectors: readonly QueryVector[]): Promise<FoundRow[][]> {
  const { db, shape } = context;
  const read = async (wanted: readonly number[], scan: Scan) => {
    for (const places of pieces(wanted, most)) {
      const rows = await reading(db, request.signal, (on) =>
        scanning(
          on,
          shape,
          scan,
          async (tx, searched) =>
            (await manyStatement(tx, searched, request, places, vectors)) as (FoundRow & { place: number })[],
        ),
      );
      for (const place of places) found[place] = [];
      for (const row of rows) found[Number(row.place)]?.push(row);
    }
  };
  const found: FoundRow[][] = [];
  let left = vectors.map((_, i) => i);
  for (const way of ["index", "deep", "exact"] as const) {
    const scan = await withTranslatedErrors(() => scanOf(context, request, { depth: request.limit, way }));
    await read(left, scan);
    left = left.filter((i) => (found[i] as FoundRow[]).length < request.limit);
    if (left.length === 0 || scan.exact) break;
  }
  return found.map((rows) => inOrder(shape, request, rows));
}

/** The questions are rows, joined laterally with the ranking of each: a nested loop in which each turn is an index scan of its own. */
export function manyStatement(
  db: Database,
  shape: Shape,
  request: SearchRequest,
  places: readonly number[],
  vectors: readonly QueryVector[],
) {
  const { limit, offset, where } = request;
  const values = places.map(
    (place) =>
      sql`(${sql.raw(String(place))}, ${vectorParam(vectors[place] as QueryVector, shape.vectorType, vectorFormat(db, shape.vectorFormat))})`,
  );
  const ranked = sql`
    select * from (${nearest(shape, sql`asked_.vector`, where, limit + offset)}) as near
    order by distance, ${keyAliases(shape)} limit ${sql.raw(String(limit))} offset ${sql.raw(String(offset))}`;
  const fields = {
    ...shownColumns(db, shape, request),
    place: sql<number>`asked_.place`,
    distance: sql<number>`ranked_.distance`,
  };
  const query = db
    .select(fields)
    .from(sql`(values ${sql.join(values, sql`, `)}) as asked_(place, vector) cross join lateral (${ranked}) as ranked_`)
    .innerJoin(shape.passages, keyMatches(shape, "ranked_"));
  return withDocuments(query, shape).orderBy(sql`asked_.place`, sql`ranked_.distance`, keyAliases(shape, "ranked_"));
}
