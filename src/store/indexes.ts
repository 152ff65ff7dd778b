// The indexes over vectors that the schema declares for a table: which are there, dropping them before a load, building them after.
import { type SQL, sql } from "drizzle-orm";
import { getTableConfig, type PgTable } from "drizzle-orm/pg-core";
import { type Database, rows } from "../db/database.ts";
import { quotedName } from "../db/names.ts";

/** An index as the database has it. */
export interface StoredIndex {
  name: string;
  /** The statement that makes it. */
  definition: string;
}

/** The HNSW and IVFFlat indexes of a table that are in the database. */
export async function vectorIndexes(db: Database, table: PgTable): Promise<StoredIndex[]> {
  return rows<StoredIndex>(
    db,
    sql`select pg_class.relname as name, pg_get_indexdef(pg_class.oid) as definition
        from pg_index
        inner join pg_class on pg_class.oid = pg_index.indexrelid
        inner join pg_am on pg_am.oid = pg_class.relam
        where pg_index.indrelid = ${quotedName(table)}::regclass and pg_am.amname in ('hnsw', 'ivfflat')
        order by name`,
  );
}

/** Statements for the HNSW indexes that the schema declares, by name. */
export function declaredIndexes(table: PgTable): Map<string, SQL> {
  const declared = new Map<string, SQL>();
  for (const { config } of getTableConfig(table).indexes) {
    const { name, method, columns, with: settings } = config;
    if (method !== "hnsw" || name === undefined) continue;
    const parts = columns.map((column) => {
      if (!("name" in column)) return sql`(${column})`;
      const { opClass } = (column as unknown as { indexConfig: { opClass?: string } }).indexConfig;
      return sql`${sql.identifier(column.name ?? "")}${opClass === undefined ? sql`` : sql.raw(` ${opClass}`)}`;
    });
    const options = Object.entries(settings ?? {}).map(([key, value]) => `${key} = ${Number(value)}`);
    declared.set(
      name,
      sql`create index if not exists ${sql.identifier(name)} on ${table} using hnsw (${sql.join(parts, sql`, `)})${sql.raw(options.length === 0 ? "" : ` with (${options.join(", ")})`)}`,
    );
  }
  return declared;
}

/** Drops the table's indexes over vectors that the schema could make again. Returns whether there were any. */
export async function dropVectorIndexes(db: Database, table: PgTable): Promise<boolean> {
  const declared = declaredIndexes(table);
  const found = (await vectorIndexes(db, table)).filter(({ name }) => declared.has(name));
  const { schema } = getTableConfig(table);
  for (const { name } of found) {
    await db.execute(
      sql`drop index if exists ${schema === undefined ? sql`` : sql`${sql.identifier(schema)}.`}${sql.identifier(name)}`,
    );
  }
  return found.length > 0;
}

/** Builds the indexes over vectors that the schema declares and the database lacks. Returns their names. */
export async function createMissingIndexes(db: Database, table: PgTable): Promise<string[]> {
  const there = new Set((await vectorIndexes(db, table)).map(({ name }) => name));
  const missing = [...declaredIndexes(table)].filter(([name]) => !there.has(name));
  if (missing.length === 0) return [];
  await db.transaction(async (tx: Database) => {
    // A graph that does not fit is built on disk, many times slower. 512 MB hold some 80,000 vectors of 1,536 dimensions.
    await tx.execute(sql.raw("set local maintenance_work_mem = '512MB'"));
    for (const [, statement] of missing) await tx.execute(statement);
  });
  return missing.map(([name]) => name);
}
