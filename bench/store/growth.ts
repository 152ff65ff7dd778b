// From ten thousand rows to a million: how much slower a search becomes, and whether it still finds its neighbours at the defaults
// (m 16, ef_construction 64; ef_search 40, which the search raises to 130 at a million).
import { collection } from "../../src/store/collection.ts";
import { quick, report, say } from "../lib/report.ts";
import { prose } from "../lib/text.ts";
import { median, takeTurns, timed } from "../lib/timing.ts";
import { embeddings } from "../lib/vectors.ts";
import { type Bench, byHand, drizzle, filledPassages, passageRows, passages, withPool } from "./bench.ts";
import { exactly, mean, recall } from "./recall.ts";

const dimensions = 384;
const small = quick ? 500 : 10_000;
const asked = quick ? 5 : 100;

export async function growth({ url, rows = quick ? 2000 : 1_000_000 }: Bench): Promise<void> {
  await withPool(url, async (pool) => {
    for (const [name, size] of [
      ["small", small],
      ["large", rows],
    ] as const) {
      say(`growth: building ${size} × ${dimensions}`);
      const made = passageRows(size, embeddings(dimensions, 18), prose(20, 19));
      const took = await timed(() => filledPassages(pool, name, dimensions, made));
      say(`growth: took ${(took / 1000).toFixed(0)} s`);
    }
    const questions = Array.from({ length: asked }, embeddings(dimensions, 18, 7));
    const ask = (round: number) => questions[round % asked] as Float32Array;
    const of = (name: string) => {
      const table = passages(name, dimensions);
      return collection(drizzle(pool), { documents: table, text: table.content });
    };
    const collections = { small: of("small"), large: of("large") };
    const times = await takeTurns(
      {
        small: async (round) => collections.small.search(ask(round), { limit: 10 }),
        large: async (round) => collections.large.search(ask(round), { limit: 10 }),
        smallByHand: async (round) => byHand(pool, "small", ask(round)),
        largeByHand: async (round) => byHand(pool, "large", ask(round)),
      },
      3 * asked,
      asked,
    );
    const ms = (name: keyof typeof times) => `${median(times[name]).toFixed(2)} ms`;
    report({
      measure: `growth ${small} -> ${rows} × ${dimensions}, p50 of a top 10`,
      value: median(times.large) / median(times.small),
      unit: "×",
      bar: "<= 4",
      detail: `${ms("large")} against ${ms("small")}; by hand ${ms("largeByHand")} against ${ms("smallByHand")}`,
    });
    for (const [name, size] of [
      ["small", small],
      ["large", rows],
    ] as const) {
      const exact = await exactly(pool, name, questions);
      const found: number[] = [];
      for (const [i, vector] of questions.entries()) {
        const hits = await collections[name].search(vector, { limit: 10 });
        found.push(
          recall(
            hits.map((hit) => ({ id: hit.document.id, distance: 1 - hit.score })),
            exact[i] ?? [],
          ),
        );
      }
      report({
        measure: `growth, ${size} × ${dimensions}, recall@10 at the defaults (m 16, ef_construction 64, ef_search ${size > 100_000 ? "130" : "40"})`,
        value: mean(found),
        unit: "recall",
        bar: ">= 0.95",
        detail: `${asked} questions, worst ${Math.min(...found)}`,
      });
    }
    await pool.query("drop table large");
  });
}
