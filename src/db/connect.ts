// A Drizzle database from a URL, or Postgres embedded in this process where there is none.
import { isAbsolute, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { NodePgDatabase } from "drizzle-orm/node-postgres";
import type { PgliteDatabase } from "drizzle-orm/pglite";
import { ConfigurationError } from "../errors.ts";
import { translated } from "./errors.ts";
import { lockFolder } from "./lock.ts";

/** A database that `connect()` opened: all of Drizzle's, and the way to close it. */
export type Connection = (NodePgDatabase | PgliteDatabase) & {
  /** Closes the pool or the embedded database. */
  close(): Promise<void>;
  /** `await using db = await connect()` */
  [Symbol.asyncDispose](): Promise<void>;
};

export interface ConnectOptions {
  /** Most connections of the pool to a server. Default: 10. */
  max?: number;
}

/**
 * Opens a database:
 * `postgres://user:password@host/database`: a pool of connections to a server;
 * nothing or `memory://`: Postgres with pgvector inside this process, gone when it ends;
 * a folder: the same, kept in that folder, for one process at a time.
 *
 * An application that has a Drizzle database already hands that in wherever this one would go; it needs no `connect()`.
 *
 * @throws ConfigurationError for a URL of another kind.
 * @throws DatabaseUnreachableError when no server answers, or it refuses the user.
 * @throws DatabaseLockedError when another process has the folder open.
 */
export async function connect(url: string | undefined = undefined, options: ConnectOptions = {}): Promise<Connection> {
  const address = url?.trim() ?? "";
  if (/^postgres(ql)?:\/\//i.test(address)) return connectToServer(address, options);
  if (address === "" || address === "memory://") return openEmbedded(undefined);
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(address) && !address.startsWith("file://")) {
    const scheme = address.slice(0, address.indexOf("://") + 3);
    throw new ConfigurationError(
      `${scheme}… is not a database this package can open. Use postgres://…, memory:// or the path of a folder.`,
    );
  }
  return openEmbedded(address.startsWith("file://") ? fileURLToPath(address) : isAbsolute(address) ? address : resolve(address));
}

async function connectToServer(url: string, options: ConnectOptions): Promise<Connection> {
  const [{ default: pg }, { drizzle }] = await Promise.all([import("pg"), import("drizzle-orm/node-postgres")]);
  const pool = new pg.Pool({ connectionString: url, max: options.max ?? 10 });
  // An idle connection that breaks is dropped by the pool; without a listener it would end the process.
  pool.on("error", () => {});
  try {
    (await pool.connect()).release();
  } catch (error) {
    await pool.end();
    throw translated(error, `Cannot open ${withoutPassword(url)}`);
  }
  return closable(drizzle(pool), () => pool.end());
}

async function openEmbedded(folder: string | undefined): Promise<Connection> {
  const lock = folder === undefined ? undefined : lockFolder(folder);
  try {
    const [{ PGlite }, { vector }, { drizzle }] = await Promise.all([
      import("@electric-sql/pglite"),
      import("@electric-sql/pglite-pgvector"),
      import("drizzle-orm/pglite"),
    ]);
    // The database has a folder of its own beside the lock: PGlite wants it empty at first.
    const client = await PGlite.create({
      extensions: { vector },
      ...(folder !== undefined && { dataDir: resolve(folder, "postgres") }),
    });
    return closable(drizzle(client), async () => {
      await client.close();
      lock?.release();
    });
  } catch (error) {
    lock?.release();
    throw error;
  }
}

function closable(db: NodePgDatabase | PgliteDatabase, end: () => Promise<void>): Connection {
  let closing: Promise<void> | undefined;
  const close = () => {
    closing ??= end();
    return closing;
  };
  return Object.assign(db, { close, [Symbol.asyncDispose]: close });
}

/** The URL as it may be shown: messages end up in logs. */
export function withoutPassword(url: string): string {
  return url.replace(/^([a-z]+:\/\/[^/?#]*?):[^/?#]*@/i, "$1:***@");
}
