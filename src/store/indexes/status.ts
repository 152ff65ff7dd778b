// What indexes a table has, and in what state they are.
import { sql } from "drizzle-orm";
import type { PgTable } from "drizzle-orm/pg-core";
import { type Database, rows } from "../../db/database.ts";
import { quotedName } from "../../db/names.ts";
import { declaredIndexes, isVectorKind } from "./declared.ts";
import { type PgvectorFault, pgvectorFaults } from "./faults.ts";

/** How far the build of an index is, as `pg_stat_progress_create_index` tells. */
export interface BuildProgress {
  /** Undefined while another session builds it in a transaction, so that nobody else sees it yet. */
  name: string | undefined;
  /** Postgres' own words, such as `building index: loading tuples`. */
  phase: string;
  /** Share of the table that is in the index, 0 to 1; undefined in phases that do not tell. */
  done: number | undefined;
  /** Rows that are in the index so far. */
  rows: number;
}

export interface IndexStatus {
  name: string;
  /** The access method: `hnsw`, `ivfflat`, `gin`, `btree`, … */
  kind: string;
  /** `missing`: declared in the schema, not in the database. `invalid`: a concurrent build failed; no search uses it, and each write pays for it. */
  state: "valid" | "building" | "invalid" | "missing";
  /** Bytes on disk; 0 when it is missing. */
  size: number;
  /** Whether the schema declares it. */
  declared: boolean;
  /** The statement that makes it, as Postgres tells; undefined when it is missing. */
  definition: string | undefined;
  /** While it is being built. */
  progress: BuildProgress | undefined;
}

export interface IndexesStatus {
  /** Version of pgvector in this database; undefined when it is not there. */
  pgvector: string | undefined;
  /** Known faults of that version in indexes of the kinds that this table has or declares. */
  warnings: PgvectorFault[];
  /** What keeps searches slow and a statement mends, a sentence each: vectors that are kept out of line. */
  advice: string[];
  /** All indexes of the table with the vectors, those over vectors first. */
  indexes: IndexStatus[];
  /** Builds on this table that are going on. */
  building: BuildProgress[];
}

/** An index as the database has it. */
export interface StoredIndex {
  name: string;
  kind: string;
  valid: boolean;
  size: number;
  /** The statement that makes it. */
  definition: string;
}

/** The indexes of a table that are in the database, those that are not valid among them. */
export async function storedIndexes(db: Database, table: PgTable): Promise<StoredIndex[]> {
  return rows<StoredIndex>(
    db,
    sql`select pg_class.relname as name, pg_am.amname as kind, pg_index.indisvalid as valid,
          pg_relation_size(pg_class.oid)::float8 as size, pg_get_indexdef(pg_class.oid) as definition
        from pg_index
        inner join pg_class on pg_class.oid = pg_index.indexrelid
        inner join pg_am on pg_am.oid = pg_class.relam
        where pg_index.indrelid = ${quotedName(table)}::regclass
        order by pg_am.amname not in ('hnsw', 'ivfflat'), name`,
  );
}

/** Builds that are going on over a table, in any session. */
export async function buildsOn(db: Database, table: PgTable): Promise<(BuildProgress & { pid: number })[]> {
  return rows(
    db,
    sql`select pg_class.relname as name, phase, tuples_done::float8 as rows, pid,
          case when blocks_total > 0 then least(1, blocks_done::float8 / blocks_total)
               when tuples_total > 0 then least(1, tuples_done::float8 / tuples_total) end as done
        from pg_stat_progress_create_index left join pg_class on pg_class.oid = index_relid
        where relid = ${quotedName(table)}::regclass
          and datid = (select oid from pg_database where datname = current_database())`,
  ).then((found) =>
    (found as { name: string | null; phase: string; rows: number; done: number | null; pid: number }[]).map((build) => ({
      ...build,
      name: build.name ?? undefined,
      done: build.done ?? undefined,
    })),
  );
}

/** See `CollectionIndexes.status`. */
export async function indexesStatus(db: Database, table: PgTable): Promise<IndexesStatus> {
  const [extension] = await rows<{ version: string | null }>(
    db,
    sql`select (select extversion from pg_extension where extname = 'vector') as version`,
  );
  const building = (await buildsOn(db, table)).map(({ pid: _, ...build }) => build);
  const found = await storedIndexes(db, table);
  const declared = declaredIndexes(table);
  const there = new Set(found.map(({ name }) => name));
  const indexes: IndexStatus[] = found.map(({ valid, ...index }) => {
    const progress = building.find(({ name }) => name === index.name);
    return {
      ...index,
      state: valid ? "valid" : progress === undefined ? "invalid" : "building",
      declared: declared.some(({ name }) => name === index.name),
      progress,
    };
  });
  for (const { name, kind } of declared) {
    if (there.has(name)) continue;
    indexes.push({ name, kind, state: "missing", size: 0, declared: true, definition: undefined, progress: undefined });
  }
  const kinds = new Set(indexes.map(({ kind }) => kind));
  const version = extension?.version ?? undefined;
  return {
    pgvector: version,
    warnings: version === undefined ? [] : pgvectorFaults(version).filter(({ concerns }) => kinds.has(concerns)),
    indexes: indexes.sort((a, b) => Number(isVectorKind(b.kind)) - Number(isVectorKind(a.kind))),
    advice: await outOfLine(db, table),
    building,
  };
}

/**
 * Values above some 2 kB are moved out of the table's pages unless the column is PLAIN: each distance then costs a further read, and the table
 * looks so small to the planner that it may read all of it. Those that fit no page of 8 kB have to stay outside.
 */
async function outOfLine(db: Database, table: PgTable): Promise<string[]> {
  const found = await rows<{ name: string; type: string }>(
    db,
    sql`select attname as name, format_type(atttypid, atttypmod) as type from pg_attribute
        where attrelid = ${quotedName(table)}::regclass and attnum > 0 and not attisdropped and attstorage <> 'p'`,
  );
  return found.flatMap(({ name, type }) => {
    const [, kind, dimensions] = /^(?:.*\.)?(vector|halfvec)\((\d+)\)$/.exec(type) ?? [];
    const bytes = Number(dimensions) * (kind === "halfvec" ? 2 : 4);
    if (!(bytes > 2000 && bytes < 7800)) return [];
    return [
      `Column "${name}" keeps its ${type} out of line. For rows written from now on: ALTER TABLE ${quotedName(table)} ALTER COLUMN "${name}" SET STORAGE PLAIN;`,
    ];
  });
}
