// Rows into a table without an index over the vectors, where the client is what costs: against COPY in binary by pg-copy-streams, and
// against Drizzle's own insert().
import { collection } from "../../src/store/collection.ts";
import { copyRows } from "../lib/copy.ts";
import { quick, report, say } from "../lib/report.ts";
import { prose } from "../lib/text.ts";
import { median, timed } from "../lib/timing.ts";
import { embeddings } from "../lib/vectors.ts";
import { type Bench, createPassages, drizzle, passageRows, passages, passageTarget, withPool, writePassage } from "./bench.ts";

const dimensions = 1536;
const size = quick ? 500 : 20_000;
const rounds = quick ? 1 : 5;
/** Rows a statement of Drizzle's; with 100 to 1,000 it is about as quick. */
const batch = 500;

export async function insert({ url }: Bench): Promise<void> {
  await withPool(url, async (pool) => {
    const db = drizzle(pool);
    const rows = [...passageRows(size, embeddings(dimensions, 14), prose(40, 15))];
    // Drizzle's vector column takes arrays, as an embedding API gives them.
    const plain = rows.map((row) => ({ ...row, embedding: [...row.embedding] }));
    const table = passages("inserted", dimensions, false);
    const docs = collection(db, { documents: table, text: table.content });
    const contenders = {
      ours: async () => docs.load(rows),
      copy: async () => {
        const client = await pool.connect();
        try {
          await copyRows(client, passageTarget("inserted"), rows, writePassage);
        } finally {
          client.release();
        }
      },
      drizzle: async () => {
        for (let i = 0; i < plain.length; i += batch) await db.insert(table).values(plain.slice(i, i + batch));
      },
    };
    const names = Object.keys(contenders) as (keyof typeof contenders)[];
    const times = { ours: [] as number[], copy: [] as number[], drizzle: [] as number[] };
    for (let round = 0; round < rounds; round++) {
      say(`insert: round ${round + 1} of ${rounds}`);
      for (let i = 0; i < names.length; i++) {
        const name = names[(i + round) % names.length] as (typeof names)[number];
        // Drizzle is many times slower, and its figure has room to spare.
        if (name === "drizzle" && round >= 2) continue;
        await createPassages(pool, "inserted", dimensions);
        times[name].push(await timed(contenders[name]));
      }
    }
    const rate = (name: keyof typeof times) => `${Math.round((1000 * size) / median(times[name]))} rows/s`;
    report({
      measure: `load ${size} × ${dimensions}, no index, rate against COPY BINARY by pg-copy-streams`,
      value: median(times.copy) / median(times.ours),
      unit: "× its rate",
      bar: ">= 0.75",
      detail: `${rate("ours")} against ${rate("copy")}`,
    });
    report({
      measure: `load ${size} × ${dimensions}, no index, rate against Drizzle's insert().values()`,
      value: median(times.drizzle) / median(times.ours),
      unit: "× its rate",
      bar: ">= 8",
      detail: `${rate("ours")} against ${rate("drizzle")}`,
    });
  });
}
