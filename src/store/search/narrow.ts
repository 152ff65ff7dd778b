// How many rows a filter leaves, as the planner sees it: of few rows the nearest are found quicker, and surely, by looking at all of them.

import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import type { Database } from "../../db/database.ts";
import { rows } from "../../db/database.ts";
import type { Shape } from "../shape.ts";
import { joinDocuments } from "./parts.ts";
import type { SearchRequest } from "./request.ts";

/**
 * Up to so many matching rows for each row wanted, a search is exact (no fewer than for 10 and no more than for 20, as reading takes its time
 * too). An iterative scan stops at the first rows that pass, and where the filter and the question have nothing to do with each other
 * (documents in one language, asked for in another's words) these are not the nearest: recall@10 fell to 0.2 to 0.7 with 120 to 2,600
 * matching rows of 40,000, and a wider scan did not mend it (npm run bench:store -- --only real).
 */
const exactUpTo = 300;
/** A search that came back short looks at every row that matches, unless there are more than so many. */
const exactAgainUpTo = 100_000;
/** A filter's rows are asked for again after so long, in milliseconds. */
const lasts = 60_000;
/** Filters remembered; past so many, the one that was asked for first goes. */
const most = 500;

/** Whether a search for `wanted` rows of so many that match is better exact from the start. */
export function isNarrow(matching: number, wanted: number): boolean {
  return matching <= exactUpTo * Math.min(Math.max(10, wanted), 20);
}

/** Whether one that came back short is. */
export function isNarrowAgain(matching: number): boolean {
  return matching <= exactAgainUpTo;
}

/** Remembers, for a collection, how many rows its filters leave. A wrong guess costs time, never results. */
export class FilterEstimates {
  private readonly known = new Map<string, { rows: number; at: number }>();

  constructor(private readonly shape: Shape) {}

  /** How many rows match. Asks the planner (EXPLAIN, which runs nothing) for filters it does not know. */
  async rows(db: Database, filter: SearchRequest["filter"]): Promise<number> {
    const key = keyOf(db, filter);
    const found = this.known.get(key);
    if (found !== undefined && Date.now() - found.at < lasts) return found.rows;
    const { shape } = this;
    const where = filter?.condition;
    const condition = where === undefined ? sql`` : sql` where ${where}`;
    const statement = sql`select 1 from ${shape.passages}${joinDocuments(shape, where)}${condition}`;
    const [plan] = await rows<{ "QUERY PLAN": unknown }>(db, sql`explain (format json) ${statement}`);
    const estimate = { rows: planRows(plan?.["QUERY PLAN"]), at: Date.now() };
    this.known.delete(key);
    this.known.set(key, estimate);
    const [oldest] = this.known.keys();
    if (this.known.size > most && oldest !== undefined) this.known.delete(oldest);
    return estimate.rows;
  }
}

function keyOf(db: Database, filter: SearchRequest["filter"]): string {
  if (filter === undefined) return "";
  const { text, values } = filter.parameterized ?? rendered(db, filter.condition);
  return JSON.stringify([text, values], (_, value) => (typeof value === "bigint" ? String(value) : value));
}

function rendered(db: Database, condition: SQL): { text: string; values: unknown } {
  const { dialect } = db as unknown as { dialect: { sqlToQuery(statement: SQL): { sql: string; params: unknown[] } } };
  const { sql: text, params } = dialect.sqlToQuery(condition);
  return { text, values: params };
}

/** `[{ "Plan": { "Plan Rows": n, … } }]`; drivers give it parsed or as text. */
function planRows(plan: unknown): number {
  const parsed = (typeof plan === "string" ? JSON.parse(plan) : plan) as { Plan?: { "Plan Rows"?: number } }[] | undefined;
  return parsed?.[0]?.Plan?.["Plan Rows"] ?? Number.POSITIVE_INFINITY;
}
