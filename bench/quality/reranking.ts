// What the reranker by words makes of the forty best of a search, on the questions of a collection.
import { lexicalReranker } from "../../src/answer/rerank-lexical.ts";
import { compare, evaluate, type Searcher } from "../../src/eval/evaluate.ts";
import type { JudgedQuery } from "../../src/eval/judgments.ts";
import type { Hit } from "../../src/store/types.ts";
import { report } from "../lib/report.ts";

type AnyHit = Pick<Hit, "text" | "title" | "source" | "start" | "end" | "headings" | "score" | "chunk">;

/** Reports nDCG and MRR at `k` with and without. Noise is a hundredth. */
export async function reranked(
  name: string,
  judged: readonly JudgedQuery[],
  { search, key, k }: { search: Searcher<AnyHit>; key: (hit: AnyHit) => string; k: number },
): Promise<void> {
  const rerank = lexicalReranker();
  const without = await evaluate(judged, search, { k, key });
  const ordered = async (query: string, each: JudgedQuery) => rerank(query, await search(query, each));
  const compared = compare(without, await evaluate(judged, ordered, { k, key }));
  for (const [measure, shown] of [
    ["ndcg", "nDCG"],
    ["mrr", "MRR"],
  ] as const) {
    const found = compared.find((each) => each.measure === measure);
    if (found === undefined) continue;
    report({
      measure: `${name}, reranked by words, ${shown}@${k}`,
      value: found.difference,
      unit: "more",
      bar: ">= -0.01",
      detail: `${found.b.toFixed(3)} against ${found.a.toFixed(3)}; p ${found.p.toFixed(3)}`,
    });
  }
}
