// The one statement of a search, as a Drizzle query: the ranking, and the rows that are shown for it.
import { type SQL, sql } from "drizzle-orm";
import type { PgColumn } from "drizzle-orm/pg-core";
import { type Database, driverOf } from "../../db/database.ts";
import { vectorParam } from "../../db/vectors.ts";
import type { AnyRow, Shape } from "../shape.ts";
import { belongsTogether } from "../write/chunked.ts";
import { fused, type Question } from "./hybrid.ts";
import { matching, parseKeywords } from "./keyword.ts";
import { keyAliases, keyMatches } from "./parts.ts";
import type { SearchRequest } from "./request.ts";
import { distance } from "./vector.ts";

/** A row of a search's result. `near`: how many rows the ranking by vector held, in hybrid mode. */
export interface FoundRow {
  document: AnyRow;
  chunk?: AnyRow;
  score: number | null;
  distance: number | null;
  keyword: number | null;
  near: number | null;
}

type Shown = { document: Record<string, PgColumn>; chunk?: Record<string, PgColumn> };

/** The question with its values, for a statement that is built for this one search. */
export function questionOf(db: Database, shape: Shape, request: SearchRequest, vector: Float32Array | undefined): Question {
  return {
    vector: vector === undefined ? sql`null` : vectorParam(vector, shape.vectorType, driverOf(db)),
    keywords: parseKeywords(request.text),
  };
}

/** Builds the statement; nothing is sent until it is awaited. */
export function searchStatement(db: Database, shape: Shape, request: SearchRequest, question: Question) {
  const shown: Shown = { document: shape.documentColumns };
  if (shape.chunked) shown.chunk = shape.passageColumns;
  if (request.mode === "vector") return nearestStatement(db, shape, request, question.vector, shown);
  const none = sql<null>`null::float8`;
  const hybrid = request.mode === "hybrid";
  const page = sql.raw(`limit ${request.limit} offset ${request.offset}`);
  const ranking = hybrid
    ? fused(shape, request, question)
    : sql`select * from (${matching(shape, question.keywords, request.where, request.limit + request.offset)}) as found ${page}`;
  const fields = {
    ...shown,
    score: sql<number>`ranked.score`,
    distance: hybrid ? sql<number | null>`ranked.distance` : none,
    keyword: hybrid ? sql<number | null>`ranked.keyword` : sql<number>`ranked.score`,
    near: hybrid ? sql<number>`ranked.near` : none,
  };
  const query = db.select(fields).from(sql`(${ranking}) as ranked`).innerJoin(shape.passages, keyMatches(shape, "ranked"));
  return withDocuments(query, shape).orderBy(sql`ranked.score desc`, keyAliases(shape, "ranked"));
}

/** By vector alone: one flat statement, the form that index scans (and, on a cluster, the merge of several) are found in. */
function nearestStatement(db: Database, shape: Shape, request: SearchRequest, vector: SQL, shown: Shown) {
  const none = sql<null>`null::float8`;
  const fields = { ...shown, score: none, distance: distance(shape, vector).as("distance"), keyword: none, near: none };
  const conditions: (SQL | undefined)[] = [
    shape.chunked ? undefined : sql`${shape.columns.embedding.column} is not null`,
    request.where,
  ];
  const given = conditions.filter((condition) => condition !== undefined);
  return withDocuments(db.select(fields).from(shape.passages), shape)
    .where(given.length === 0 ? undefined : sql.join(given, sql` and `))
    .orderBy(sql`distance`, ...shape.passageKey.map(({ column }) => column))
    .limit(sql.raw(String(request.limit)))
    .offset(request.offset === 0 ? undefined : sql.raw(String(request.offset)));
}

// biome-ignore lint/suspicious/noExplicitAny: Drizzle's builder changes its type with each join, and whether there is one depends on the collection.
function withDocuments(query: any, shape: Shape): any {
  return shape.chunked ? query.innerJoin(shape.documents, belongsTogether(shape)) : query;
}
