// Answers kept in Postgres, in a table of the user's schema, so that all processes share them.
import { and, eq, gt, isNull, lte, or, type SQL, sql } from "drizzle-orm";
import { type PgDatabase, pgTable, text, timestamp } from "drizzle-orm/pg-core";
import type { ResponseCache } from "./cache.ts";

/**
 * The table, to be exported from your schema, so that drizzle-kit makes it.
 * @param name Default: `llm_responses`.
 */
export function responseTable(name = "llm_responses") {
  return pgTable(name, {
    key: text().primaryKey(),
    response: text().notNull(),
    createdAt: timestamp("created_at", { withTimezone: true }).notNull().defaultNow(),
    /** Null: it does not expire. */
    expiresAt: timestamp("expires_at", { withTimezone: true }),
  });
}

// biome-ignore lint/suspicious/noExplicitAny: Drizzle's type is invariant in the schema, and any schema will do here.
type AnyDatabase = PgDatabase<any, any, any>;

/** A cache for `withCache()` in a table made with `responseTable()`. Expired answers are passed over, and deleted by `prune()`. */
export function postgresCache(
  db: AnyDatabase,
  table: ReturnType<typeof responseTable>,
): ResponseCache & { /** Deletes what has expired; returns how many. */ prune(): Promise<number> } {
  const fresh = or(isNull(table.expiresAt), gt(table.expiresAt, sql`now()`)) as SQL;
  return {
    async get(key) {
      const [found] = await db
        .select({ response: table.response })
        .from(table)
        .where(and(eq(table.key, key), fresh));
      return found?.response;
    },
    async set(key, response, ttl) {
      const expiresAt = ttl === undefined ? null : sql`now() + ${ttl} * interval '1 millisecond'`;
      const values = { response, expiresAt, createdAt: sql`now()` };
      await db
        .insert(table)
        .values({ key, ...values })
        .onConflictDoUpdate({ target: table.key, set: values });
    },
    async prune() {
      return (await db.delete(table).where(lte(table.expiresAt, sql`now()`)).returning({ key: table.key })).length;
    },
  };
}
