// A pool of `pg` behind a Drizzle handle, and handles for single connections of it.
import type { Database } from "./database.ts";

export interface PoolLike {
  totalCount: number;
  connect(): Promise<{ release(destroy?: boolean): void }>;
  listeners(event: "acquire"): unknown[];
  on(event: "acquire", listener: (client: unknown) => void): unknown;
}

/** Drizzle's session over `pg`, as far as one for a single connection can be made of that for a pool. */
interface PoolSession {
  constructor: new (client: unknown, ...rest: unknown[]) => PoolSession;
  dialect: unknown;
  schema: unknown;
  options: unknown;
  transaction<T>(work: (tx: Database) => Promise<T>): Promise<T>;
}

/** The pool of `pg` that a handle is over, if it is over one. */
export function poolOf(db: Database): PoolLike | undefined {
  const { $client: pool } = db as unknown as { $client?: Partial<PoolLike> };
  return typeof pool?.totalCount === "number" && typeof pool.listeners === "function" ? (pool as PoolLike) : undefined;
}

/** A session over one connection of the pool, with the logger, cache and schema of the whole. */
export function sessionOn(db: Database, client: unknown): PoolSession {
  const { session } = db as unknown as { session: PoolSession };
  return new session.constructor(client, session.dialect, session.schema, session.options);
}

/** A handle whose statements all go through this connection. */
export function onClient(db: Database, client: unknown): Database {
  const session = sessionOn(db, client);
  const Handle = db.constructor as new (dialect: unknown, session: unknown, schema: unknown) => Database;
  return new Handle(session.dialect, session, session.schema);
}

interface Listening {
  listeners(event: "error"): unknown[];
  on(event: "error", listener: () => void): unknown;
}

/** Keeps a connection that breaks from ending the process. Nothing is hidden: the statement that runs on it, or the next one, fails. */
export function listenTo(given: unknown): void {
  const client = given as Partial<Listening> | undefined;
  if (typeof client?.listeners !== "function" || typeof client.on !== "function") return;
  if (!client.listeners("error").includes(ignore)) client.on("error", ignore);
}

function ignore() {}
