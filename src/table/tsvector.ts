// Postgres' full-text type as a Drizzle column, with the language it is made for.
import type { PgColumn } from "drizzle-orm/pg-core";
import { customType } from "drizzle-orm/pg-core";

/** Marks a column's type so that results leave it out. It is never read as a value. */
export interface TsVector {
  readonly tsvector: never;
}

interface TsVectorConfig {
  /** A text search configuration of the database: `english`, `german`, `simple`, … (`\dF` in psql lists them). */
  language: string;
}

/** A `tsvector` column. `language` is what the column was made with, and what queries against it are read with. */
export const tsvector = customType<{ data: TsVector; driverData: string; config: TsVectorConfig }>({
  dataType: () => "tsvector",
});

/**
 * The language of a column that `tsvector()` or `chunkColumns()` made.
 * Undefined for other columns: a table that was introspected, or a plain custom type.
 */
export function languageOf(column: PgColumn): string | undefined {
  // Drizzle keeps a custom type's config on the column but does not publish it.
  const { config } = column as unknown as { config?: { fieldConfig?: Partial<TsVectorConfig> } };
  return config?.fieldConfig?.language;
}
