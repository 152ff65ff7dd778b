// The indexes that searches over a table of chunks need.
import { getTableColumns, sql } from "drizzle-orm";
import type { ExtraConfigColumn, PgColumn, PgTable } from "drizzle-orm/pg-core";
import { index } from "drizzle-orm/pg-core";
import { ConfigurationError } from "../errors.ts";
import {
  type Approximation,
  approximated,
  checkApproximation,
  defaultKind,
  denseColumn,
  type IndexKind,
  noteOn,
  operatorClassOf,
} from "./approximation.ts";
import { languageOf } from "./tsvector.ts";

/** How near two vectors are: by angle, by inner product (for vectors of length one), by Euclidean or by city-block distance. */
export type Metric = "cosine" | "ip" | "l2" | "l1";

export interface VectorIndexOptions {
  /** Default: `cosine`. The collection finds it out from the table. */
  metric?: Metric;
  /**
   * What the index holds for each vector. The collection finds it out from the table. Default: what `chunkColumns()` was told; else `full`
   * up to 2,000 dimensions (`halfvec`: 4,000), `half` up to 4,000, `binary` above.
   */
  index?: IndexKind;
  /** How many leading dimensions go into the index, for models that were trained for it (Matryoshka). Default: all. */
  subvector?: number;
  /** HNSW: neighbours of a node in a layer, 2 to 100. Default: 16. */
  m?: number;
  /** HNSW: candidates looked at while building, 4 to 1,000, at least twice `m`. Default: 64. */
  efConstruction?: number;
}

export interface ChunkIndexesOptions extends VectorIndexOptions {
  /** The columns that refer to the document. Default: those that are declared with `.references()`, if there are any. */
  parent?: ExtraConfigColumn[];
  /**
   * Names, where the defaults `<table>_embedding_idx`, `<table>_search_idx`, `<table>_parent_idx` and `<table>_language_idx` do not suit.
   */
  names?: { embedding?: string; search?: string; parent?: string; language?: string };
}

/** The columns of `chunkColumns()` as a table's second callback gets them. */
export interface IndexedColumns {
  ordinal: ExtraConfigColumn;
  embedding: ExtraConfigColumn;
  search?: ExtraConfigColumn;
}

/**
 * Indexes for a table made with `chunkColumns()`: HNSW over the embedding, GIN over the words, and a B-tree over the reference
 * to the document and the ordinal, which deletes and neighbours of a hit need. Where each row has its language, a B-tree over that too,
 * which tells keyword search the languages there are.
 *
 * @example pgTable("article_chunks", { … }, (t) => chunkIndexes(t))
 */
export function chunkIndexes(t: IndexedColumns, options: ChunkIndexesOptions = {}) {
  const { table } = t.embedding;
  const name = tableName(table);
  const names = {
    embedding: `${name}_embedding_idx`,
    search: `${name}_search_idx`,
    parent: `${name}_parent_idx`,
    language: `${name}_language_idx`,
    ...options.names,
  };
  const parent = options.parent ?? referencingColumns(t);

  const indexes = [vectorIndex(names.embedding, t.embedding, options)];
  if (t.search !== undefined) indexes.push(index(names.search).using("gin", t.search));
  const language = languageColumn(t);
  if (language !== undefined) indexes.push(index(names.language).on(language));
  const [first, ...rest] = [...parent, t.ordinal];
  if (parent.length > 0 && first !== undefined) indexes.push(index(names.parent).on(first, ...rest));
  return indexes;
}

/**
 * An HNSW index over a vector column of any table, in full or by something shorter.
 *
 * @example pgTable("products", { …, embedding: vector({ dimensions: 3072 }) }, (t) => [vectorIndex("products_near", t.embedding, { index: "half" })])
 * @throws ConfigurationError when the column holds no vectors, or an index of this kind does not take so many dimensions.
 */
export function vectorIndex(name: string, column: ExtraConfigColumn, options: VectorIndexOptions = {}) {
  const { m, efConstruction, metric = "cosine" } = options;
  const settings = { ...(m !== undefined && { m }), ...(efConstruction !== undefined && { ef_construction: efConstruction }) };
  const hnsw = index(name).using("hnsw", indexed(column, realColumn(column), options, metric));
  return Object.keys(settings).length === 0 ? hnsw : hnsw.with(settings);
}

function indexed(column: ExtraConfigColumn, real: PgColumn, options: VectorIndexOptions, metric: Metric) {
  const dense = denseColumn(real);
  if (dense === undefined) return column.op(operatorClass(real, metric));
  const { type, dimensions } = dense;
  const noted = noteOn(real);
  const subvector = options.subvector ?? noted.subvector;
  const chosen: Approximation = { kind: options.index ?? noted.kind ?? defaultKind(type, subvector ?? dimensions), subvector };
  checkApproximation(chosen, type, dimensions);
  const opClass = operatorClassOf(chosen, type, metric);
  const plain = subvector === undefined && (chosen.kind === "full" || (chosen.kind === "half" && type === "halfvec"));
  if (plain) return column.op(opClass as "vector_cosine_ops");
  return sql`(${approximated(sql`${column}`, chosen, type, dimensions)}) ${sql.raw(opClass)}`;
}

/** pgvector's operator class for a column and a metric, such as `vector_cosine_ops`. */
export function operatorClass(column: PgColumn, metric: Metric) {
  const type = column.getSQLType().match(/^(vector|halfvec|sparsevec)/)?.[1];
  if (type === undefined) {
    throw new ConfigurationError(
      `Column "${column.name}" is of type ${column.getSQLType()}; an index over meaning needs a vector column.`,
    );
  }
  return `${type}_${metric}_ops` as "vector_cosine_ops";
}

/**
 * The column with each row's language, where the words are made by one.
 * @throws ConfigurationError when it is of a type that `chunkColumns()` cannot make words by: a cast to regconfig is not immutable.
 */
function languageColumn(t: IndexedColumns): ExtraConfigColumn | undefined {
  const search = t.search && realColumn(t.search);
  const language = search && languageOf(search);
  if (typeof language !== "object") return undefined;
  const found = (Object.values(t) as ExtraConfigColumn[]).find(({ name }) => name === language.column);
  const type = found && realColumn(found).getSQLType();
  if (type !== undefined && type !== "regconfig") {
    throw new ConfigurationError(
      `Column "${language.column}" is of type ${type}, which a generated tsvector column cannot be made by. Use regconfig("${language.column}") from drizzle-rag/table.`,
    );
  }
  return found;
}

/** The columns that a table's callback is given do not know their own SQL type (drizzle-orm 0.45 recurses); the table's do. */
function realColumn(column: ExtraConfigColumn): PgColumn {
  return Object.values(getTableColumns(column.table as PgTable)).find(({ name }) => name === column.name) ?? column;
}

const symbols = { name: Symbol.for("drizzle:Name"), foreignKeys: Symbol.for("drizzle:PgInlineForeignKeys") };

function tableName(table: object): string {
  return (table as { [symbols.name]: string })[symbols.name] as string;
}

/** Drizzle's getTableConfig() would run this very callback again, so the references are read where Drizzle keeps them. */
function referencingColumns(t: IndexedColumns): ExtraConfigColumn[] {
  const { table } = t.embedding;
  const keys = (table as unknown as { [key: symbol]: { reference: () => { columns: PgColumn[] } }[] | undefined })[
    symbols.foreignKeys
  ];
  const names = new Set((keys ?? []).flatMap((key) => key.reference().columns.map(({ name }) => name)));
  return (Object.values(t) as ExtraConfigColumn[]).filter(({ name }) => names.has(name));
}
