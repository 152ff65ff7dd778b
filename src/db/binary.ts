// Values in Postgres' binary format, for COPY: each type as its `_send` function writes it (PostgreSQL source, src/backend/utils/adt).
import type { PgColumn } from "drizzle-orm/pg-core";

/** Writes a field, its length first, of what Drizzle would hand to the driver; false: this value cannot be told in binary. */
export type BinaryEncoder = (to: BinaryWriter, value: unknown) => boolean;

/** Bytes of a piece: fewer and larger ones are no quicker to send. */
const pieceSize = 1 << 18;
/** The whole of a piece that was sent, or undefined for one of another size: what `spare` takes. */
export function wholePiece({ buffer, byteOffset }: Buffer): Buffer | undefined {
  return byteOffset === 0 && buffer.byteLength === pieceSize ? Buffer.from(buffer, 0, pieceSize) : undefined;
}

const epoch2000 = Date.UTC(2000, 0, 1);

/** What is written, in pieces that are handed to the socket as they are: no value is copied twice. */
export class BinaryWriter {
  private readonly full: Buffer[] = [];
  private piece: Buffer;
  private at = 0;

  /** Bytes in the pieces that are full. */
  private before = 0;

  /** @param spare Pieces that were written and sent before, to be written over: making new ones keeps the garbage collector busy. */
  constructor(private readonly spare: Buffer[] = []) {
    this.piece = this.next(pieceSize);
  }

  get length(): number {
    return this.before + this.at;
  }

  bytes(value: Uint8Array): void {
    this.room(value.length);
    this.piece.set(value, this.at);
    this.at += value.length;
  }

  int2(value: number): void {
    this.room(2);
    this.at = this.piece.writeInt16BE(value, this.at);
  }

  int4(value: number): void {
    this.room(4);
    this.at = this.piece.writeInt32BE(value, this.at);
  }

  int8(value: bigint): void {
    this.room(8);
    this.at = this.piece.writeBigInt64BE(value, this.at);
  }

  float(value: number, bytes: 4 | 8): void {
    this.room(8);
    this.at = bytes === 4 ? this.piece.writeFloatBE(value, this.at) : this.piece.writeDoubleBE(value, this.at);
  }

  /** A string as a field, after `before`, a byte that some types begin with. */
  text(value: string, before?: number): void {
    // No UTF-16 unit takes more than three bytes of UTF-8.
    this.room(5 + 3 * value.length);
    const start = this.at + 4;
    let end = start;
    if (before !== undefined) end = this.piece.writeUInt8(before, end);
    end += this.piece.write(value, end);
    this.piece.writeInt32BE(end - start, this.at);
    this.at = end;
  }

  /** A vector as a field: pgvector's int16 dimensions, int16 zero, then the numbers as float32. */
  vector(value: Float32Array): void {
    const bytes = 4 * value.length;
    this.room(8 + bytes);
    this.at = this.piece.writeInt32BE(4 + bytes, this.at);
    this.at = this.piece.writeInt16BE(value.length, this.at);
    this.at = this.piece.writeInt16BE(0, this.at);
    this.piece.set(new Uint8Array(value.buffer, value.byteOffset, bytes), this.at);
    this.piece.subarray(this.at, this.at + bytes).swap32();
    this.at += bytes;
  }

  /** All of it. Nothing can be written afterwards. */
  end(): Buffer[] {
    return [...this.full, this.piece.subarray(0, this.at)];
  }

  private room(bytes: number): void {
    if (this.at + bytes <= this.piece.length) return;
    this.full.push(this.piece.subarray(0, this.at));
    this.before += this.at;
    this.piece = this.next(bytes);
    this.at = 0;
  }

  private next(bytes: number): Buffer {
    return (bytes <= pieceSize ? this.spare.pop() : undefined) ?? Buffer.allocUnsafe(Math.max(pieceSize, bytes));
  }
}

const encoders: Record<string, BinaryEncoder> = {
  smallint: (to, value) => integer(to, value, 2),
  integer: (to, value) => integer(to, value, 4),
  serial: (to, value) => integer(to, value, 4),
  bigint: (to, value) => integer(to, value, 8),
  bigserial: (to, value) => integer(to, value, 8),
  boolean: (to, value) => typeof value === "boolean" && field(to, Buffer.of(value ? 1 : 0)),
  real: (to, value) => float(to, value, 4),
  "double precision": (to, value) => float(to, value, 8),
  text,
  varchar: text,
  json: text,
  jsonb: (to, value) => {
    if (typeof value !== "string") return false;
    to.text(value, 1);
    return true;
  },
  uuid: (to, value) => {
    const digits = typeof value === "string" ? value.replaceAll("-", "") : "";
    return /^[0-9a-f]{32}$/i.test(digits) && field(to, Buffer.from(digits, "hex"));
  },
  // Only what a Date can hold: a string may tell microseconds, or a time zone by name.
  timestamp: timestamp,
  "timestamp with time zone": timestamp,
  vector: (to, value) => {
    if (!(value instanceof Float32Array)) return false;
    to.vector(value);
    return true;
  },
};

/** The encoder for a column, or undefined for a type that is not among those above. */
export function binaryEncoder(column: PgColumn): BinaryEncoder | undefined {
  return encoders[column.getSQLType().replace(/\s*\(.*?\)/, "")];
}

function field(to: BinaryWriter, bytes: Buffer): true {
  to.int4(bytes.length);
  to.bytes(bytes);
  return true;
}

function text(to: BinaryWriter, value: unknown): boolean {
  if (typeof value !== "string") return false;
  to.text(value);
  return true;
}

const limits = { 2: 2n ** 15n, 4: 2n ** 31n, 8: 2n ** 63n };

/** Not a number, or too large for the type: Postgres' own words are better than ours, so it is left to an INSERT. */
function integer(to: BinaryWriter, value: unknown, bytes: 2 | 4 | 8): boolean {
  let whole: bigint;
  if (bytes === 4 && typeof value === "number" && (value | 0) === value) {
    to.int4(4);
    to.int4(value);
    return true;
  }
  try {
    whole = BigInt(value as number | string | bigint);
  } catch {
    return false;
  }
  if (whole >= limits[bytes] || whole < -limits[bytes]) return false;
  to.int4(bytes);
  if (bytes === 8) to.int8(whole);
  else if (bytes === 4) to.int4(Number(whole));
  else to.int2(Number(whole));
  return true;
}

function float(to: BinaryWriter, value: unknown, bytes: 4 | 8): boolean {
  if (typeof value !== "number") return false;
  to.int4(bytes);
  to.float(value, bytes);
  return true;
}

/** Microseconds since 2000. */
function timestamp(to: BinaryWriter, value: unknown): boolean {
  const milliseconds = typeof value === "string" && /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value) ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(milliseconds)) return false;
  to.int4(8);
  to.int8(BigInt(milliseconds - epoch2000) * 1000n);
  return true;
}
