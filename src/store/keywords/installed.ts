// Whether an extension and its index are in the database: the same question for all of them.
import { type SQL, sql } from "drizzle-orm";
import { getTableConfig, type PgTable } from "drizzle-orm/pg-core";
import { type Database, rows } from "../../db/database.ts";
import { quotedName } from "../../db/names.ts";
import { MissingExtensionError, MissingMigrationError } from "../../errors.ts";

export interface Needed {
  /** The ranker's name. */
  by: string;
  extension: string;
  /** Names that the access method of its indexes has had. */
  methods: readonly string[];
  /** Undefined: any index of the table by this method. */
  index: string | undefined;
  /** What creates it. */
  create: string;
}

/**
 * @throws MissingExtensionError when the extension is not in the database.
 * @throws MissingMigrationError when the index is not there, is another table's or another kind's, or was not built to its end.
 */
export async function checkInstalled(db: Database, table: PgTable, { by, extension, methods, index, create }: Needed) {
  const isIt = index === undefined ? sql`true` : sql`pg_index.indexrelid = to_regclass(${qualified(table, index)})`;
  const list = sql.join(
    methods.map((method) => sql`${method}`),
    sql`, `,
  );
  const [found] = await rows<{ version: string | null; indexed: boolean }>(
    db,
    sql`select (select extversion from pg_extension where extname = ${extension}) as version,
      exists (
        select from pg_index inner join pg_class on pg_class.oid = pg_index.indexrelid inner join pg_am on pg_am.oid = pg_class.relam
        where pg_index.indrelid = to_regclass(${quotedName(table)}) and indisvalid and amname in (${list}) and ${isIt}
      ) as indexed`,
  );
  if (!found?.version) {
    throw new MissingExtensionError(
      `keywords: ${by} needs the extension ${extension}, which is not in this database. Install it on the server, then: CREATE EXTENSION ${extension} CASCADE.`,
    );
  }
  if (!found.indexed) {
    const what =
      index === undefined
        ? `Table ${quotedName(table)} has no index of it`
        : `There is no such index "${index}" of ${quotedName(table)}`;
    throw new MissingMigrationError(`keywords: ${by}: ${what}. Create it in a migration: ${create}`);
  }
}

/** An index is in its table's schema: `"schema"."index"`, or `"index"` where the search path decides. */
export function qualified(table: PgTable, index: string): string {
  const { schema } = getTableConfig(table);
  const quote = (part: string) => `"${part.replaceAll('"', '""')}"`;
  return schema === undefined ? quote(index) : `${quote(schema)}.${quote(index)}`;
}

/** A text as a constant of the statement: what names an index has to be known when it is planned. */
export function constant(text: string): SQL {
  return sql.raw(`'${text.replaceAll("'", "''")}'`);
}
