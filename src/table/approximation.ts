// What an index over vectors is made of: the vectors themselves, or something shorter that stands for them. The index and the search have to
// write the same expression, or the planner does not see that they belong together; so both get it from here.
import { type SQL, sql } from "drizzle-orm";
import type { PgColumn } from "drizzle-orm/pg-core";
import { ConfigurationError } from "../errors.ts";

/**
 * What an index holds for each vector:
 * `full`: the vector as the column stores it, up to 2,000 dimensions for `vector` and 4,000 for `halfvec`;
 * `half`: 2 bytes a number instead of 4, up to 4,000 dimensions;
 * `binary`: one bit a number, its sign; up to 16,000 dimensions, which is what a column stores.
 */
export type IndexKind = "full" | "half" | "binary";

export interface Approximation {
  kind: IndexKind;
  /** How many leading dimensions the index holds; undefined: all. */
  subvector: number | undefined;
}

/** Types of columns that can be indexed by an expression. */
export type DenseType = "vector" | "halfvec";

/** Most dimensions of an HNSW index of each kind. 64,000 bits could be indexed, but a column stores no more than 16,000 numbers. */
const limits = { vector: 2000, halfvec: 4000, binary: 16_000 } as const;

/** Type and length of the vectors in a column; undefined for a column of another type, or one that takes vectors of any length. */
export function denseColumn(column: PgColumn): { type: DenseType; dimensions: number } | undefined {
  const found = column.getSQLType().match(/^(vector|halfvec)\((\d+)\)$/);
  return found === null ? undefined : { type: found[1] as DenseType, dimensions: Number(found[2]) };
}

/** The kind of index for a column when none is asked for: the most exact one that takes so many dimensions. */
export function defaultKind(type: DenseType, dimensions: number): IndexKind {
  if (dimensions <= limits[type]) return "full";
  return dimensions <= limits.halfvec ? "half" : "binary";
}

/**
 * @throws ConfigurationError when no such index can be made of vectors of this type and length; it says which could.
 */
export function checkApproximation({ kind, subvector }: Approximation, type: DenseType, dimensions: number): void {
  if (!["full", "half", "binary"].includes(kind)) {
    throw new ConfigurationError(`index: "${kind}" is not a kind of index. Use "full", "half" or "binary".`);
  }
  if (subvector !== undefined && !(Number.isInteger(subvector) && subvector >= 1 && subvector < dimensions)) {
    throw new ConfigurationError(
      `subvector: ${subvector} is not between 1 and ${dimensions - 1}, the leading part of the vector.`,
    );
  }
  const length = subvector ?? dimensions;
  const limit = kind === "binary" ? limits.binary : kind === "half" ? limits.halfvec : limits[type];
  if (length <= limit) return;
  const remedy =
    kind === "binary" ? "" : ` Use index: "${defaultKind("halfvec", length).replace("full", "half")}", or subvector.`;
  throw new ConfigurationError(`An index of kind "${kind}" over ${type} takes ${limit} dimensions, not ${length}.${remedy}`);
}

/** The vector as the index has it: `embedding::halfvec(3072)`. For `full` without `subvector`, the vector itself. */
export function approximated(vector: SQL, { kind, subvector }: Approximation, type: DenseType, dimensions: number): SQL {
  const length = sql.raw(String(subvector ?? dimensions));
  // subvector() forgets the length, which an index has to know: hence the cast.
  const part = subvector === undefined ? vector : sql`subvector(${vector}, 1, ${length})`;
  if (kind === "binary") return sql`binary_quantize(${part})::bit(${length})`;
  if (kind === "half" && type === "vector") return sql`${part}::halfvec(${length})`;
  return subvector === undefined ? vector : sql`${part}::${sql.raw(type)}(${length})`;
}

/** The operator class for it, such as `halfvec_cosine_ops`. */
export function operatorClassOf({ kind }: Approximation, type: DenseType, metric: string): string {
  if (kind === "binary") return "bit_hamming_ops";
  return `${kind === "half" ? "halfvec" : type}_${metric}_ops`;
}

/** Reads the kind back from an index's expression; undefined when it is none of them. */
export function approximationIn(expression: string): Approximation | undefined {
  const leading = expression.match(/\bsubvector\s*\(.*?,\s*1\s*,\s*(\d+)\s*\)/i)?.[1];
  const subvector = leading === undefined ? undefined : Number(leading);
  if (/\bbinary_quantize\s*\(/i.test(expression)) return { kind: "binary", subvector };
  if (/::\s*halfvec\b/i.test(expression)) return { kind: "half", subvector };
  return subvector === undefined ? undefined : { kind: "full", subvector };
}

const note = Symbol.for("drizzle-rag:index");

/** Notes on a column, while it is built, how it is to be indexed: so that it is said once, where its dimensions are. */
export function noted<Builder extends object>(builder: Builder, wanted: Partial<Approximation>): Builder {
  // Drizzle hands the builder's config on to the column and does not publish it.
  Object.assign((builder as unknown as { config: object }).config, { [note]: wanted });
  return builder;
}

/** What was noted; empty for other columns. */
export function noteOn(column: PgColumn): Partial<Approximation> {
  return (column as unknown as { config?: { [note]?: Partial<Approximation> } }).config?.[note] ?? {};
}
