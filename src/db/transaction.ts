// A transaction that survives its connection: what broke it is thrown, the pool gets its place back, and the process goes on.
import { type Database, driverOf } from "./database.ts";

interface Listening {
  listeners(event: "error"): unknown[];
  on(event: "error", listener: () => void): unknown;
}

interface PoolLike {
  totalCount: number;
  connect(): Promise<{ release(): void }>;
  listeners(event: "acquire"): unknown[];
  on(event: "acquire", listener: (client: unknown) => void): unknown;
}

/** Drizzle's session over `pg`, as far as one for a single connection can be made of that for a pool. */
interface PoolSession {
  constructor: new (client: unknown, ...rest: unknown[]) => { transaction<T>(work: (tx: Database) => Promise<T>): Promise<T> };
  dialect: unknown;
  schema: unknown;
  options: unknown;
}

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
    const session = (db as unknown as { session: PoolSession }).session;
    return await new session.constructor(client, session.dialect, session.schema, session.options).transaction(guarded);
  } catch (error) {
    throw failure === undefined ? error : failure.error;
  } finally {
    // A broken one the pool closes by itself.
    client?.release();
  }
}

/**
 * Keeps a broken connection of a `pg` pool from ending the process while it is out of the pool, when the pool itself does not listen to
 * it. Nothing is hidden: the statement that runs on it, or the next one, fails.
 */
export function guardPool(db: Database): void {
  const pool = poolOf(db);
  if (pool !== undefined && !pool.listeners("acquire").includes(listenTo)) pool.on("acquire", listenTo);
}

function poolOf(db: Database): PoolLike | undefined {
  const { $client: pool } = db as unknown as { $client?: Partial<PoolLike> };
  return typeof pool?.totalCount === "number" && typeof pool.listeners === "function" ? (pool as PoolLike) : undefined;
}

function listenTo(given: unknown): void {
  const client = given as Partial<Listening> | undefined;
  if (typeof client?.listeners !== "function" || typeof client.on !== "function") return;
  if (!client.listeners("error").includes(ignore)) client.on("error", ignore);
}

function ignore() {}
