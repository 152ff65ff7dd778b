// Postgres' full-text types as Drizzle columns: search words, with the language they are made for, and the name of a language.
import type { PgColumn } from "drizzle-orm/pg-core";
import { customType } from "drizzle-orm/pg-core";

/** Marks a column's type so that results leave it out. It is never read as a value. */
export interface TsVector {
  readonly tsvector: never;
}

/** The column of the same table, by its name in SQL, that holds each row's language. */
export interface LanguageColumn {
  column: string;
}

interface TsVectorConfig {
  /**
   * A text search configuration of the database: `english`, `german`, `simple`, … (`\dF` in psql lists them); or, where each row has its
   * own, the column that holds it.
   */
  language: string | LanguageColumn;
}

/** A `tsvector` column. `language` is what the column was made with, and what queries against it are read with. */
export const tsvector = customType<{ data: TsVector; driverData: string; config: TsVectorConfig }>({
  dataType: () => "tsvector",
});

/**
 * A column for the name of a text search configuration, such as `english`. Unlike text, `to_tsvector` takes it in a generated column: what
 * the name means cannot change. Postgres refuses names that it does not have.
 */
export const regconfig = customType<{ data: string; driverData: string }>({ dataType: () => "regconfig" });

/**
 * The language of a column that `tsvector()` or `chunkColumns()` made, or the column that holds it.
 * Undefined for other columns: a table that was introspected, or a plain custom type.
 */
export function languageOf(column: PgColumn): string | LanguageColumn | undefined {
  // Drizzle keeps a custom type's config on the column but does not publish it.
  const { config } = column as unknown as { config?: { fieldConfig?: Partial<TsVectorConfig> } };
  return config?.fieldConfig?.language;
}
