// Nearest neighbours: the distance expression, the score made of it, and the ranking as a piece of SQL.
import { type SQL, sql } from "drizzle-orm";
import type { Metric } from "../../table/indexes.ts";
import type { Shape } from "../shape.ts";
import { candidates, indexedDistance, isReranked, whenSet } from "./approximate.ts";
import { joinDocuments, keyColumns } from "./parts.ts";

const operators: Record<Metric, string> = { cosine: "<=>", ip: "<#>", l2: "<->", l1: "<+>" };

/** `embedding <=> $1`: the form that pgvector's indexes answer, or that of the index that holds something shorter. */
export function distance(shape: Shape, vector: SQL): SQL<number> {
  return indexedDistance(shape, operators[shape.metric], vector);
}

/** By the whole vectors, whatever the index holds. */
function exactDistance(shape: Shape, vector: SQL): SQL<number> {
  return sql<number>`(${shape.columns.embedding.column} ${sql.raw(operators[shape.metric])} ${vector})`;
}

/** Higher is nearer; see `Hit.score`. */
export function similarity(metric: Metric, distance: number): number {
  switch (metric) {
    case "cosine":
      return 1 - distance;
    case "ip":
      // pgvector's <#> is the negative inner product.
      return -distance;
    default:
      return 1 / (1 + distance);
  }
}

/** `similarity` as SQL. */
export function similaritySql(metric: Metric, distance: SQL): SQL<number> {
  switch (metric) {
    case "cosine":
      return sql<number>`(1 - ${distance})`;
    case "ip":
      return sql<number>`(-${distance})`;
    default:
      return sql<number>`(1 / (1 + ${distance}))`;
  }
}

/**
 * `select key…, distance … order by distance limit n`, for the nearest passages that match. Where the index holds something shorter than the
 * vectors, it gives more of them, and the whole vectors decide.
 */
export function nearest(shape: Shape, vector: SQL, where: SQL | undefined, limit: number): SQL {
  if (!isReranked(shape)) return inOrder(shape, distance(shape, vector), sql`distance`, where, limit);
  const found = inOrder(shape, exactDistance(shape, vector), distance(shape, vector), where, candidates(shape, limit));
  // Plus zero, since the planner takes it that what comes from the index is in order, and an iterative scan's is so only nearly.
  return sql`select * from (${found}) as candidates order by distance + 0 limit ${sql.raw(String(limit))}`;
}

function inOrder(shape: Shape, shown: SQL, order: SQL, where: SQL | undefined, limit: number): SQL {
  const condition = conditions(shape, where);
  return sql`
    select ${keyColumns(shape)}, ${shown} as distance
    from ${shape.passages}${joinDocuments(shape, where)}
    ${condition === undefined ? sql`` : sql`where ${condition}`}
    order by ${order} limit ${sql.raw(String(limit))}`;
}

/** What a search by vector looks for: rows that have one and match. */
export function conditions(shape: Shape, where: SQL | undefined): SQL | undefined {
  const { column } = shape.columns.embedding;
  // The condition alone costs a search some hundredths, also where Postgres finds that it always holds.
  const missing = shape.chunked || column.notNull ? undefined : sql`${column} is not null`;
  const given = [whenSet(shape), missing, where && sql`(${where})`].filter((condition) => condition !== undefined);
  return given.length === 0 ? undefined : sql.join(given, sql` and `);
}
