// Finds out, once, what a collection's tables are made of: keys, the reference between them, and which column holds what.
import { getTableColumns, getTableName } from "drizzle-orm";
import type { PgColumn, PgTable } from "drizzle-orm/pg-core";
import { getTableConfig } from "drizzle-orm/pg-core";
import type { VectorFormat, VectorType } from "../db/vectors.ts";
import { ConfigurationError } from "../errors.ts";
import type { Metric } from "../table/indexes.ts";
import { describe, isColumn, named, reader } from "./columns.ts";
import type { KeywordRanker } from "./keywords/ranker.ts";
import { type DocumentLanguage, resolveLanguage } from "./language.ts";
import { type UsedIndex, usedIndex } from "./search/used-index.ts";
import type { CollectionOptions, Field } from "./types.ts";

/** A column with the name that rows know it by. */
export interface NamedColumn {
  key: string;
  column: PgColumn;
}

/** A row as Drizzle returns it. Which columns it has only the user's types know. */
export type AnyRow = Record<string, unknown>;

/** The columns of the table that vectors are in. Those that a single table does not have are undefined. */
export interface PassageColumns {
  embedding: NamedColumn;
  search: PgColumn | undefined;
  hash: NamedColumn | undefined;
  text: NamedColumn | undefined;
}

export interface Shape {
  documents: PgTable;
  documentKey: NamedColumn[];
  /** Columns of a document that results hold. */
  documentColumns: Record<string, PgColumn>;
  /** The table that is searched: the chunks, or the documents themselves. */
  passages: PgTable;
  passageKey: NamedColumn[];
  passageColumns: Record<string, PgColumn>;
  columns: PassageColumns;
  /** From chunks to documents; empty when a document is its own passage. */
  reference: { chunk: NamedColumn; document: NamedColumn }[];
  chunked: boolean;
  dimensions: number;
  vectorType: VectorType;
  /** The format that was asked for; what a handle can do is another question. */
  vectorFormat: VectorFormat;
  metric: Metric;
  /** What the index over the vectors holds. */
  index: UsedIndex;
  /** Id of what makes the collection's vectors. */
  embedder: string | undefined;
  /** The extension that ranks by words; undefined: this package's own statement does. */
  keywords: KeywordRanker | undefined;
  /** What questions are read with: a text search configuration, or the column of the table that is searched which holds each row's. */
  language: string | PgColumn;
  /** Where the chunks' language comes from, when it is the document that has it. */
  documentLanguage: DocumentLanguage | undefined;
  /** The document's text, and the name to report when it is bad. */
  textOf: (row: AnyRow) => unknown;
  textField: string;
  /** Keys of the document's columns that the text, title and chunking depend on; undefined: a function, so any of them. */
  textKeys: Set<string> | undefined;
  /** Columns of the document that a hit is made of, beside its row; undefined: a function reads them, so it may be any. */
  shownColumns: Record<string, PgColumn> | undefined;
  titleOf: (row: AnyRow) => string | undefined;
  sourceOf: (row: AnyRow) => string | undefined;
  formatOf: (row: AnyRow) => "plain" | "markdown";
  bodyStartOf: (row: AnyRow) => number;
}

const roles = ["ordinal", "text", "headings", "start", "end", "hash", "embedder", "embedding"] as const;

/**
 * Resolves a collection's options against its tables.
 * @throws ConfigurationError saying which table or column does not fit and what would.
 */
export function resolveShape<D extends PgTable, C extends PgTable | undefined>(options: CollectionOptions<D, C>): Shape {
  const documents: PgTable = options.documents;
  const chunks: PgTable | undefined = options.chunks;
  const passages = chunks ?? documents;
  const columns = chunks === undefined ? singleColumns(options) : chunkedColumns(chunks);
  const dimensions = (columns.embedding.column as unknown as { dimensions?: number }).dimensions;
  const vectorType = columns.embedding.column.getSQLType().match(/^(vector|halfvec|sparsevec)\b/)?.[1] as VectorType | undefined;
  if (vectorType === undefined || dimensions === undefined) {
    throw new ConfigurationError(
      `${describe(columns.embedding.column)} has to be vector({ dimensions }), halfvec({ dimensions }) or sparsevec({ dimensions }) with its dimensions given.`,
    );
  }
  const { embedder } = options;
  if (vectorType === "sparsevec" && embedder !== undefined) {
    throw new ConfigurationError(
      `${describe(columns.embedding.column)} holds sparse vectors, which no embedder makes: leave \`embedder\` out, and give rows and questions their vectors.`,
    );
  }
  if (embedder !== undefined && embedder.dimensions !== dimensions) {
    throw new ConfigurationError(
      `${describe(columns.embedding.column)} holds ${dimensions} dimensions, the embedder "${embedder.id}" gives ${embedder.dimensions}. ` +
        `Use an embedder of ${dimensions}, or a column of ${embedder.dimensions}.`,
    );
  }
  const field = <T>(value: Field<D, T>) => reader(documents, value as Field<PgTable, T>);
  const text = field(options.text);
  const title = options.title === undefined ? undefined : field(options.title);
  const source = options.source === undefined ? undefined : field(options.source);
  const format = typeof options.format === "object" || typeof options.format === "function" ? field(options.format) : undefined;
  const bodyStart = options.bodyStart === undefined ? undefined : field(options.bodyStart);
  const languages = resolveLanguage(options, documents, passages, columns.search);
  const used = [text, title, format, bodyStart, languages.documentLanguage].filter((reader) => reader !== undefined);
  const shown = [title, source, chunks === undefined ? text : undefined].filter((reader) => reader !== undefined);
  const orNothing = (value: string | null | undefined) => value ?? undefined;
  const documentColumns = readable(documents);
  return {
    documents,
    documentKey: primaryKey(documents),
    documentColumns,
    passages,
    passageKey: primaryKey(passages),
    passageColumns: readable(passages),
    columns,
    reference: chunks === undefined ? [] : references(chunks, documents, options.reference),
    chunked: chunks !== undefined,
    dimensions,
    vectorType,
    embedder: embedder?.id,
    vectorFormat: checkedFormat(options.vectorFormat),
    ...usedIndex(passages, columns.embedding.column, options.index, options.metric),
    ...languages,
    keywords: options.keywords,
    textOf: text.read,
    textField: text.key ?? "text",
    textKeys: used.every(({ key }) => key !== undefined) ? new Set(used.map(({ key }) => key as string)) : undefined,
    shownColumns: shown.every(({ key }) => key !== undefined)
      ? Object.fromEntries(shown.map(({ key }) => [key as string, documentColumns[key as string] as PgColumn]))
      : undefined,
    titleOf: (row) => orNothing(title?.read(row)),
    sourceOf: (row) => orNothing(source?.read(row)),
    formatOf: (row) => (typeof options.format === "string" ? options.format : (format?.read(row) ?? "plain")),
    bodyStartOf: (row) => bodyStart?.read(row) ?? 0,
  };
}

function checkedFormat(format: VectorFormat = "binary"): VectorFormat {
  if (format === "binary" || format === "text") return format;
  throw new ConfigurationError(`vectorFormat: "${format}" is not a format of vectors. Use "binary", the default, or "text".`);
}

function chunkedColumns(chunks: PgTable): PassageColumns {
  const columns = getTableColumns(chunks) as Record<string, PgColumn>;
  const missing = roles.filter((role) => columns[role] === undefined);
  if (missing.length > 0) {
    throw new ConfigurationError(
      `Table "${getTableName(chunks)}" has no ${missing.join(", ")}: spread chunkColumns({ dimensions }) into it.`,
    );
  }
  const named = (key: string): NamedColumn => ({ key, column: columns[key] as PgColumn });
  return { embedding: named("embedding"), search: columns.search, hash: named("hash"), text: named("text") };
}

function singleColumns<D extends PgTable, C extends PgTable | undefined>(options: CollectionOptions<D, C>): PassageColumns {
  const table: PgTable = options.documents;
  const embedding = options.embedding ?? only(table, /^(vector|halfvec|sparsevec)\b/, "vector", "embedding");
  if (embedding === undefined) {
    throw new ConfigurationError(
      `Table "${getTableName(table)}" has no vector column. Add one, such as embedding: vector({ dimensions: ${options.embedder?.dimensions ?? 1536} }), or give a table of chunks.`,
    );
  }
  return {
    embedding: named(table, embedding),
    search: options.search ?? only(table, /^tsvector$/, "tsvector", "search"),
    hash: options.hash === undefined ? undefined : named(table, options.hash),
    text: isColumn(options.text) ? named(table, options.text) : undefined,
  };
}

/** The only column of a type; undefined where there is none. */
function only(table: PgTable, type: RegExp, what: string, option: string): PgColumn | undefined {
  const found = Object.values(getTableColumns(table)).filter((column) => type.test(column.getSQLType()));
  if (found.length > 1) {
    const names = found.map(({ name }) => `"${name}"`).join(", ");
    throw new ConfigurationError(
      `Table "${getTableName(table)}" has several ${what} columns, ${names}: say which one with \`${option}\`.`,
    );
  }
  return found[0];
}

function references(
  chunks: PgTable,
  documents: PgTable,
  given: readonly (readonly [PgColumn, PgColumn])[] | undefined,
): Shape["reference"] {
  if (given !== undefined)
    return given.map(([chunk, document]) => ({ chunk: named(chunks, chunk), document: named(documents, document) }));
  const keys = getTableConfig(chunks)
    .foreignKeys.map((key) => key.reference())
    .filter(({ foreignTable }) => foreignTable === documents);
  const [key, ...others] = keys;
  if (key === undefined || others.length > 0) {
    const many = key === undefined ? "no foreign key" : `${keys.length} foreign keys`;
    throw new ConfigurationError(
      `Table "${getTableName(chunks)}" has ${many} to "${getTableName(documents)}". Say which columns belong together: reference: [[chunks.documentId, documents.id]].`,
    );
  }
  return key.columns.map((column, i) => ({
    chunk: named(chunks, column),
    document: named(documents, key.foreignColumns[i] as PgColumn),
  }));
}

function primaryKey(table: PgTable): NamedColumn[] {
  const config = getTableConfig(table);
  const composite = config.primaryKeys[0]?.columns;
  const columns = composite ?? config.columns.filter(({ primary }) => primary);
  if (columns.length === 0)
    throw new ConfigurationError(`Table "${config.name}" has no primary key, which rows are told apart by.`);
  return columns.map((column) => named(table, column));
}

/** Columns that results hold: not vectors, not search words. */
function readable(table: PgTable): Record<string, PgColumn> {
  return Object.fromEntries(
    Object.entries(getTableColumns(table)).filter(
      ([, column]) => !/^(vector|halfvec|sparsevec|bit|tsvector)\b/.test(column.getSQLType()),
    ),
  );
}
