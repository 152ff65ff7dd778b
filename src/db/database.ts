// What is known about a Drizzle database handed in by the user. Everything that leans on Drizzle's insides stands in this folder.
import type { SQL } from "drizzle-orm";
import { entityKind, is } from "drizzle-orm";
import type { PgDatabase } from "drizzle-orm/pg-core";
import { PgTransaction } from "drizzle-orm/pg-core";

/** Any Drizzle database on Postgres, or a transaction of one. */
// biome-ignore lint/suspicious/noExplicitAny: Drizzle's type is invariant in the schema, and any schema will do here.
export type Database = PgDatabase<any, any, any>;

/** How parameters reach the server. `other` is any driver that this package does not know: it gets plain text. */
export type Driver = "node-postgres" | "pglite" | "other";

/** Tells the driver behind a database or a transaction. */
export function driverOf(db: Database): Driver {
  // A transaction has no `$client`, so the session's class tells; Drizzle names its classes by a symbol that survives minification.
  const { session } = db as unknown as { session?: { constructor: { [entityKind]?: string } } };
  const kind = session?.constructor[entityKind];
  if (kind === "NodePgSession") return "node-postgres";
  if (kind === "PgliteSession") return "pglite";
  return "other";
}

/** Whether the handle is a transaction already, so that a further one is a savepoint in it. */
export function isTransaction(db: Database): boolean {
  return is(db, PgTransaction);
}

/** Runs a statement and returns its rows, whichever way the driver wraps them. Values are as the driver gives them. */
export async function rows<T>(db: Database, statement: SQL): Promise<T[]> {
  const result = (await db.execute(statement)) as T[] | { rows: T[] };
  return Array.isArray(result) ? result : result.rows;
}
