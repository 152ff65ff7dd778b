// What several connections allow: one of the pool for statements that cannot be in a transaction, and other work beside a transaction.
import { type Database, driverOf, isTransaction } from "./database.ts";
import { onClient, poolOf } from "./pool.ts";

/**
 * Runs `work` with a handle whose statements all go through one connection. With a pool of `pg`, one is taken out and given back; it is
 * closed instead when `work` fails, since nobody knows what state it is in. Any other handle is one connection already, or cannot say.
 */
export async function withConnection<T>(db: Database, work: (connection: Database) => Promise<T>): Promise<T> {
  const pool = driverOf(db) === "node-postgres" ? poolOf(db) : undefined;
  if (pool === undefined) return work(db);
  const client = await pool.connect();
  let failed = true;
  try {
    const result = await work(onClient(db, client));
    failed = false;
    return result;
  } finally {
    client.release(failed);
  }
}

/** Whether a caller's other statements stay out of a transaction that is going on: over a pool, and on PGlite, which queues them. */
export function mayOverlap(db: Database): boolean {
  return !isTransaction(db) && (driverOf(db) === "pglite" || poolOf(db) !== undefined);
}

/** Whether the handle is over a pool that has a connection to spare. Another driver may have one and is not asked. */
export function hasOtherConnections(db: Database): boolean {
  const { $client } = db as unknown as { $client?: { options?: { max?: number } } };
  return poolOf(db) !== undefined && ($client?.options?.max ?? 10) > 1;
}
