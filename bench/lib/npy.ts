// Reads .npy, NumPy's format: a short header with type and shape, then the numbers, little-endian, row by row.
import { readFile } from "node:fs/promises";

/** Rows of a two-dimensional array. @throws Error for a type that none of the test data has. */
export async function readNpy(path: string): Promise<Float32Array[]> {
  const bytes = await readFile(path);
  const start = 10 + bytes.readUInt16LE(8);
  const header = bytes.toString("latin1", 10, start);
  const type = header.match(/'descr': '[<|]?(\w+)'/)?.[1] ?? "";
  const [rows = 0, columns = 1] = (header.match(/'shape': \(([^)]*)\)/)?.[1] ?? "")
    .split(",")
    .filter((n) => n.trim())
    .map(Number);
  const reader = readers[type];
  if (reader === undefined)
    throw new Error(`${path} holds ${type || "something else"}; readable are ${Object.keys(readers).join(", ")}.`);
  const { size, read } = reader;
  return Array.from({ length: rows }, (_, row) =>
    Float32Array.from({ length: columns }, (_, column) => read(bytes, start + size * (row * columns + column))),
  );
}

const readers: Record<string, { size: number; read: (bytes: Buffer, at: number) => number }> = {
  u1: { size: 1, read: (bytes, at) => bytes.readUInt8(at) },
  i4: { size: 4, read: (bytes, at) => bytes.readInt32LE(at) },
  i8: { size: 8, read: (bytes, at) => Number(bytes.readBigInt64LE(at)) },
  f2: { size: 2, read: (bytes, at) => half(bytes.readUInt16LE(at)) },
  f4: { size: 4, read: (bytes, at) => bytes.readFloatLE(at) },
};

/** IEEE 754 half precision. */
function half(bits: number): number {
  const sign = bits >> 15 === 0 ? 1 : -1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}
