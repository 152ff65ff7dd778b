// How reads and writes run: cancelled on the server when the caller gives up, and tried again when the database asks for that.
import { connect } from "node:net";
import { type Database, driverOf, isTransaction } from "./database.ts";
import { sqlState, translated } from "./errors.ts";
import { listenTo, onClient, poolOf } from "./pool.ts";

/** Serialization failure (on a replica also a conflict with what it replays) and deadlock: the database asks to try again. */
const conflicts = new Set(["40001", "40P01"]);
const maxTries = 5;

/** Whether another try may help. In a transaction of the user's none does: all of it would have to be done again. */
export function mayTryAgain(db: Database, error: unknown, tries: number): boolean {
  return conflicts.has(sqlState(error) ?? "") && tries < maxTries && !isTransaction(db);
}

/** Runs a read: errors in this package's words, again after a conflict, cancelled on the server when `signal` aborts. */
export async function reading<T>(db: Database, signal: AbortSignal | undefined, read: (db: Database) => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    signal?.throwIfAborted();
    try {
      return await cancellable(db, signal, read);
    } catch (error) {
      if (!mayTryAgain(db, error, tries)) throw translated(error);
    }
  }
}

/**
 * Runs `work` so that its statement is cancelled on the server when `signal` aborts, and then throws the signal's reason. That takes a
 * connection that is ours alone, so it is done over a pool of `pg`; elsewhere, and in a transaction of the user's, `work` runs as it is.
 */
export async function cancellable<T>(
  db: Database,
  signal: AbortSignal | undefined,
  work: (db: Database) => Promise<T>,
): Promise<T> {
  const pool = signal === undefined || driverOf(db) !== "node-postgres" ? undefined : poolOf(db);
  if (signal === undefined || pool === undefined) return work(db);
  const client = (await pool.connect()) as Cancellable;
  listenTo(client);
  const cancel = () => void sendCancel(client);
  signal.addEventListener("abort", cancel);
  try {
    signal.throwIfAborted();
    return await work(onClient(db, client));
  } catch (error) {
    throw signal.aborted && sqlState(error) === "57014" ? signal.reason : error;
  } finally {
    signal.removeEventListener("abort", cancel);
    // The cancellation may still be on its way: it must not meet the next one's statement.
    client.release(signal.aborted);
  }
}

interface Cancellable {
  processID?: number | null;
  secretKey?: number | null;
  host?: string;
  port?: number;
  release(destroy?: boolean): void;
}

/**
 * PostgreSQL's CancelRequest (protocol 3.0, section "Canceling Requests in Progress"): a connection of its own that carries the number and the
 * secret of the one that is to stop. Not encrypted, as libpq's was until Postgres 17. Nobody hears whether it worked: the statement tells.
 */
function sendCancel({ processID, secretKey, host, port }: Cancellable): void {
  if (typeof processID !== "number" || typeof secretKey !== "number" || host === undefined || port === undefined) return;
  const request = Buffer.alloc(16);
  request.writeInt32BE(16, 0);
  request.writeInt32BE(80877102, 4);
  request.writeInt32BE(processID, 8);
  request.writeInt32BE(secretKey, 12);
  const socket = host.startsWith("/") ? connect(`${host}/.s.PGSQL.${port}`) : connect(port, host);
  socket.on("error", () => {});
  socket.end(request);
  socket.unref();
}
