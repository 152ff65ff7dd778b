// A transaction that survives its connection: what broke it is thrown, the pool gets its place back, and the process goes on.
import { type Database, driverOf } from "./database.ts";
import { listenTo, poolOf, sessionOn } from "./pool.ts";

/**
 * `db.transaction()`, made safe against a connection that breaks. Drizzle would throw that its `rollback` could not be sent, in place of
 * what happened; and never give back a connection on which `begin` failed, until the pool has none left.
 */
export async function inTransaction<T>(db: Database, work: (tx: Database) => Promise<T>): Promise<T> {
  let failure: { error: unknown } | undefined;
  const guarded = async (tx: Database) => {
    listenTo((tx as unknown as { session: { client?: unknown } }).session.client);
    try {
      return await work(tx);
    } catch (error) {
      failure = { error };
      throw error;
    }
  };
  const pool = poolOf(db);
  const client = pool === undefined || driverOf(db) !== "node-postgres" ? undefined : await pool.connect();
  try {
    if (client === undefined) return await db.transaction(guarded);
    listenTo(client);
    return await sessionOn(db, client).transaction(guarded);
  } catch (error) {
    throw failure === undefined ? error : failure.error;
  } finally {
    // A broken one the pool closes by itself.
    client?.release();
  }
}

/** Keeps a broken connection of a `pg` pool from ending the process while it is out of the pool, when the pool itself does not listen to it. */
export function guardPool(db: Database): void {
  const pool = poolOf(db);
  if (pool !== undefined && !pool.listeners("acquire").includes(listenTo)) pool.on("acquire", listenTo);
}
