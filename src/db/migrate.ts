// Applies migrations that drizzle-kit wrote: the package's own, or those of a schema file of the user's.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type SQL, sql } from "drizzle-orm";
import { type MigrationConfig, readMigrationFiles } from "drizzle-orm/migrator";
import { ConfigurationError } from "../errors.ts";
import type { Database } from "./database.ts";
import { translated } from "./errors.ts";

export interface MigrateOptions {
  /** Folder that drizzle-kit wrote. Default: the package's own, for the ready-made tables. */
  folder?: string;
  /** Where Drizzle notes what was applied. Default: `drizzle.drizzle_rag_migrations` for the package's own folder, Drizzle's default for others. */
  table?: string;
  schema?: string;
}

/** Any number will do as long as nobody else uses it; migrations of several processes wait for each other on it. */
const lockKey = 7_264_315_020_241_111n;

/**
 * Makes the database what the migrations say: the `vector` extension first, then every migration that has not been applied.
 * In one transaction: all or nothing. Run again, it does nothing. Several processes may run it at once.
 *
 * @throws MissingExtensionError when the server does not have pgvector.
 * @throws ConfigurationError when the folder holds no migrations.
 */
export async function migrate(db: Database, options: MigrateOptions = {}): Promise<void> {
  const own = options.folder === undefined;
  const migrationsFolder = options.folder ?? fileURLToPath(new URL("../../migrations", import.meta.url));
  if (!existsSync(`${migrationsFolder}/meta/_journal.json`)) {
    throw new ConfigurationError(`${migrationsFolder} holds no migrations. Write them first: npx drizzle-kit generate`);
  }
  const table = options.table ?? (own ? "drizzle_rag_migrations" : undefined);
  const config: MigrationConfig = {
    migrationsFolder,
    ...(table !== undefined && { migrationsTable: table }),
    ...(options.schema !== undefined && { migrationsSchema: options.schema }),
  };
  try {
    await db.transaction(async (tx) => {
      await tx.execute(sql`select pg_advisory_xact_lock(${sql.raw(String(lockKey))})`);
      await tx.execute(sql`create extension if not exists vector`);
      // Drizzle's migrators for the drivers are this one call. It would open a transaction of its own; this one will do.
      const { dialect, session } = tx as unknown as Migratable;
      const here: Session = {
        execute: (statement) => session.execute(statement),
        all: (statement) => session.all(statement),
        transaction: (work) => work(tx),
      };
      await dialect.migrate(readMigrationFiles(config), here, config);
    });
  } catch (error) {
    throw translated(error);
  }
}

interface Session {
  execute(statement: SQL): Promise<unknown>;
  all(statement: SQL): Promise<unknown[]>;
  transaction(work: (tx: Database) => Promise<void>): Promise<void>;
}

interface Migratable {
  dialect: { migrate(migrations: unknown, session: Session, config: MigrationConfig): Promise<void> };
  session: Session;
}
