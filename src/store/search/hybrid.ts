// Hybrid search: the rankings by vector and by keyword fused in one statement.
import { type SQL, sql } from "drizzle-orm";
import type { Shape } from "../shape.ts";
import { type KeywordQuery, matching } from "./keyword.ts";
import { keyAlias, keyAliases } from "./parts.ts";
import type { SearchRequest } from "./request.ts";
import { nearest } from "./vector.ts";

/** The question as a statement gets it: its parameters, or placeholders for them. */
export interface Question {
  vector: SQL;
  keywords: KeywordQuery;
}

/** Cormack, Clarke and Büttcher, Reciprocal Rank Fusion (2009): the constant that keeps the first few ranks from deciding alone. */
export const fusionConstant = 60;
const k = fusionConstant;

/**
 * How many of each ranking are fused: a passage that is not that near the top of either does not come out on top of both. As
 * many as a scan of the index holds by default, unless more are asked for: up to there no setting has to be changed.
 */
export function depthOf(request: Pick<SearchRequest, "limit" | "offset">): number {
  return Math.max(40, 3 * (request.limit + request.offset));
}

/**
 * `select key…, score, distance, keyword, near … order by score desc`, where `near` is how many the ranking by vector held and the score is
 * Σ weight / (k + rank) over the two rankings, divided by the most it can be.
 */
export function fused(shape: Shape, request: SearchRequest, question: Question): SQL {
  const depth = depthOf(request);
  const { vector: byVector, keyword: byKeyword } = request.weights;
  const best = (byVector + byKeyword) / (k + 1) || 1;
  const share = (weight: number, rank: SQL) =>
    sql`coalesce(${sql.raw(String(weight / best))}::float8 / (${sql.raw(String(k))} + ${rank}), 0)`;
  const score = sql`${share(byVector, sql`by_vector.rank`)} + ${share(byKeyword, sql`by_keyword.rank`)}`;
  const keys = keyAliases(shape);
  return sql`
    with by_vector as materialized (
      select *, row_number() over (order by distance, ${keys}) as rank
      from (${nearest(shape, question.vector, request.where, depth)}) as near
    ), by_keyword as materialized (
      select *, row_number() over (order by score desc, ${keys}) as rank
      from (${matching(shape, question.keywords, request.where, depth)}) as found
    )
    select ${keys}, ${score} as score, by_vector.distance, by_keyword.score as keyword, (select count(*)::int from by_vector) as near
    from by_vector full join by_keyword using (${sql.join(
      shape.passageKey.map((_, i) => keyAlias(i)),
      sql`, `,
    )})
    order by score desc, ${keys}
    limit ${sql.raw(String(request.limit))} offset ${sql.raw(String(request.offset))}`;
}
