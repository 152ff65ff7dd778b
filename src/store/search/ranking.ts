// A search's ranking as one piece of SQL, whatever the mode, the number of questions and the grouping: what other statements build on.
import { type SQL, sql } from "drizzle-orm";
import type { Shape } from "../shape.ts";
import { fusedMany } from "./fusion.ts";
import { fused, type Question } from "./hybrid.ts";
import { matching } from "./keyword.ts";
import { keyAliases, keyMatches } from "./parts.ts";
import type { SearchRequest } from "./request.ts";
import { nearest, similaritySql } from "./vector.ts";

/** More than any table has passages, as a plain integer. */
export const everything = 2_000_000_000;

/** How many rows a search's statement has to find: with diversity, the candidates that are chosen from. */
export function wantedOf({ limit, offset, diversity }: SearchRequest): number {
  return diversity > 0 ? 4 * (limit + offset) : limit + offset;
}

/** How many passages are ranked at first: where a document may fill only some places, more than are wanted. */
export function firstDepth(request: SearchRequest): number {
  const wanted = wantedOf(request);
  return request.perDocument === undefined ? wanted : Math.max(40, 4 * wanted);
}

/**
 * `select key…, score, distance, keyword, near, held … order by score desc, key…`: `held` is how many passages were ranked, `near` how many the
 * ranking by vector held (of several, the least).
 */
export function ranking(shape: Shape, request: SearchRequest, questions: readonly Question[], depth: number): SQL {
  const keys = keyAliases(shape);
  const { perDocument } = request;
  const offset = request.diversity > 0 ? 0 : request.offset;
  const page = sql.raw(`limit ${wantedOf(request) - offset} offset ${offset}`);
  if (perDocument === undefined) {
    return sql`select *, (count(*) over ())::int as held from (${passages(shape, request, questions, depth)}) as passages_
      order by score desc, ${keys} ${page}`;
  }
  const parents = sql.join(
    shape.reference.map(({ chunk }) => sql`${chunk.column}`),
    sql`, `,
  );
  return sql`
    select * from (
      select passages_.*, (count(*) over ())::int as held,
        row_number() over (partition by ${parents} order by passages_.score desc, ${keyAliases(shape, "passages_")}) as place
      from (${passages(shape, request, questions, depth)}) as passages_
      inner join ${shape.passages} on ${keyMatches(shape, "passages_")}
    ) as placed
    where place <= ${sql.raw(String(perDocument))}
    order by score desc, ${keys} ${page}`;
}

/** `select key…, score, distance, keyword, near` for the best `depth` passages. */
function passages(shape: Shape, request: SearchRequest, questions: readonly Question[], depth: number): SQL {
  const [question, ...others] = questions;
  const whole = { ...request, limit: depth, offset: 0 };
  if (question === undefined || others.length > 0) return fusedMany(shape, whole, questions);
  const keys = keyAliases(shape);
  switch (request.mode) {
    case "hybrid":
      return fused(shape, whole, question);
    case "keyword":
      return sql`select ${keys}, score, null::float8 as distance, score as keyword, null::int as near
        from (${matching(shape, question.keywords, request.where, depth)}) as found`;
    default:
      return sql`select ${keys}, ${similaritySql(shape.metric, sql`distance`)} as score, distance, null::float8 as keyword, (count(*) over ())::int as near
        from (${nearest(shape, question.vector, request.where, depth)}) as near`;
  }
}
