// Which language a collection's words are in: one for all rows, or each row's own.
import { getTableColumns, getTableName } from "drizzle-orm";
import type { PgColumn, PgTable } from "drizzle-orm/pg-core";
import { ConfigurationError } from "../errors.ts";
import { languageOf } from "../table/tsvector.ts";
import { describe, isColumn, named, reader } from "./columns.ts";
import type { AnyRow, NamedColumn, Shape } from "./shape.ts";
import type { Field } from "./types.ts";

/** What a document says of its language, and the column of its chunks that it is written to. */
export interface DocumentLanguage {
  column: NamedColumn;
  /** The document's column; undefined for a function. */
  key: string | undefined;
  read: (row: AnyRow) => unknown;
}

/**
 * Resolves the option `language` against the tables.
 * @throws ConfigurationError for a column that cannot hold a language, and for documents with a language whose chunks have no place for it.
 */
export function resolveLanguage(
  { language: given }: { language?: unknown },
  documents: PgTable,
  passages: PgTable,
  search: PgColumn | undefined,
): Pick<Shape, "language" | "documentLanguage"> {
  const declared = search && languageOf(search);
  if (typeof given === "string") return { language: given, documentLanguage: undefined };
  if (isColumn(given) && given.table === passages)
    return { language: checked(named(passages, given).column), documentLanguage: undefined };
  const own = typeof declared === "object" ? columnOf(passages, declared.column) : undefined;
  if (given === undefined)
    return { language: own?.column ?? (typeof declared === "string" ? declared : "english"), documentLanguage: undefined };
  // A column of another table is told by its name.
  if (isColumn(given)) checked(named(documents, given).column);
  else if (documents === passages) {
    throw new ConfigurationError(
      "language: a function of the row needs a table of chunks to write its result to. Give the column that holds the row's language.",
    );
  }
  if (own === undefined) {
    throw new ConfigurationError(
      `Table "${getTableName(passages)}" has no column for the language of its rows. Add one, language: regconfig().notNull(), and say so: chunkColumns({ …, language: { column: "language" } }).`,
    );
  }
  const { key, read } = reader(documents, given as Field<PgTable, unknown>);
  return { language: own.column, documentLanguage: { column: own, key, read } };
}

/** By its name in SQL; where names are made by Drizzle's `casing`, the only one of its type. */
function columnOf(table: PgTable, name: string): NamedColumn {
  const columns = Object.entries(getTableColumns(table)).map(([key, column]) => ({ key, column }));
  const ofType = columns.filter(({ column }) => column.getSQLType() === "regconfig");
  const found = columns.find(({ column }) => column.name === name) ?? (ofType.length === 1 ? ofType[0] : undefined);
  if (found === undefined) {
    throw new ConfigurationError(
      `Table "${getTableName(table)}" has no column "${name}", which its tsvector column says to hold each row's language. Add it: regconfig("${name}").notNull().`,
    );
  }
  checked(found.column);
  return found;
}

function checked(column: PgColumn): PgColumn {
  if (/^(regconfig|text|varchar)\b/.test(column.getSQLType())) return column;
  throw new ConfigurationError(
    `${describe(column)} is of type ${column.getSQLType()}; a row's language is the name of a text search configuration. Use regconfig() from drizzle-rag/table, or text.`,
  );
}
