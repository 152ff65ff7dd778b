// Values in Postgres' binary format, for COPY: each type as its `_send` function writes it (PostgreSQL source, src/backend/utils/adt).
import type { PgColumn } from "drizzle-orm/pg-core";
import { vectorToBuffer } from "./vectors.ts";

/** Encodes what Drizzle would hand to the driver; undefined: this value cannot be told in binary. */
export type BinaryEncoder = (value: unknown) => Buffer | undefined;

const epoch2000 = Date.UTC(2000, 0, 1);

const encoders: Record<string, BinaryEncoder> = {
  smallint: (value) => integer(value, 2),
  integer: (value) => integer(value, 4),
  serial: (value) => integer(value, 4),
  bigint: (value) => integer(value, 8),
  bigserial: (value) => integer(value, 8),
  boolean: (value) => (typeof value === "boolean" ? Buffer.of(value ? 1 : 0) : undefined),
  real: (value) => float(value, 4),
  "double precision": (value) => float(value, 8),
  text,
  varchar: text,
  json: text,
  jsonb: (value) => (typeof value === "string" ? Buffer.concat([Buffer.of(1), Buffer.from(value)]) : undefined),
  uuid: (value) => {
    const digits = typeof value === "string" ? value.replaceAll("-", "") : "";
    return /^[0-9a-f]{32}$/i.test(digits) ? Buffer.from(digits, "hex") : undefined;
  },
  // Only what a Date can hold: a string may tell microseconds, or a time zone by name.
  timestamp: timestamp,
  "timestamp with time zone": timestamp,
  vector: (value) => (value instanceof Float32Array ? vectorToBuffer(value) : undefined),
};

/** The encoder for a column, or undefined for a type that is not among those above. */
export function binaryEncoder(column: PgColumn): BinaryEncoder | undefined {
  return encoders[column.getSQLType().replace(/\s*\(.*?\)/, "")];
}

function text(value: unknown): Buffer | undefined {
  return typeof value === "string" ? Buffer.from(value) : undefined;
}

function integer(value: unknown, bytes: 2 | 4 | 8): Buffer | undefined {
  const buffer = Buffer.allocUnsafe(bytes);
  try {
    const whole = BigInt(value as number | string | bigint);
    if (bytes === 8) buffer.writeBigInt64BE(whole);
    else if (bytes === 4) buffer.writeInt32BE(Number(whole));
    else buffer.writeInt16BE(Number(whole));
    return buffer;
  } catch {
    // Not a number, or too large for the type: Postgres' own words are better than ours.
    return undefined;
  }
}

function float(value: unknown, bytes: 4 | 8): Buffer | undefined {
  if (typeof value !== "number") return undefined;
  const buffer = Buffer.allocUnsafe(bytes);
  if (bytes === 4) buffer.writeFloatBE(value);
  else buffer.writeDoubleBE(value);
  return buffer;
}

/** Microseconds since 2000. */
function timestamp(value: unknown): Buffer | undefined {
  const milliseconds = typeof value === "string" && /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value) ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(milliseconds)) return undefined;
  const buffer = Buffer.allocUnsafe(8);
  buffer.writeBigInt64BE(BigInt(milliseconds - epoch2000) * 1000n);
  return buffer;
}
