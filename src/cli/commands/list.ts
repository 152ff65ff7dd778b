// drizzle-rag list, remove, status and migrate: the small commands.
import { count, inArray, or, sql } from "drizzle-orm";
import { readFileSync } from "node:fs";
import { withoutPassword } from "../../db/connect.ts";
import { rows } from "../../db/database.ts";
import { migrate as applyMigrations } from "../../db/migrate.ts";
import { quotedName } from "../../db/names.ts";
import { InputError } from "../../errors.ts";
import { vectorIndexes } from "../../store/indexes.ts";
import { counted, json, line, note } from "../output.ts";
import type { CommonOptions, Session } from "../session.ts";

type AnyRow = Record<string, unknown>;

export interface ListOptions extends CommonOptions {
  limit: number;
  offset: number;
}

export async function list(session: Session, options: ListOptions): Promise<void> {
  const { docs, source, titleKey } = session;
  const found: AnyRow[] = await docs.list({ orderBy: source.column, limit: options.limit, offset: options.offset });
  for (const row of found) {
    const title = titleKey === undefined ? null : (row[titleKey] ?? null);
    if (options.json) json({ source: row[source.key], title });
    else line(title === null ? String(row[source.key]) : `${row[source.key]}  ${title}`);
  }
  const total = await docs.count();
  const shown = options.offset + found.length;
  if (!options.json && shown < total) note(`${shown} of ${counted(total, "document")}; the next: --offset ${shown}`);
}

/** Removes documents by source; a source that ends in / stands for everything below it. */
export async function remove(session: Session, sources: string[], options: CommonOptions & { all?: boolean }): Promise<void> {
  const { docs, source } = session;
  if (options.all !== true && sources.length === 0) throw new InputError("Say what to remove: drizzle-rag remove <source…>, or --all.");
  const folders = sources.filter((name) => name.endsWith("/"));
  const where = or(
    inArray(source.column, [...sources]),
    ...folders.map((folder) => sql`starts_with(${source.column}, ${folder})`),
  );
  const removed = await docs.delete(options.all === true || where === undefined ? { all: true } : where);
  if (options.json) json({ removed });
  else line(`${counted(removed, "document")} removed.`);
  if (removed === 0 && options.all !== true) {
    throw new InputError(`No document is called ${sources.map((name) => `"${name}"`).join(", ")}. drizzle-rag list shows their names.`);
  }
}

export async function status(session: Session, options: CommonOptions): Promise<void> {
  const { db, docs } = session;
  const table = docs.chunks ?? docs.documents;
  const [versions] = await rows<{ postgres: string; pgvector: string | null; size: string }>(
    db,
    sql`select current_setting('server_version') as postgres, (select extversion from pg_extension where extname = 'vector') as pgvector,
        pg_size_pretty(pg_total_relation_size(${quotedName(table)}::regclass)) as size`,
  );
  const [chunks] = await db.select({ count: count() }).from(table);
  const indexes = await vectorIndexes(db, table);
  const facts = {
    version: packageVersion(),
    database: withoutPassword(session.database),
    postgres: versions?.postgres,
    pgvector: versions?.pgvector,
    documents: await docs.count(),
    chunks: Number(chunks?.count ?? 0),
    size: versions?.size,
    indexes: indexes.map(({ name }) => name),
    embedder: session.embedder?.id,
  };
  if (options.json) return json(facts);
  for (const [name, value] of Object.entries(facts)) line(`${name.padEnd(10)} ${Array.isArray(value) ? value.join(", ") || "none" : value}`);
}

export async function migrate(session: Session, options: CommonOptions): Promise<void> {
  const folder = session.config.migrations;
  await applyMigrations(session.db, folder === undefined ? {} : { folder });
  if (options.json) json({ migrated: true });
  else line(`${withoutPassword(session.database)} is up to date with ${folder ?? "the ready-made tables"}.`);
}

export function packageVersion(): string {
  const file = new URL("../../../package.json", import.meta.url);
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}
