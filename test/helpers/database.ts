// A fresh database for a test file: embedded, or on the server that TEST_DATABASE_URL names.
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { PGlite } from "@electric-sql/pglite";
import { vector } from "@electric-sql/pglite-pgvector";
import { sql } from "drizzle-orm";
import { drizzle as drizzlePg, type NodePgDatabase } from "drizzle-orm/node-postgres";
import type { PgTable } from "drizzle-orm/pg-core";
import { drizzle as drizzlePglite, type PgliteDatabase } from "drizzle-orm/pglite";
import pg from "pg";
import { afterAll, inject } from "vitest";

/** Which of the two this run is about, for names and the few things that differ. */
export const onServer = inject("server") !== "";
export const databaseName = onServer ? "Postgres" : "embedded Postgres";

// Registered as the file is read: an afterAll() inside a hook, where databases are made, is never run.
const cleanups: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const clean of cleanups.reverse()) await clean();
});

/** Runs `clean` after the file's tests, before what was made earlier is closed. For hooks, where `afterAll()` has no effect. */
export function afterFile(clean: () => Promise<unknown>): void {
  cleanups.push(clean);
}

/** A database of its own, with the extension, closed and dropped after the file's tests. */
export async function freshDatabase(): Promise<NodePgDatabase | PgliteDatabase> {
  if (!onServer) {
    const loadDataDir = new Blob([readFileSync(inject("template"))]);
    const client = await PGlite.create({ extensions: { vector }, loadDataDir });
    cleanups.push(() => client.close());
    return drizzlePglite(client);
  }
  const { url } = await freshServerDatabase();
  const pool = new pg.Pool({ connectionString: url, max: 4 });
  pool.on("error", () => {});
  cleanups.push(() => pool.end());
  const db = drizzlePg(pool);
  await db.execute(sql`create extension if not exists vector`);
  return db;
}

/** An empty database on the server; dropped after the file's tests. */
export async function freshServerDatabase(): Promise<{ url: string; name: string }> {
  const name = `test_${randomBytes(6).toString("hex")}`;
  const admin = new pg.Client({ connectionString: inject("server") });
  await admin.connect();
  await admin.query(`create database ${name}`);
  await admin.end();
  cleanups.push(async () => {
    const again = new pg.Client({ connectionString: inject("server") });
    await again.connect();
    await again.query(`drop database if exists ${name} with (force)`);
    await again.end();
  });
  const url = new URL(inject("server"));
  url.pathname = `/${name}`;
  return { url: url.href, name };
}

/** Creates tables the way a user's migration would: with the SQL that drizzle-kit writes for them. */
export async function createTables(db: NodePgDatabase | PgliteDatabase, tables: Record<string, PgTable | object>): Promise<void> {
  const { generateDrizzleJson, generateMigration } = await import("drizzle-kit/api");
  const statements = await generateMigration(generateDrizzleJson({}), generateDrizzleJson(tables));
  for (const statement of statements) await db.execute(sql.raw(statement));
}
