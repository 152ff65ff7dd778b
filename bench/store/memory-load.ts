// The process that bench/store/memory.ts watches: loads rows as they are made and reports its resident memory.
import { setTimeout } from "node:timers/promises";
import pg from "pg";
import { collection } from "../../src/store/collection.ts";
import { prose } from "../lib/text.ts";
import { embeddings } from "../lib/vectors.ts";
import { drizzle, type PassageRow, passageRows, passages } from "./bench.ts";

export interface LoadMessage {
  /** Bytes, before the first row. */
  before: number;
  /** Bytes, at any time from the first row to the end. */
  most: number;
  seconds: number;
}

const [url = "", size = "", dimensions = ""] = process.argv.slice(2);
const pool = new pg.Pool({ connectionString: url, max: 2 });
const table = passages("streamed", Number(dimensions), false);
const docs = collection(drizzle(pool), { documents: table, text: table.content });

async function* rows(): AsyncGenerator<PassageRow> {
  for (const row of passageRows(Number(size), embeddings(Number(dimensions), 16), prose(40, 17))) {
    // A source that has to be waited for now and then, as files and networks have.
    if (row.id % 1000 === 0) await setTimeout(0);
    yield row;
  }
}

await pool.query("select 1");
const before = process.memoryUsage.rss();
let most = before;
const look = () => {
  most = Math.max(most, process.memoryUsage.rss());
};
const watch = setInterval(look, 50);
const start = performance.now();
await docs.load(rows(), { onProgress: look });
look();
clearInterval(watch);
const message: LoadMessage = { before, most, seconds: (performance.now() - start) / 1000 };
await pool.end();
process.send?.(message);
process.disconnect();
