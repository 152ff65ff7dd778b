// A search as a Drizzle query of the user's: ranked keys and scores, to be joined with whatever else is asked for.
import { type SQL, sql } from "drizzle-orm";
import type { PgTable } from "drizzle-orm/pg-core";
import type { SubqueryWithSelection } from "drizzle-orm/pg-core/subquery";
import type { TypedQueryBuilder } from "drizzle-orm/query-builders/query-builder";
import { withTranslatedErrors } from "../../db/errors.ts";
import type { Query, Row, SearchQueryOptions } from "../types.ts";
import { exactShape, startingWith } from "./approximate.ts";
import { keyAliases, keyMatches } from "./parts.ts";
import { type SearchContext, vectorsOf } from "./questions.ts";
import { firstDepth, ranking } from "./ranking.ts";
import { searchRequest } from "./request.ts";
import { scanOf } from "./search.ts";
import { questionsOf } from "./statement.ts";

/** What a search query selects: the readable columns of the table that is searched, and `score`. */
export type SearchFields<P extends PgTable> = {
  [K in keyof Row<P> & keyof P["_"]["columns"]]: P["_"]["columns"][K];
} & { score: SQL.Aliased<number> };

/** A Drizzle query that is not sent: for `.as("hits")`, `db.$with("hits").as(…)`, or `await db.execute(…)`. */
export interface SearchQuery<P extends PgTable> extends TypedQueryBuilder<SearchFields<P>> {
  as<A extends string>(alias: A): SubqueryWithSelection<SearchFields<P>, A>;
  toSQL(): { sql: string; params: unknown[] };
  /**
   * What the planner should be told before the query, in a transaction: `SET LOCAL ${setting}` for each. Empty, but for indexes over something
   * shorter than the vectors: then `enable_seqscan = off` and `jit = off`.
   */
  settings: readonly string[];
}

/** Builds the query; only what the question's vector and the settings need is asked for now. */
export async function searchQuery<P extends PgTable>(
  context: SearchContext,
  query: Query | readonly Query[],
  options: SearchQueryOptions,
): Promise<SearchQuery<P>> {
  const { db, shape } = context;
  const request = searchRequest(shape, query, options);
  const vectors = await vectorsOf(context, request.asked, request);
  // It cannot look again when a document took up many places, so it looks deeper at once.
  const depth = request.perDocument === undefined ? firstDepth(request) : 4 * firstDepth(request);
  const scan = await withTranslatedErrors(() => scanOf(context, request, { depth, way: "index" }, false));
  const searched = scan.exact ? exactShape(shape) : startingWith(shape, scan);
  const ranked = ranking(searched, request, questionsOf(db, shape, request, vectors), depth);
  const score = sql<number>`ranked_.score`.mapWith(Number);
  const statement = db
    .select({ ...shape.passageColumns, score: score.as("score") })
    .from(sql`(${ranked}) as ranked_`)
    .innerJoin(shape.passages, keyMatches(shape, "ranked_"))
    .where(request.minScore === undefined ? undefined : sql`ranked_.score >= ${request.minScore}`)
    .orderBy(sql`ranked_.score desc`, keyAliases(shape, "ranked_"));
  // `$with()` asks for the fields, by a method that Drizzle leaves out of its types.
  const selected = statement as unknown as { getSelectedFields(): unknown };
  // Not the statement itself: Drizzle's queries run when they are awaited, which is what returning one from here would do. The columns
  // are those of the user's table, which Drizzle cannot know from a record that was made while running.
  return {
    as: (alias: string) => statement.as(alias),
    getSQL: () => statement.getSQL(),
    getSelectedFields: () => selected.getSelectedFields(),
    toSQL: () => statement.toSQL(),
    settings: scan.planning,
  } as unknown as SearchQuery<P>;
}
