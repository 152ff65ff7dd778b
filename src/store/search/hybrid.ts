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

/**
 * What each ranking counts for unless a search says otherwise. Chosen on Cranfield, Vaswani and documentation of Claude, each with two kinds of
 * vectors, none of them neural: from 0.3 to 0.4 for the vectors, what comes out is near or above the better ranking on all. `tune()` finds
 * the weights of one's own collection. For each question they are weighed by how the rankings look: see `fused()`.
 */
export const defaultWeights = { vector: 0.4, keyword: 0.6 } as const;

/** The place of a ranking whose score counts as 0, and the best as 1. */
const floorPlace = 40;

/**
 * How many of each ranking are fused: a passage that is not that near the top of either does not come out on top of both. As
 * many as a scan of the index holds by default, unless more are asked for: up to there no setting has to be changed.
 */
export function depthOf(request: Pick<SearchRequest, "limit" | "offset">): number {
  return Math.max(40, 3 * (request.limit + request.offset));
}

/**
 * `select key…, score, distance, keyword, near … order by score desc`, where `near` is how many the ranking by vector held.
 *
 * The score is the weighted mean of what a passage gains in both rankings: its score between that of the 40th place and that of the first
 * (min-max normalisation; Bruch, Gai and Ingber, An Analysis of Fusion Functions for Hybrid Retrieval, 2023). Unlike ranks, that tells a
 * passage that stands out from one that is a little nearer than the next, so that the weaker ranking does less harm.
 *
 * And a ranking in which the first stand out knows more of this question than one in which forty are much alike: each weight is multiplied by
 * the square of its peak, 1 minus the mean of the scores from the second to the 40th place. Without judgments that tells a little of which is
 * the better one: over eleven pairs of a collection and its vectors (LSA, hashed, one neural) the mean of what comes out rose from 0.997 of
 * the better ranking to 1.003. The square was chosen on those.
 */
export function fused(shape: Shape, request: SearchRequest, question: Question): SQL {
  const depth = depthOf(request);
  const { vector: byVector, keyword: byKeyword } = request.weights;
  const keys = keyAliases(shape);
  return sql`
    with by_vector_ as materialized (${vectorGains(shape, nearest(shape, question.vector, request.where, depth))}),
    by_keyword_ as materialized (${keywordGains(shape, matching(shape, question.keywords, request.where, depth), depth)}),
    peaks_ as (
      select coalesce((select max(peak) from by_vector_), 1) as vector, coalesce((select max(peak) from by_keyword_), 1) as keyword
    ), weights_ as (
      select ${number(byVector)} * greatest(vector, 0.05) ^ 2 as vector,
        ${number(byKeyword)} * greatest(keyword, 0.05) ^ 2 as keyword
      from peaks_
    ), most_ as (
      select weights_.vector * coalesce((select max(gain) from by_vector_), 1)
        + weights_.keyword * coalesce((select max(gain) from by_keyword_), 1) as gain
      from weights_
    )
    select ${keys}, coalesce(
      (weights_.vector * coalesce(by_vector_.gain, 0) + weights_.keyword * coalesce(by_keyword_.gain, 0)) / nullif(most_.gain, 0), 0
    ) as score, by_vector_.distance, by_keyword_.score as keyword, (select count(*)::int from by_vector_) as near
    from by_vector_ full join by_keyword_ using (${sql.join(
      shape.passageKey.map((_, i) => keyAlias(i)),
      sql`, `,
    )}) cross join weights_ cross join most_
    order by score desc, ${keys}
    limit ${sql.raw(String(request.limit))} offset ${sql.raw(String(request.offset))}`;
}

/** `select key…, distance, gain, peak`: what each of the nearest gains over one that is not among them, and how far the first stand out. */
function vectorGains(shape: Shape, ranking: SQL): SQL {
  // A vector of zeros has no direction, and so no distance by cosine.
  return gains(shape, ranking, {
    kept: sql`distance`,
    value: sql`-nullif(distance::float8, 'NaN')`,
    floor: sql`min(value) filter (where place <= ${sql.raw(String(floorPlace))}) over ()`,
  });
}

/** `select key…, score, gain, peak`. Where all that match are among them, one that is not among them has a score of 0. */
function keywordGains(shape: Shape, ranking: SQL, depth: number): SQL {
  return gains(shape, ranking, {
    kept: sql`score`,
    value: sql`score`,
    floor: sql`case when count(*) over () < ${sql.raw(String(depth))} then 0
      else min(value) filter (where place <= ${sql.raw(String(floorPlace))}) over () end`,
  });
}

function gains(shape: Shape, ranking: SQL, { kept, value, floor }: { kept: SQL; value: SQL; floor: SQL }): SQL {
  const keys = keyAliases(shape);
  return sql`
    select ${keys}, ${kept}, coalesce(share - least(min(share) over (), 0), 0) as gain,
      1 - coalesce(avg(share) filter (where place between 2 and ${sql.raw(String(floorPlace))}) over (), 0) as peak
    from (
      select ${keys}, ${kept}, place, case when value is not null then coalesce((value - floor) / nullif(best - floor, 0), 1) end as share from (
        select *, max(value) over () as best, ${floor} as floor from (
          select *, row_number() over (order by value desc nulls last, ${keys}) as place from (
            select *, ${value} as value from (${ranking}) as ranking
          ) as valued
        ) as placed
      ) as scaled
    ) as shared`;
}

function number(value: number): SQL {
  return sql.raw(`${value}::float8`);
}
