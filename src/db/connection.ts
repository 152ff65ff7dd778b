// One connection of the user's pool for several statements that cannot be in a transaction.
import { type Database, driverOf } from "./database.ts";

interface PoolLike {
  connect(): Promise<{ release(destroy?: boolean): void }>;
  totalCount: number;
}

/**
 * Runs `work` with a handle whose statements all go through one connection. With a pool of `pg`, one is taken out and given back; it is
 * closed instead when `work` fails, since nobody knows what state it is in. Any other handle is one connection already, or cannot say.
 */
export async function withConnection<T>(db: Database, work: (connection: Database) => Promise<T>): Promise<T> {
  const { $client } = db as unknown as { $client?: Partial<PoolLike> };
  if (driverOf(db) !== "node-postgres" || typeof $client?.totalCount !== "number") return work(db);
  const { drizzle } = await import("drizzle-orm/node-postgres");
  const client = await ($client as PoolLike).connect();
  let failed = true;
  try {
    const result = await work(drizzle(client as never) as Database);
    failed = false;
    return result;
  } finally {
    client.release(failed);
  }
}
