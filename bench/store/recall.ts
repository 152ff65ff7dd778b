// Exact neighbours, and how many of them a search found.
import type pg from "pg";
import { vectorToBuffer } from "../../src/db/vectors.ts";

export interface Neighbour {
  id: number;
  distance: number;
}

/** The nearest by looking at every row: index scans are off, so no index over vectors has a say. */
export async function exactly(
  pool: pg.Pool,
  table: string,
  vectors: readonly Float32Array[],
  { where = "", operator = "<=>", limit = 10 } = {},
): Promise<Neighbour[][]> {
  const client = await pool.connect();
  try {
    await client.query("begin");
    await client.query("set local enable_indexscan = off");
    const found: Neighbour[][] = [];
    for (const vector of vectors) {
      // Zero vectors have no cosine distance: it is NaN, which Postgres sorts last.
      const text = `select id, embedding ${operator} $1 as distance from ${table} ${where} order by distance limit ${limit}`;
      const { rows } = await client.query({ text, values: [vectorToBuffer(vector)] });
      found.push(
        rows.map((row) => ({ id: Number(row.id), distance: row.distance })).filter(({ distance }) => !Number.isNaN(distance)),
      );
    }
    await client.query("commit");
    return found;
  } finally {
    client.release();
  }
}

/** Share of the exact neighbours found. A hit as near as the last of them counts as one of them: which of several at a tie comes is chance. */
export function recall(found: readonly Neighbour[], exact: readonly Neighbour[]): number {
  if (exact.length === 0) return 1;
  const last = (exact.at(-1)?.distance ?? 0) + 1e-6;
  const near = new Set(found.filter(({ distance }) => distance <= last).map(({ id }) => id));
  return Math.min(near.size, exact.length) / exact.length;
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
