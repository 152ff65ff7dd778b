// What the reranker by words makes of the forty best of a search, on the questions of a collection.
import { lexicalReranker } from "../../src/answer/rerank-lexical.ts";
import { compare, evaluate, type Searcher } from "../../src/eval/evaluate.ts";
import type { JudgedQuery } from "../../src/eval/judgments.ts";
import type { Source } from "../../src/values.ts";
import { report } from "../lib/report.ts";

/** Reports nDCG and MRR at `k` with and without. Noise is a hundredth. */
export async function reranked<H extends Source>(
  name: string,
  judged: readonly JudgedQuery[],
  { search, key, k }: { search: Searcher<H>; key: (hit: H) => string; k: number },
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
