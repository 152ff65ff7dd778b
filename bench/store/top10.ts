// Top 10 by vector over one connection: ours, hand-written `pg`, and the peers over tables of their own with the same rows.

import { collection } from "../../src/store/collection.ts";
import { quick, report, say } from "../lib/report.ts";
import { prose } from "../lib/text.ts";
import { median, takeTurns } from "../lib/timing.ts";
import { embeddings } from "../lib/vectors.ts";
import { type Bench, byHand, drizzle, filledPassages, passageRows, passages, withPool } from "./bench.ts";
import { type Peer, type Peers, peerRow } from "./peers.ts";
import { exactly, mean, recall } from "./recall.ts";

const dimensions = 1536;
const size = quick ? 300 : 10_000;
const turns = quick ? 10 : 400;

export async function top10({ url, peers: load }: Bench): Promise<void> {
  const peers = await load();
  await withPool(url, async (pool) => {
    const rows = [...passageRows(size, embeddings(dimensions, 1), prose(40, 2))];
    say(`top10: ${size} rows × ${dimensions}`);
    await filledPassages(pool, "top10", dimensions, rows);
    const table = passages("top10", dimensions);
    // Hand-written SQL is prepared on the server by name, so ours is too; the default, which any pooler can handle, is told beside it.
    const docs = collection(drizzle(pool), { documents: table, text: table.content, namedStatements: true });
    const unnamed = collection(drizzle(pool), { documents: table, text: table.content });
    const question = embeddings(dimensions, 1, 7);
    const questions = Array.from({ length: 50 }, question);
    const ask = (round: number) => questions[round % 50] as Float32Array;
    const plain = questions.map((vector) => [...vector]);

    const others = new Map<string, Peer>();
    for (const name of peers === undefined ? [] : (["langchain", "mastra"] as const)) {
      say(`top10: filling ${name}'s table`);
      const peer = await (peers as Peers)[name](url, `top10_${name}`, dimensions);
      for (let i = 0; i < size; i += 1000) await peer.insert(rows.slice(i, i + 1000).map(peerRow));
      await peer.createIndex();
      await pool.query(`vacuum analyze top10_${name}`);
      others.set(name, peer);
    }
    try {
      const contenders: Record<string, (round: number) => Promise<unknown>> = {
        ours: async (round) => docs.search(ask(round), { limit: 10 }),
        unnamed: async (round) => unnamed.search(ask(round), { limit: 10 }),
        hand: (round) => byHand(pool, "top10", ask(round)),
      };
      for (const [name, peer] of others) contenders[name] = (round) => peer.search(plain[round % 50] as number[], 10);
      const times = await takeTurns(contenders, turns, quick ? 2 : 50);
      const p50 = (name: string) => median(times[name] as number[]);
      const bars = { hand: 1.15, langchain: 0.6, mastra: 0.35 } as const;
      for (const [name, bar] of Object.entries(bars)) {
        if (times[name] === undefined) continue;
        report({
          measure: `top 10 of ${size} × ${dimensions}, p50 against ${name === "hand" ? "hand-written pg" : name}`,
          value: p50("ours") / p50(name),
          unit: `× ${name === "hand" ? "pg" : name}`,
          bar: `<= ${bar}`,
          detail: `${p50("ours").toFixed(2)} ms against ${p50(name).toFixed(2)} ms`,
        });
      }
      report({
        measure: `top 10 of ${size} × ${dimensions}, p50 without named statements against hand-written pg`,
        value: p50("unnamed") / p50("hand"),
        unit: "× pg",
        detail: `${p50("unnamed").toFixed(2)} ms, planned each time`,
      });
      const exact = await exactly(pool, "top10", questions);
      const found: number[] = [];
      for (const [i, vector] of questions.entries()) {
        const hits = await docs.search(vector, { limit: 10 });
        found.push(
          recall(
            hits.map((hit) => ({ id: hit.document.id, distance: 1 - hit.score })),
            exact[i] ?? [],
          ),
        );
      }
      report({ measure: `top 10 of ${size} × ${dimensions}, recall@10 of ours`, value: mean(found), unit: "recall" });
    } finally {
      for (const peer of others.values()) await peer.close();
    }
  });
}
