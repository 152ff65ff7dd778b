// What the groups of measures share: a database of the benchmark's own, its tables, and searches as somebody who knows the driver writes them.
import { drizzle } from "drizzle-orm/node-postgres";
import { bigint, index, integer, pgTable, text, vector } from "drizzle-orm/pg-core";
import pg from "pg";
import { startServer } from "../../scripts/server.ts";
import { vectorToBuffer } from "../../src/db/vectors.ts";
import { once } from "../../src/util/once.ts";
import { type CopyWriter, copyRows } from "../lib/copy.ts";
import { say } from "../lib/report.ts";
import { loadPeers, type Peers } from "./peers.ts";

export interface Bench {
  url: string;
  /** Name for a role, which is dropped with the database. */
  role: string;
  /** Undefined where they are not installed. Loaded when they are asked for: see `groups` in ../store.ts. */
  peers: () => Promise<Peers | undefined>;
  /** Rows of the large table of `growth`. */
  rows: number | undefined;
}

/** The same settings for every contender: pgvector's defaults, said out loud. */
export const hnsw = "m = 16, ef_construction = 64";
/** A graph that does not fit is built on disk, many times slower; everybody gets the same. */
export const buildMemory = "set maintenance_work_mem = '2GB'";

/** A table of passages with a vector each, as a user declares it. `indexed: false` leaves the index over the vectors out. */
export function passages(name: string, dimensions: number, indexed = true) {
  return pgTable(name, passageColumns(dimensions), (t) =>
    indexed
      ? [index(`${name}_embedding_idx`).using("hnsw", t.embedding.op("vector_cosine_ops")).with({ m: 16, ef_construction: 64 })]
      : [],
  );
}

export function passageColumns(dimensions: number) {
  return {
    id: bigint({ mode: "number" }).primaryKey(),
    bucket: integer().notNull(),
    lang: text().notNull(),
    content: text().notNull(),
    embedding: vector({ dimensions }).notNull(),
  };
}

export interface PassageRow {
  id: number;
  /** 0 to 999, evenly: what filters and tenants go by. */
  bucket: number;
  lang: string;
  content: string;
  embedding: Float32Array;
}

export const passageTarget = (name: string) => `${name} (id, bucket, lang, content, embedding)`;

export function writePassage(to: CopyWriter, row: PassageRow): void {
  to.row(5).int8(row.id).int4(row.bucket).text(row.lang).text(row.content).vector(row.embedding);
}

const languages = ["en", "de", "fr", "es"];

export function* passageRows(count: number, vector: () => Float32Array, content: () => string): Generator<PassageRow> {
  for (let id = 0; id < count; id++) {
    // 7,919 is prime, so that the buckets go round in no order that the vectors could have.
    yield { id, bucket: (id * 7919) % 1000, lang: languages[id % 4] as string, content: content(), embedding: vector() };
  }
}

/** The same table in the database. `storage plain` keeps vectors up to 8 kB out of TOAST, for ours and for hand-written SQL alike. */
export async function createPassages(
  client: pg.Pool | pg.PoolClient,
  name: string,
  dimensions: number,
  extra = "",
): Promise<void> {
  await client.query(`drop table if exists ${name} cascade`);
  await client.query(
    `create table ${name} (id bigint primary key, bucket int not null, lang text not null, content text not null, embedding vector(${dimensions}) not null${extra})`,
  );
  await client.query(`alter table ${name} alter column embedding set storage plain`);
}

export function hnswStatement(name: string): string {
  return `create index ${name}_embedding_idx on ${name} using hnsw (embedding vector_cosine_ops) with (${hnsw})`;
}

/** A filled, indexed and analyzed table. */
export async function filledPassages(pool: pg.Pool, name: string, dimensions: number, rows: Iterable<PassageRow>): Promise<void> {
  const client = await pool.connect();
  try {
    await createPassages(client, name, dimensions);
    await copyRows(client, passageTarget(name), rows, writePassage);
    await client.query(buildMemory);
    await client.query(hnswStatement(name));
    await client.query("reset maintenance_work_mem");
    await client.query(`vacuum analyze ${name}`);
  } finally {
    client.release();
  }
}

/** The nearest by hand: a named prepared statement with the vector as a binary parameter, and the columns that ours shows. */
export function byHand(client: pg.Pool | pg.PoolClient, table: string, vector: Float32Array, where = "", values: unknown[] = []) {
  return client.query({
    name: `${table} ${where}`.slice(0, 60),
    text: `select id, bucket, lang, content, embedding <=> $1 as distance from ${table} ${where} order by distance limit 10`,
    values: [vectorToBuffer(vector), ...values],
  });
}

/** One connection, unless more are asked for. */
export async function withPool<T>(url: string, work: (pool: pg.Pool) => Promise<T>, options: pg.PoolConfig = {}): Promise<T> {
  const pool = new pg.Pool({ connectionString: url, max: 1, ...options });
  try {
    return await work(pool);
  } finally {
    await pool.end();
  }
}

/** Runs `work` with a database that is dropped afterwards, also when the benchmark is interrupted. */
export async function withBench(rows: number | undefined, work: (bench: Bench) => Promise<void>): Promise<void> {
  const server = await startServer();
  const name = `drizzle_rag_bench_${process.pid}`;
  const url = new URL(server.url);
  url.pathname = `/${name}`;
  const onServer = (statement: string) => withPool(server.url, (pool) => pool.query(statement));
  let cleaning: Promise<void> | undefined;
  const clean = () => {
    cleaning ??= onServer(`drop database if exists ${name} with (force)`)
      .then(() => onServer(`drop role if exists ${name}`))
      .then(() => server.stop());
    return cleaning;
  };
  // A terminal tells the parent process and this one, and the parent passes it on: the second time must not end the cleaning.
  const interrupted = () => void clean().finally(() => process.exit(130));
  process.on("SIGINT", interrupted).on("SIGTERM", interrupted);
  await onServer(`create database ${name}`);
  try {
    await withPool(url.href, (pool) => pool.query("create extension vector"));
    say(`Postgres by ${server.how}; Node ${process.version}`);
    await work({ url: url.href, role: name, peers: once(loadPeers), rows });
  } finally {
    await clean();
    process.removeListener("SIGINT", interrupted).removeListener("SIGTERM", interrupted);
  }
}

export { drizzle };
