// Eight clients at once: searches a second, ours and hand-written `pg` in turns over pools of the same size.
import { setTimeout } from "node:timers/promises";
import { collection } from "../../src/store/collection.ts";
import { quick, report, say } from "../lib/report.ts";
import { prose } from "../lib/text.ts";
import { median } from "../lib/timing.ts";
import { embeddings } from "../lib/vectors.ts";
import { type Bench, byHand, drizzle, filledPassages, passageRows, passages, withPool } from "./bench.ts";

const dimensions = 384;
const size = quick ? 1000 : 50_000;
const clients = 8;
const rounds = quick ? 1 : 7;
const turn = quick ? 100 : 1500;

export async function clientsAtOnce({ url }: Bench): Promise<void> {
  await withPool(
    url,
    async (pool) => {
      say(`clients: ${clients} at once over ${size} rows × ${dimensions}`);
      await filledPassages(pool, "shared", dimensions, passageRows(size, embeddings(dimensions, 20), prose(40, 21)));
      const table = passages("shared", dimensions);
      const docs = collection(drizzle(pool), { documents: table, text: table.content, namedStatements: true });
      const unnamed = collection(drizzle(pool), { documents: table, text: table.content });
      const questions = Array.from({ length: 200 }, embeddings(dimensions, 20, 7));
      const contenders = {
        ours: async (vector: Float32Array) => docs.search(vector, { limit: 10 }),
        unnamed: async (vector: Float32Array) => unnamed.search(vector, { limit: 10 }),
        hand: async (vector: Float32Array) => byHand(pool, "shared", vector),
      };
      const names = ["ours", "unnamed", "hand"] as const;
      const rates = { ours: [] as number[], unnamed: [] as number[], hand: [] as number[] };
      for (let round = -1; round < rounds; round++) {
        for (const name of round % 2 === 0 ? names : names.toReversed()) {
          const rate = await throughput((n) => contenders[name](questions[n % 200] as Float32Array));
          // The first round warms connections and statements.
          if (round >= 0) rates[name].push(rate);
        }
      }
      report({
        measure: `${clients} clients, ${size} × ${dimensions}, throughput against hand-written pg`,
        value: median(rates.ours) / median(rates.hand),
        unit: "× pg",
        bar: ">= 0.9",
        detail: `${median(rates.ours).toFixed(0)}/s against ${median(rates.hand).toFixed(0)}/s`,
      });
      report({
        measure: `${clients} clients, ${size} × ${dimensions}, throughput without named statements`,
        value: median(rates.unnamed) / median(rates.hand),
        unit: "× pg",
        detail: `${median(rates.unnamed).toFixed(0)}/s, planned each time`,
      });
    },
    { max: clients },
  );
}

/** Searches a second of all clients together. */
async function throughput(search: (n: number) => Promise<unknown>): Promise<number> {
  let done = 0;
  let open = true;
  const start = performance.now();
  const client = async () => {
    while (open) {
      await search(done);
      done++;
    }
  };
  const all = Array.from({ length: clients }, client);
  await setTimeout(turn);
  open = false;
  await Promise.all(all);
  return (1000 * done) / (performance.now() - start);
}
