// Vectors on their way to the server. Binary where the driver can: text costs ten times the time.
import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import type { PgColumn } from "drizzle-orm/pg-core";
import { type Database, driverOf } from "./database.ts";

/** The types of pgvector that have distances. */
export type VectorType = "vector" | "halfvec" | "sparsevec";

/** A vector to search near: dense, or a sparse one as pgvector's text. */
export type QueryVector = Float32Array | string;

/** How dense vectors travel: as pgvector's binary format, or as its text, which every server and driver can read. */
export type VectorFormat = "binary" | "text";

/** The format for a handle: only `pg` sends binary parameters; PGlite and unknown drivers get text. */
export function vectorFormat(db: Database, wanted: VectorFormat = "binary"): VectorFormat {
  return wanted === "binary" && driverOf(db) === "node-postgres" ? "binary" : "text";
}

/**
 * A vector as one parameter of a statement.
 *
 * `pg` sends a Buffer in binary format: the layout of pgvector's `vector_recv` is int16 dimensions, int16 zero, then the numbers as
 * float32, big-endian.
 */
export function vectorParam(vector: QueryVector, type: VectorType, format: VectorFormat): SQL {
  // The server rounds to halfvec by itself: Node 20 has no 16-bit floats to make its binary form of.
  return type === "halfvec" && format === "binary"
    ? sql`${encodedVector(vector, format)}::vector::halfvec`
    : sql`${encodedVector(vector, format)}::${sql.raw(type)}`;
}

/** The value of that parameter. */
export function encodedVector(vector: QueryVector, format: VectorFormat): Buffer | string {
  if (typeof vector === "string") return vector;
  return format === "binary" ? vectorToBuffer(vector) : vectorToText(vector);
}

/** pgvector's text format, `[1,2,3]`. */
export function vectorToText(vector: Float32Array): string {
  return `[${vector.join(",")}]`;
}

/** pgvector's binary format of `vector`: 4 + 4 × dimensions bytes. */
export function vectorToBuffer(vector: Float32Array): Buffer {
  const buffer = Buffer.allocUnsafe(4 + 4 * vector.length);
  buffer.writeInt16BE(vector.length, 0);
  buffer.writeInt16BE(0, 2);
  buffer.set(new Uint8Array(vector.buffer, vector.byteOffset, 4 * vector.length), 4);
  // Float32Array has the machine's order, which is little-endian on everything Node runs on.
  buffer.subarray(4).swap32();
  return buffer;
}

/** A stored vector as results hold it, in either format. */
export function storedVector(column: PgColumn, format: VectorFormat): SQL<Float32Array> {
  const vector = format === "binary" ? sql`vector_send(${column}::vector)` : sql`${column}::text`;
  return vector.mapWith(readVector) as SQL<Float32Array>;
}

function readVector(value: Uint8Array | string): Float32Array {
  if (typeof value === "string") return Float32Array.from(JSON.parse(value) as number[]);
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  return Float32Array.from({ length: view.getInt16(0) }, (_, i) => view.getFloat32(4 + 4 * i));
}
