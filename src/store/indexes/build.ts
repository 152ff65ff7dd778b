// Builds indexes: in one transaction, or concurrently on a connection of its own, with progress read on another.
import { type SQL, sql } from "drizzle-orm";
import type { PgTable } from "drizzle-orm/pg-core";
import { hasOtherConnections, withConnection } from "../../db/connection.ts";
import { type Database, driverOf, isTransaction, rows } from "../../db/database.ts";
import { inTransaction } from "../../db/transaction.ts";
import { ConfigurationError, InputError } from "../../errors.ts";
import { type BuildProgress, buildsOn } from "./status.ts";

export interface BuildOptions {
  /**
   * Writers go on while the index is built, which takes about twice as long and cannot be in a transaction. A build that fails leaves an
   * invalid index, which `create()` and `dropInvalid()` remove. Default: false, which makes writers wait.
   */
  concurrently?: boolean;
  /** Called about twice a second, from another connection of the pool; on embedded Postgres only at the beginning. */
  onProgress?: (progress: BuildProgress) => void;
  /**
   * Memory for the build, such as `2GB`. A graph that does not fit is built on disk, many times slower: 512 MB hold some 80,000 vectors of
   * 1,536 dimensions. Default: `512MB`; with `concurrently`, the server's setting (64 MB unless it was changed).
   */
  maintenanceWorkMem?: string;
  /** Processes that help with the build, 0 to 1,024. Default: the server's setting (2 unless it was changed). */
  parallelWorkers?: number;
  /** Cancels the build. */
  signal?: AbortSignal;
}

/** One statement that builds an index, and the name to report. */
export interface Build {
  name: string;
  statement: SQL;
}

const interval = 500;
const defaultMemory = "512MB";

/** Runs the statements one after the other. All of them or none, unless concurrently. */
export async function build(db: Database, table: PgTable, builds: readonly Build[], options: BuildOptions): Promise<void> {
  if (builds.length === 0) return;
  options.signal?.throwIfAborted();
  const settings = settingsOf(options);
  // Embedded Postgres has one connection: nobody else is there to be kept waiting.
  if (options.concurrently !== true || driverOf(db) === "pglite") {
    if (settings.maintenance_work_mem === undefined) settings.maintenance_work_mem = defaultMemory;
    await inTransaction(db, async (tx) => {
      for (const [name, value] of Object.entries(settings)) await tx.execute(sql.raw(`set local ${name} = '${value}'`));
      const [own] = await rows<{ pid: number }>(tx, sql`select pg_backend_pid() as pid`);
      for (const each of builds) {
        await watched(
          db,
          table,
          each.name,
          options,
          (build) => build.pid === own?.pid,
          () => tx.execute(each.statement),
        );
      }
    });
    return;
  }
  mustBeOutside(db, "concurrently");
  const given = Object.entries(settings);
  // Without settings a single statement on the user's handle is all there is to it, which any pooler passes on.
  const on =
    given.length === 0
      ? <T>(work: (db: Database) => Promise<T>) => work(db)
      : <T>(work: (db: Database) => Promise<T>) => withConnection(db, work);
  await on(async (connection) => {
    try {
      for (const [name, value] of given) await connection.execute(sql.raw(`set ${name} = '${value}'`));
      for (const each of builds) {
        await watched(
          db,
          table,
          each.name,
          options,
          (build) => build.name?.startsWith(each.name) === true,
          () => connection.execute(each.statement),
        );
      }
    } finally {
      for (const [name] of given) await connection.execute(sql.raw(`reset ${name}`));
    }
  });
}

/** @throws ConfigurationError in a transaction of the user's. */
export function mustBeOutside(db: Database, what: string): void {
  if (isTransaction(db))
    throw new ConfigurationError(
      `${what}: Postgres cannot do this in a transaction. Use the collection outside of it, or leave the option out.`,
    );
}

/** @throws InputError for values that are no settings: they stand in the statement as they are. */
export function checkBuildOptions({
  maintenanceWorkMem,
  parallelWorkers,
}: Pick<BuildOptions, "maintenanceWorkMem" | "parallelWorkers">): void {
  if (maintenanceWorkMem !== undefined && !/^\d{1,10} ?(kB|MB|GB|TB)$/.test(maintenanceWorkMem)) {
    throw new InputError(`"${maintenanceWorkMem}" is not an amount of memory. Write 512MB, or 2GB.`, {
      field: "maintenanceWorkMem",
    });
  }
  if (parallelWorkers !== undefined && !(Number.isInteger(parallelWorkers) && parallelWorkers >= 0 && parallelWorkers <= 1024)) {
    throw new InputError(`${parallelWorkers} is not a number of processes from 0 to 1,024.`, { field: "parallelWorkers" });
  }
}

function settingsOf(options: BuildOptions): Record<string, string> {
  checkBuildOptions(options);
  const { maintenanceWorkMem, parallelWorkers } = options;
  return {
    ...(maintenanceWorkMem !== undefined && { maintenance_work_mem: maintenanceWorkMem }),
    ...(parallelWorkers !== undefined && { max_parallel_maintenance_workers: String(parallelWorkers) }),
  };
}

type Running = Awaited<ReturnType<typeof buildsOn>>[number];

/** Runs one build; reads its progress, and cancels it, on another connection of the pool. */
async function watched(
  db: Database,
  table: PgTable,
  name: string,
  { onProgress, signal }: BuildOptions,
  isOurs: (build: Running) => boolean,
  run: () => PromiseLike<unknown>,
): Promise<void> {
  signal?.throwIfAborted();
  onProgress?.({ name, phase: "initializing", done: undefined, rows: 0 });
  const canWatch = hasOtherConnections(db) && (onProgress !== undefined || signal !== undefined);
  let over = false;
  const cancel = async () => {
    for (const { pid } of (await buildsOn(db, table)).filter(isOurs))
      await db.execute(sql`select pg_cancel_backend(${pid}::int)`);
  };
  const look = async () => {
    // The cancellation is repeated: the first may come between two statements.
    if (signal?.aborted) return cancel();
    const ours = (await buildsOn(db, table)).find(isOurs);
    if (ours !== undefined && !over) onProgress?.({ name, phase: ours.phase, done: ours.done, rows: ours.rows });
  };
  let looking: Promise<void> | undefined;
  const again = () => {
    // A slow look is not overtaken, and one that fails is no reason for the build to.
    looking ??= look()
      .catch(() => {})
      .finally(() => {
        looking = undefined;
      });
  };
  const timer = canWatch ? setInterval(again, interval) : undefined;
  if (canWatch) signal?.addEventListener("abort", again);
  try {
    await run();
  } catch (error) {
    throw signal?.aborted ? signal.reason : error;
  } finally {
    over = true;
    clearInterval(timer);
    signal?.removeEventListener("abort", again);
    await looking;
  }
}
