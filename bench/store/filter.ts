// Filtered search: complete and right whatever share of the rows the filter keeps, and about as quick as iterative scans by hand.
import { lt } from "drizzle-orm";
import { vectorToBuffer } from "../../src/db/vectors.ts";
import { collection } from "../../src/store/collection.ts";
import { quick, report, say } from "../lib/report.ts";
import { prose } from "../lib/text.ts";
import { median, takeTurns } from "../lib/timing.ts";
import { embeddings } from "../lib/vectors.ts";
import { type Bench, drizzle, filledPassages, passageRows, passages, withPool } from "./bench.ts";
import { exactly, mean, recall } from "./recall.ts";

const dimensions = 384;
const size = quick ? 2000 : 50_000;
const asked = quick ? 5 : 100;
const turns = quick ? 5 : 300;
/** Share of the rows in percent, and the bucket (of 1,000) that it ends before. */
const filters = [
  ["50 %", 500],
  ["10 %", 100],
  ["1 %", 10],
  ["0.1 %", 1],
] as const;

export async function filter({ url }: Bench): Promise<void> {
  await withPool(url, async (pool) => {
    say(`filter: ${size} rows × ${dimensions}; the column of the filter has no index`);
    await filledPassages(pool, "filtered", dimensions, passageRows(size, embeddings(dimensions, 3), prose(40, 4)));
    const table = passages("filtered", dimensions);
    const docs = collection(drizzle(pool), { documents: table, text: table.content, namedStatements: true });
    const questions = Array.from({ length: asked }, embeddings(dimensions, 3, 7));
    for (const [share, end] of filters) {
      const exact = await exactly(pool, "filtered", questions, { where: `where bucket < ${end}` });
      const found: number[] = [];
      let short = 0;
      for (const [i, vector] of questions.entries()) {
        const hits = await docs.search(vector, { limit: 10, where: lt(table.bucket, end) });
        const neighbours = exact[i] ?? [];
        if (hits.length < neighbours.length) short++;
        found.push(
          recall(
            hits.map((hit) => ({ id: hit.document.id, distance: 1 - hit.score })),
            neighbours,
          ),
        );
      }
      const what = `filter keeps ${share} of ${size} × ${dimensions}`;
      const detail = `${asked} questions, worst ${Math.min(...found)}`;
      report({ measure: `${what}, recall@10`, value: mean(found), unit: "recall", bar: ">= 0.98", detail });
      report({ measure: `${what}, short results`, value: short, unit: `of ${asked}`, bar: "<= 0" });

      const times = await takeTurns(
        {
          ours: async (round) =>
            docs.search(questions[round % asked] as Float32Array, { limit: 10, where: lt(table.bucket, end) }),
          hand: async (round) => byHandRelaxed(questions[round % asked] as Float32Array, end),
        },
        turns,
        quick ? 1 : 30,
      );
      report({
        measure: `${what}, p50 against hand-written pg, relaxed_order`,
        value: median(times.ours) / median(times.hand),
        unit: "× pg",
        ...(end === 100 && { bar: "<= 1.3" as const }),
        detail: `${median(times.ours).toFixed(2)} ms against ${median(times.hand).toFixed(2)} ms`,
      });
    }

    /** Three round trips: statements without parameters go in one. */
    async function byHandRelaxed(vector: Float32Array, end: number) {
      const client = await pool.connect();
      try {
        await client.query("begin; set local hnsw.iterative_scan = relaxed_order");
        const found = await client.query({
          name: "relaxed",
          text: "select id, bucket, lang, content, embedding <=> $1 as distance from filtered where bucket < $2 order by distance limit 10",
          values: [vectorToBuffer(vector), end],
        });
        await client.query("commit");
        return found;
      } finally {
        client.release();
      }
    }
  });
}
