// The indexes that searches over a table of chunks need.
import { getTableColumns } from "drizzle-orm";
import type { ExtraConfigColumn, PgColumn, PgTable } from "drizzle-orm/pg-core";
import { index } from "drizzle-orm/pg-core";
import { ConfigurationError } from "../errors.ts";

/** How near two vectors are: by angle, by inner product (for vectors of length one), by Euclidean or by city-block distance. */
export type Metric = "cosine" | "ip" | "l2" | "l1";

export interface ChunkIndexesOptions {
  /** Default: `cosine`. The collection has to be told the same one. */
  metric?: Metric;
  /** HNSW: neighbours of a node in a layer, 2 to 100. Default: 16. */
  m?: number;
  /** HNSW: candidates looked at while building, 4 to 1,000, at least twice `m`. Default: 64. */
  efConstruction?: number;
  /** The columns that refer to the document. Default: those that are declared with `.references()`, if there are any. */
  parent?: ExtraConfigColumn[];
  /** Names, where the defaults `<table>_embedding_idx`, `<table>_search_idx` and `<table>_parent_idx` do not suit. */
  names?: { embedding?: string; search?: string; parent?: string };
}

/** The columns of `chunkColumns()` as a table's second callback gets them. */
export interface IndexedColumns {
  ordinal: ExtraConfigColumn;
  embedding: ExtraConfigColumn;
  search?: ExtraConfigColumn;
}

/**
 * Indexes for a table made with `chunkColumns()`: HNSW over the embedding, GIN over the words, and a B-tree over the reference
 * to the document and the ordinal, which deletes and neighbours of a hit need.
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
    ...options.names,
  };
  const { m, efConstruction } = options;
  const settings = { ...(m !== undefined && { m }), ...(efConstruction !== undefined && { ef_construction: efConstruction }) };
  const parent = options.parent ?? referencingColumns(t);

  const hnsw = index(names.embedding).using(
    "hnsw",
    t.embedding.op(operatorClass(realColumn(t.embedding), options.metric ?? "cosine")),
  );
  const indexes = [Object.keys(settings).length === 0 ? hnsw : hnsw.with(settings)];
  if (t.search !== undefined) indexes.push(index(names.search).using("gin", t.search));
  const [first, ...rest] = [...parent, t.ordinal];
  if (parent.length > 0 && first !== undefined) indexes.push(index(names.parent).on(first, ...rest));
  return indexes;
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
