// Names of tables as Postgres takes them in text, such as `'"rag"."chunks"'::regclass`.
import { getTableConfig, type PgTable } from "drizzle-orm/pg-core";

/** `"schema"."table"`, or `"table"` where the search path decides. */
export function quotedName(table: PgTable): string {
  const { schema, name } = getTableConfig(table);
  const quote = (part: string) => `"${part.replaceAll('"', '""')}"`;
  return schema === undefined ? quote(name) : `${quote(schema)}.${quote(name)}`;
}
