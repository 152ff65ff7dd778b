// Vectors on their way to the server. Binary where the driver can: text costs ten times the time.
import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import type { PgColumn } from "drizzle-orm/pg-core";
import type { Driver } from "./database.ts";

/** The types of pgvector that have distances. */
export type VectorType = "vector" | "halfvec" | "sparsevec";

/** A vector to search near: dense, or a sparse one as pgvector's text. */
export type QueryVector = Float32Array | string;

/**
 * A vector as one parameter of a statement.
 *
 * `pg` sends a Buffer in binary format: the layout of pgvector's `vector_recv` is int16 dimensions, int16 zero, then the numbers as
 * float32, big-endian. PGlite and unknown drivers get text.
 */
export function vectorParam(vector: QueryVector, type: VectorType, driver: Driver): SQL {
  // The server rounds to halfvec by itself: Node 20 has no 16-bit floats to make its binary form of.
  return type === "halfvec" && driver === "node-postgres"
    ? sql`${encodedVector(vector, driver)}::vector::halfvec`
    : sql`${encodedVector(vector, driver)}::${sql.raw(type)}`;
}

/** The value of that parameter. */
export function encodedVector(vector: QueryVector, driver: Driver): Buffer | string {
  if (typeof vector === "string") return vector;
  return driver === "node-postgres" ? vectorToBuffer(vector) : vectorToText(vector);
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

/** A stored vector as results hold it, brought with least cost: in pgvector's binary format by `pg`, else as text. */
export function storedVector(column: PgColumn, driver: Driver): SQL<Float32Array> {
  const vector = driver === "node-postgres" ? sql`vector_send(${column}::vector)` : sql`${column}::text`;
  return vector.mapWith(readVector) as SQL<Float32Array>;
}

function readVector(value: Uint8Array | string): Float32Array {
  if (typeof value === "string") return Float32Array.from(JSON.parse(value) as number[]);
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  return Float32Array.from({ length: view.getInt16(0) }, (_, i) => view.getFloat32(4 + 4 * i));
}
