// Rows from Node into an empty table that can be searched afterwards: against COPY on the server itself with the same CREATE INDEX
// statements, which no client can beat, and against the peers' documented way, with the index in place before the rows.
import { sql } from "drizzle-orm";
import { index, pgTable } from "drizzle-orm/pg-core";
import type pg from "pg";
import { collection } from "../../src/store/collection.ts";
import { tsvector } from "../../src/table/tsvector.ts";
import { copyRows } from "../lib/copy.ts";
import { quick, report, say } from "../lib/report.ts";
import { prose } from "../lib/text.ts";
import { median, timed } from "../lib/timing.ts";
import { embeddings } from "../lib/vectors.ts";
import {
  type Bench,
  buildMemory,
  createPassages,
  drizzle,
  hnswStatement,
  type PassageRow,
  passageColumns,
  passageRows,
  passages,
  passageTarget,
  withPool,
  writePassage,
} from "./bench.ts";
import { type Peers, peerRow } from "./peers.ts";

const dimensions = 384;
const size = quick ? 1000 : 50_000;
const rounds = quick ? 1 : 3;

const keyword = `, search tsvector generated always as (to_tsvector('english', content)) stored`;
const gin = (name: string) => `create index ${name}_search_idx on ${name} using gin (search)`;

const withKeywords = pgTable(
  "loaded_keyword",
  {
    ...passageColumns(dimensions),
    search: tsvector({ language: "english" }).generatedAlwaysAs(sql`to_tsvector('english', content)`),
  },
  (t) => [
    index("loaded_keyword_embedding_idx").using("hnsw", t.embedding.op("vector_cosine_ops")).with({ m: 16, ef_construction: 64 }),
    index("loaded_keyword_search_idx").using("gin", t.search),
  ],
);

export async function load({ url, peers: load }: Bench): Promise<void> {
  const peers = await load();
  const rows = [...passageRows(size, embeddings(dimensions, 5), prose(40, 6))];
  const fastest = peers === undefined ? undefined : await loadPeers(url, peers, rows);
  await withPool(url, async (pool) => {
    const variants = [
      { what: "hnsw alone", name: "loaded", table: passages("loaded", dimensions), extra: "", times: 5 },
      { what: "hnsw, keyword column and its index", name: "loaded_keyword", table: withKeywords, extra: keyword, times: 3 },
    ] as const;
    for (const { what, name, table, extra, times } of variants) {
      const docs = collection(drizzle(pool), { documents: table as ReturnType<typeof passages>, text: table.content });
      const server = await ServerCopy.make(pool, name, extra, rows);
      const statements = [hnswStatement(name), ...(extra === "" ? [] : [gin(name)])];
      const measured = { ours: [] as number[], limit: [] as number[], copy: [] as number[], insert: [] as number[] };
      // As a user's migrations leave it: an empty table with its indexes.
      const ours = async () => {
        await createPassages(pool, name, dimensions, extra);
        for (const statement of statements) await pool.query(statement);
        let before = 0;
        const start = performance.now();
        await docs.load(rows, {
          onProgress: ({ building }) => {
            if (building) before = performance.now() - start;
          },
        });
        measured.ours.push(performance.now() - start);
        measured.insert.push(before);
      };
      const limit = async () => {
        await createPassages(pool, name, dimensions, extra);
        const copied = await timed(() => server.copy());
        const built = await timed(() => build(pool, statements));
        measured.copy.push(copied);
        measured.limit.push(copied + built);
      };
      for (let round = 0; round < rounds; round++) {
        say(`load, ${what}: round ${round + 1} of ${rounds}`);
        for (const turn of round % 2 === 0 ? [ours, limit] : [limit, ours]) await turn();
      }
      const s = (times: readonly number[]) => (median(times) / 1000).toFixed(2);
      report({
        measure: `load ${size} × ${dimensions}, ${what}, time against COPY on the server + CREATE INDEX`,
        value: median(measured.ours) / median(measured.limit),
        unit: "× limit",
        bar: "<= 1.25",
        detail: `${s(measured.ours)} s (rows ${s(measured.insert)} s) against ${s(measured.limit)} s (${server.how} ${s(measured.copy)} s)`,
      });
      if (fastest !== undefined) {
        report({
          measure: `load ${size} × ${dimensions}, ${what}, times faster than the fastest peer with hnsw`,
          value: fastest.time / median(measured.ours),
          unit: "×",
          bar: `>= ${times}`,
          detail: `${s(measured.ours)} s against ${(fastest.time / 1000).toFixed(2)} s of ${fastest.name}`,
        });
        report({
          measure: `load ${size} × ${dimensions}, ${what}, the same, its index made after the rows`,
          value: fastest.indexedAfter / median(measured.ours),
          unit: "×",
          detail: `${(fastest.indexedAfter / 1000).toFixed(2)} s`,
        });
      }
    }
  });
}

async function build(pool: pg.Pool, statements: readonly string[]): Promise<void> {
  await pool.query(buildMemory);
  for (const statement of statements) await pool.query(statement);
  await pool.query("reset maintenance_work_mem");
}

/** COPY BINARY from a file on the server, which the server wrote itself; without the right to, from this process with ready-made bytes. */
class ServerCopy {
  private constructor(
    private readonly pool: pg.Pool,
    private readonly name: string,
    private readonly file: string | undefined,
    private readonly rows: readonly PassageRow[],
  ) {}

  static async make(pool: pg.Pool, name: string, extra: string, rows: readonly PassageRow[]): Promise<ServerCopy> {
    await createPassages(pool, name, dimensions, extra);
    const client = await pool.connect();
    try {
      await copyRows(client, passageTarget(name), rows, writePassage);
    } finally {
      client.release();
    }
    const { rows: found } = await pool.query(
      `select current_setting('data_directory', true) || '/base/' || pg_database.oid as folder, rolsuper as super
       from pg_roles, pg_database where rolname = current_user and datname = current_database()`,
    );
    if (found[0]?.super !== true) return new ServerCopy(pool, name, undefined, rows);
    // In the database's own folder, so that it goes with the database however the benchmark ends.
    const file = `${found[0].folder}/${name}.copy`;
    await pool.query(`copy ${passageTarget(name)} to '${file}' with (format binary)`);
    return new ServerCopy(pool, name, file, rows);
  }

  get how(): string {
    return this.file === undefined ? "COPY from this process, the server's files being out of reach," : "COPY from a file";
  }

  async copy(): Promise<void> {
    if (this.file !== undefined) {
      await this.pool.query(`copy ${passageTarget(this.name)} from '${this.file}' with (format binary)`);
      return;
    }
    const client = await this.pool.connect();
    try {
      await copyRows(client, passageTarget(this.name), this.rows, writePassage);
    } finally {
      client.release();
    }
  }
}

interface Fastest {
  name: string;
  time: number;
  /** What nobody's documentation shows, and a user who knows Postgres would do. */
  indexedAfter: number;
}

async function loadPeers(url: string, peers: Peers, rows: readonly PassageRow[]): Promise<Fastest> {
  const given = rows.map(peerRow);
  let fastest: Fastest | undefined;
  for (const name of ["langchain", "mastra"] as const) {
    const times = { before: 0, after: 0 };
    for (const when of ["before", "after"] as const) {
      say(`load: ${name}, index made ${when} the rows`);
      const peer = await peers[name](url, `loaded_${name}_${when}`, dimensions);
      times[when] = await timed(async () => {
        if (when === "before") await peer.createIndex();
        await peer.insert(given);
        if (when === "after") await peer.createIndex();
      });
      await peer.close();
    }
    const time = times.before;
    if (fastest === undefined || time < fastest.time) fastest = { name, time, indexedAfter: times.after };
  }
  return fastest as Fastest;
}
