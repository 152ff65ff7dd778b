// What the extractive model is measured against: the sentence that BM25 ranks first.
import { contentStems, isStopWord, words } from "../../src/cite/words.ts";
import { splitSentences } from "../../src/util/sentences.ts";

/** Whether the shorter of the two lies more than half in the other. */
export function overlaps(range: { start: number; end: number } | undefined, gold: { start: number; end: number }): boolean {
  if (range === undefined) return false;
  const shared = Math.min(range.end, gold.end) - Math.max(range.start, gold.start);
  return shared > 0.5 * Math.min(range.end - range.start, gold.end - gold.start);
}

/** BM25 with k1 1.2 and b 0.75 over stemmed words without stop words, each sentence a document. */
export function bestByBm25(question: string, text: string): { start: number; end: number } | undefined {
  const ranges = splitSentences(text);
  const docs = ranges.map(({ start, end }) =>
    words(text.slice(start, end))
      .filter(({ word }) => !isStopWord(word))
      .map(({ stem }) => stem),
  );
  const average = docs.reduce((sum, doc) => sum + doc.length, 0) / docs.length;
  const scores = docs.map((doc) => {
    let score = 0;
    for (const term of contentStems(question)) {
      const holding = docs.filter((each) => each.includes(term)).length;
      const tf = doc.filter((stem) => stem === term).length;
      score +=
        (Math.log(1 + (docs.length - holding + 0.5) / (holding + 0.5)) * tf * 2.2) /
        (tf + 1.2 * (0.25 + (0.75 * doc.length) / average));
    }
    return score;
  });
  return ranges[scores.indexOf(Math.max(...scores))];
}
