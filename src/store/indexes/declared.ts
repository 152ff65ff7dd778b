// The indexes that a table's schema declares, as statements: what drizzle-kit would write, for those that the database lacks.
import { getTableColumns, is, SQL, sql } from "drizzle-orm";
import { getTableConfig, type PgColumn, type PgTable } from "drizzle-orm/pg-core";

export interface DeclaredIndex {
  name: string;
  /** The access method: `hnsw`, `gin`, `btree`, … */
  kind: string;
  /** `create index … on …`, with or without `concurrently`. */
  statement: (concurrently: boolean) => SQL;
}

/** Access methods of indexes over vectors. */
export function isVectorKind(kind: string): boolean {
  return kind === "hnsw" || kind === "ivfflat";
}

/** What the schema declares, in its order. An index over an expression that has no name is left out, as drizzle-kit leaves it. */
export function declaredIndexes(table: PgTable): DeclaredIndex[] {
  return getTableConfig(table).indexes.flatMap(({ config }) => {
    const name = config.name ?? nameOf(table, config.columns);
    if (name === undefined) return [];
    const { method = "btree", unique, where } = config;
    const parts = sql.join(
      config.columns.map((column) => (is(column, SQL) ? column : part(table, column as IndexedPart))),
      sql`, `,
    );
    const settings = Object.entries(config.with ?? {}).map(
      ([key, value]) => sql`${sql.identifier(key)} = ${sql.raw(setting(value))}`,
    );
    const statement = (concurrently: boolean) =>
      sql`create${sql.raw(unique ? " unique" : "")} index${sql.raw(concurrently ? " concurrently" : "")} if not exists ${sql.identifier(name)}
          on ${table} using ${sql.identifier(method)} (${parts})${
            settings.length === 0 ? sql`` : sql` with (${sql.join(settings, sql`, `)})`
          }${where === undefined ? sql`` : sql` where ${where}`}`;
    return [{ name: stored(name), kind: method, statement }];
  });
}

interface IndexedPart {
  name?: string;
  indexConfig?: { opClass?: string; order?: "asc" | "desc"; nulls?: "first" | "last" };
}

function part(table: PgTable, { name = "", indexConfig = {} }: IndexedPart): SQL {
  const column = Object.values(getTableColumns(table)).find((own) => own.name === name) as PgColumn;
  const { opClass, order, nulls } = indexConfig;
  // In parentheses it may be said with its table, as Drizzle says it; Postgres takes a mere column for what it is.
  if (opClass !== undefined) return sql`(${column}) ${sql.raw(opClass)}`;
  const wanted = `${order === "desc" ? " desc" : ""}${nulls === "first" ? " nulls first" : order === "desc" ? " nulls last" : ""}`;
  return sql`(${column})${sql.raw(wanted)}`;
}

/** Storage parameters are numbers, words and booleans, and cannot be sent as parameters. */
function setting(value: unknown): string {
  return typeof value === "number" || typeof value === "boolean" ? String(value) : `'${String(value).replaceAll("'", "''")}'`;
}

/** drizzle-kit's name for an index that was given none. */
function nameOf(table: PgTable, columns: readonly object[]): string | undefined {
  const names = columns.map((column) => (is(column, SQL) ? undefined : (column as IndexedPart).name));
  return names.includes(undefined) ? undefined : `${getTableConfig(table).name}_${names.join("_")}_index`;
}

/** A name as Postgres keeps it: the first 63 bytes. */
function stored(name: string): string {
  const bytes = Buffer.from(name);
  return bytes.length <= 63
    ? name
    : bytes
        .subarray(0, 63)
        .toString("utf8")
        .replace(/\uFFFD$/, "");
}
