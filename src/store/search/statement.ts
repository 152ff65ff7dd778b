// The one statement of a search, as a Drizzle query: the ranking, and the rows that are shown for it.
import { Column, is, type SQL, sql } from "drizzle-orm";
import type { PgColumn } from "drizzle-orm/pg-core";
import type { Database } from "../../db/database.ts";
import { type QueryVector, storedVector, vectorFormat, vectorParam } from "../../db/vectors.ts";
import type { AnyRow, Shape } from "../shape.ts";
import type { Selection } from "../types.ts";
import { belongsTogether } from "../write/chunked.ts";
import { isReranked } from "./approximate.ts";
import { fused, type Question } from "./hybrid.ts";
import { matching, parseKeywords } from "./keyword.ts";
import { keyAliases, keyMatches } from "./parts.ts";
import { firstDepth, ranking } from "./ranking.ts";
import type { SearchRequest } from "./request.ts";
import { conditions, distance, nearest } from "./vector.ts";

/** A row of a search's result. */
export interface FoundRow {
  document: AnyRow;
  /** With `select`: columns of the document that the hit is made of beside those chosen. */
  shown?: AnyRow;
  chunk?: AnyRow;
  /** Of the passage, where only keys are wanted. */
  key?: AnyRow;
  /** Left out by vector alone, where the distance tells it. */
  score?: number;
  distance?: number | null;
  keyword?: number | null;
  /** How many rows the ranking by vector held, in hybrid mode. */
  near?: number | null;
  /** How many passages were ranked, in a composed search. */
  held?: number;
  /** The passage's vector, where hits are chosen to differ. */
  embedding?: Float32Array;
}

export type Shown = { [part in "document" | "shown" | "chunk" | "key"]?: Record<string, PgColumn> | Selection };

/** The questions with their values, for a statement that is built for this one search. */
export function questionsOf(
  db: Database,
  shape: Shape,
  { asked, language }: SearchRequest,
  vectors: readonly (QueryVector | undefined)[],
): Question[] {
  return asked.map(({ text, stored }, i) => {
    const vector = vectors[i];
    const value = vector === undefined ? sql`null` : vectorParam(vector, shape.vectorType, vectorFormat(db, shape.vectorFormat));
    return { vector: stored ?? value, keywords: parseKeywords(text, language) };
  });
}

/** Whether a search is more than one ranking in its own order. */
export function isComposed({ asked, perDocument, diversity }: SearchRequest): boolean {
  return asked.length > 1 || perDocument !== undefined || diversity > 0;
}

/** The columns that hits are made of. */
export function shownColumns(db: Database, shape: Shape, { select, keysOnly }: SearchRequest): Shown {
  if (keysOnly) return { key: Object.fromEntries(shape.passageKey.map(({ key, column }) => [key, column])) };
  const shown: Shown = { document: select === undefined ? shape.documentColumns : readable(db, shape, select) };
  if (select !== undefined) shown.shown = shape.shownColumns ?? shape.documentColumns;
  if (shape.chunked) shown.chunk = shape.passageColumns;
  return shown;
}

/** Vectors that are chosen come as Float32Arrays, which Drizzle's columns would make lists of numbers of. */
function readable(db: Database, shape: Shape, select: Selection): Selection {
  const format = vectorFormat(db, shape.vectorFormat);
  return Object.fromEntries(
    Object.entries(select).map(([key, field]) => [key, isDense(field) ? storedVector(field, format) : field]),
  );
}

function isDense(field: unknown): field is PgColumn {
  return is(field, Column) && /^(vector|halfvec)\b/.test(field.getSQLType());
}

/** Builds the statement; nothing is sent until it is awaited. `depth`: how many passages are ranked, in a composed search. */
export function searchStatement(
  db: Database,
  shape: Shape,
  request: SearchRequest,
  questions: readonly Question[],
  depth = firstDepth(request),
) {
  const shown = shownColumns(db, shape, request);
  if (isComposed(request)) return composedStatement(db, shape, request, ranking(shape, request, questions, depth), shown);
  const question = questions[0] as Question;
  if (request.mode === "vector" && isReranked(shape)) return rerankedStatement(db, shape, request, question.vector, shown);
  if (request.mode === "vector") return nearestStatement(db, shape, request, question.vector, shown);
  const hybrid = request.mode === "hybrid";
  const page = sql.raw(`limit ${request.limit} offset ${request.offset}`);
  const ranked = hybrid
    ? fused(shape, request, question)
    : sql`select * from (${matching(shape, question.keywords, request.where, request.limit + request.offset)}) as found ${page}`;
  const fields = {
    ...shown,
    score: sql<number>`ranked_.score`,
    keyword: hybrid ? sql<number | null>`ranked_.keyword` : sql<number>`ranked_.score`,
    ...(hybrid && { distance: sql<number | null>`ranked_.distance`, near: sql<number>`ranked_.near` }),
  };
  const query = db.select(fields).from(sql`(${ranked}) as ranked_`).innerJoin(shape.passages, keyMatches(shape, "ranked_"));
  return withDocuments(query, shape).orderBy(sql`ranked_.score desc`, keyAliases(shape, "ranked_"));
}

/** By vector alone: one flat statement, the form that index scans (and, on a cluster, the merge of several) are found in. */
function nearestStatement(db: Database, shape: Shape, request: SearchRequest, vector: SQL, shown: Shown) {
  const fields = { ...shown, distance: distance(shape, vector).as("distance") };
  return withDocuments(db.select(fields).from(shape.passages), shape)
    .where(conditions(shape, request.where))
    .orderBy(sql`distance`, ...shape.passageKey.map(({ column }) => column))
    .limit(sql.raw(String(request.limit)))
    .offset(request.offset === 0 ? undefined : sql.raw(String(request.offset)));
}

/** By vector, through an index that holds something shorter: what it gives is ranked again before anything else is fetched. */
function rerankedStatement(db: Database, shape: Shape, request: SearchRequest, vector: SQL, shown: Shown) {
  const { limit, offset } = request;
  const ranked = sql`(${nearest(shape, vector, request.where, limit + offset)}) as ranked_`;
  const fields = { ...shown, distance: sql<number>`ranked_.distance` };
  const query = db.select(fields).from(ranked).innerJoin(shape.passages, keyMatches(shape, "ranked_"));
  return withDocuments(query, shape)
    .orderBy(sql`ranked_.distance`, keyAliases(shape, "ranked_"))
    .limit(sql.raw(String(limit)))
    .offset(offset === 0 ? undefined : sql.raw(String(offset)));
}

/** Of several questions, grouped by document, or with the vectors that diversity is measured by. */
function composedStatement(db: Database, shape: Shape, request: SearchRequest, ranked: SQL, shown: Shown) {
  const fields = {
    ...shown,
    score: sql<number>`ranked_.score`,
    distance: sql<number | null>`ranked_.distance`,
    keyword: sql<number | null>`ranked_.keyword`,
    near: sql<number | null>`ranked_.near`,
    held: sql<number>`ranked_.held`,
    ...(request.diversity > 0 && {
      embedding: storedVector(shape.columns.embedding.column, vectorFormat(db, shape.vectorFormat)),
    }),
  };
  const query = db.select(fields).from(sql`(${ranked}) as ranked_`).innerJoin(shape.passages, keyMatches(shape, "ranked_"));
  return withDocuments(query, shape).orderBy(sql`ranked_.score desc`, keyAliases(shape, "ranked_"));
}

// biome-ignore lint/suspicious/noExplicitAny: Drizzle's builder changes its type with each join, and whether there is one depends on the collection.
export function withDocuments(query: any, shape: Shape): any {
  return shape.chunked ? query.innerJoin(shape.documents, belongsTogether(shape)) : query;
}
