// COPY BINARY by hand, with pg-copy-streams alone: the limit that loads are measured against, and how the benchmark fills its tables.
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { PoolClient } from "pg";
import { from } from "pg-copy-streams";

/** Rows in Postgres' binary format of COPY, gathered into large pieces. */
export class CopyWriter {
  private buffer = Buffer.allocUnsafe(1 << 17);
  private at = 0;

  constructor() {
    this.at = this.buffer.write("PGCOPY\n\u00ff\r\n\0", 0, "latin1");
    // Flags and the length of the header's extension: none.
    this.at = this.buffer.fill(0, this.at, this.at + 8) && this.at + 8;
  }

  row(fields: number): this {
    this.room(2);
    this.at = this.buffer.writeInt16BE(fields, this.at);
    return this;
  }

  int8(value: number): this {
    this.room(12);
    this.at = this.buffer.writeInt32BE(8, this.at);
    this.at = this.buffer.writeInt32BE(Math.floor(value / 2 ** 32), this.at);
    this.at = this.buffer.writeUInt32BE(value >>> 0, this.at);
    return this;
  }

  int4(value: number): this {
    this.room(8);
    this.at = this.buffer.writeInt32BE(4, this.at);
    this.at = this.buffer.writeInt32BE(value, this.at);
    return this;
  }

  text(value: string): this {
    this.room(4 + 3 * value.length);
    const length = this.buffer.write(value, this.at + 4);
    this.buffer.writeInt32BE(length, this.at);
    this.at += 4 + length;
    return this;
  }

  jsonb(value: unknown): this {
    const text = `\u0001${JSON.stringify(value)}`;
    return this.text(text);
  }

  vector(value: Float32Array): this {
    const bytes = 4 * value.length;
    this.room(8 + bytes);
    this.at = this.buffer.writeInt32BE(4 + bytes, this.at);
    this.at = this.buffer.writeInt16BE(value.length, this.at);
    this.at = this.buffer.writeInt16BE(0, this.at);
    this.buffer.set(new Uint8Array(value.buffer, value.byteOffset, bytes), this.at);
    this.buffer.subarray(this.at, this.at + bytes).swap32();
    this.at += bytes;
    return this;
  }

  /** What has been written since the last time. */
  take(): Buffer {
    const taken = this.buffer.subarray(0, this.at);
    this.buffer = Buffer.allocUnsafe(1 << 17);
    this.at = 0;
    return taken;
  }

  get size(): number {
    return this.at;
  }

  private room(bytes: number): void {
    if (this.at + bytes <= this.buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(2 * this.buffer.length, this.at + bytes));
    this.buffer.copy(larger, 0, 0, this.at);
    this.buffer = larger;
  }
}

/** `copy <target> from stdin`, where `target` is a table with the columns that `write` writes for each row. */
export async function copyRows<T>(
  client: PoolClient,
  target: string,
  rows: Iterable<T>,
  write: (to: CopyWriter, row: T) => void,
): Promise<void> {
  function* pieces() {
    const writer = new CopyWriter();
    for (const row of rows) {
      write(writer, row);
      if (writer.size >= 1 << 16) yield writer.take();
    }
    yield writer.row(-1).take();
  }
  await pipeline(Readable.from(pieces()), client.query(from(`copy ${target} from stdin with (format binary)`)));
}
