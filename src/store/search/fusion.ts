// Several questions in one search: all their rankings fused in one statement.
import { type SQL, sql } from "drizzle-orm";
import type { Shape } from "../shape.ts";
import { depthOf, type Question } from "./hybrid.ts";
import { matching } from "./keyword.ts";
import { keyAliases } from "./parts.ts";
import type { SearchRequest } from "./request.ts";
import { nearest } from "./vector.ts";

/** Cormack, Clarke and Büttcher, Reciprocal Rank Fusion (2009): the constant that keeps the first few ranks from deciding alone. */
const fusionConstant = 60;

/**
 * `select key…, score, distance, keyword, near … order by score desc`: reciprocal rank fusion over the rankings of every question, by
 * vector, by keyword or both. The score is the share of the best possible; distance and keyword are the best that any question gave.
 */
export function fusedMany(shape: Shape, request: SearchRequest, questions: readonly Question[]): SQL {
  const { mode, where } = request;
  const depth = depthOf(request);
  const keys = keyAliases(shape);
  const weights = mode === "hybrid" ? request.weights : { vector: 1, keyword: 1 };
  const byVector = mode === "keyword" ? [] : questions.map((question) => nearest(shape, question.vector, where, depth));
  const byKeyword = mode === "vector" ? [] : questions.map((question) => matching(shape, question.keywords, where, depth));
  const most = (byVector.length * weights.vector + byKeyword.length * weights.keyword) / (fusionConstant + 1) || 1;
  const share = (weight: number) =>
    sql`${sql.raw(String(weight / most))}::float8 / (${sql.raw(String(fusionConstant))} + row_number() over (order by `;
  const rankings = [
    ...byVector.map(
      (ranking, i) =>
        sql`select ${keys}, ${sql.raw(String(i))} as asked, ${share(weights.vector)}distance, ${keys})) as share, distance, null::float8 as keyword from (${ranking}) as near`,
    ),
    ...byKeyword.map(
      (ranking) =>
        sql`select ${keys}, null as asked, ${share(weights.keyword)}score desc, ${keys})) as share, null as distance, score as keyword from (${ranking}) as found`,
    ),
  ];
  const near =
    byVector.length === 0
      ? sql`null::int`
      : sql`(select min(held)::int from (
          select count(ranks_.asked) as held from generate_series(0, ${sql.raw(String(byVector.length - 1))}) as question(place)
          left join ranks_ on ranks_.asked = question.place group by question.place
        ) as counted)`;
  // Rounded, since the order in which shares are added is not always the same, and rows that tie must go on to tie.
  return sql`
    with ranks_ as materialized (
      ${sql.join(
        rankings.map((ranking) => sql`(${ranking})`),
        sql` union all `,
      )}
    )
    select ${keys}, round(sum(share)::numeric, 12)::float8 as score, min(distance) as distance, max(keyword) as keyword, ${near} as near
    from ranks_ group by ${keys}
    order by score desc, ${keys}
    limit ${sql.raw(String(request.limit))} offset ${sql.raw(String(request.offset))}`;
}
