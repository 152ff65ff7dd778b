// Nearest neighbours: the distance expression, the score made of it, and the ranking as a piece of SQL.
import { type SQL, sql } from "drizzle-orm";
import type { Metric } from "../../table/indexes.ts";
import type { Shape } from "../shape.ts";
import { joinDocuments, keyColumns } from "./parts.ts";

const operators: Record<Metric, string> = { cosine: "<=>", ip: "<#>", l2: "<->", l1: "<+>" };

/** `embedding <=> $1`: the form that pgvector's indexes answer. */
export function distance(shape: Shape, vector: SQL): SQL<number> {
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

/** `select key…, distance … order by distance limit n`, for the nearest passages that match. */
export function nearest(shape: Shape, vector: SQL, where: SQL | undefined, limit: number): SQL {
  const missing = shape.chunked ? undefined : sql`${shape.columns.embedding.column} is not null`;
  const conditions = [missing, where].filter((condition) => condition !== undefined);
  return sql`
    select ${keyColumns(shape)}, ${distance(shape, vector)} as distance
    from ${shape.passages}${joinDocuments(shape, where)}
    ${conditions.length === 0 ? sql`` : sql`where ${sql.join(conditions, sql` and `)}`}
    order by distance limit ${sql.raw(String(limit))}`;
}
