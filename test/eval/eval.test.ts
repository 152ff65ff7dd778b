// Judged queries: how they are read, what is measured, and what is told of a difference.
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { hashingEmbedder } from "../../src/embed/hashing.ts";
import { ConfigurationError, InputError } from "../../src/errors.ts";
import {
  compare,
  evaluate,
  evaluateAnswers,
  evaluationTable,
  modelJudge,
  randomisationTest,
  readJudgments,
  scoresOf,
  tune,
} from "../../src/eval/index.ts";
import { call } from "../../src/llm/call.ts";
import { collection } from "../../src/store/collection.ts";
import { createTables, databaseName, freshDatabase } from "../helpers/database.ts";
import { fake } from "../llm/fake.ts";
import { articleChunks, articles, dimensions } from "../store/tables.ts";

describe("measures", () => {
  it("are those of trec_eval", () => {
    // By hand: gains 0, 3, 1 at places 1 to 3 of an ideal 3, 2, 1.
    const found = scoresOf(["x", "a", "c", "a"], { a: 3, b: 2, c: 1, d: 0 }, 3);
    const ideal = 3 + 2 / Math.log2(3) + 1 / 2;
    expect(found.ndcg).toBeCloseTo((3 / Math.log2(3) + 1 / 2) / ideal, 12);
    expect(found).toMatchObject({ recall: 2 / 3, precision: 2 / 3, mrr: 1 / 2 });
    expect(found.map).toBeCloseTo((1 / 2 + 2 / 3) / 3, 12);
    expect(scoresOf(["a"], {}, 3)).toEqual({ ndcg: 0, recall: 0, precision: 0, mrr: 0, map: 0 });
    expect(scoresOf(["__proto__", "toString"], { a: 1 }, 3).ndcg).toBe(0);
  });

  it("are 1 for the ideal order, 0 for nothing relevant, and never outside", () => {
    const keys = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(
        keys,
        fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 12, maxLength: 12 }),
        fc.array(fc.string()),
        fc.integer({ min: 1, max: 15 }),
        (relevant, grades, noise, k) => {
          const judged = Object.fromEntries(relevant.map((key, i) => [key, grades[i] as number]));
          const ideal = [...relevant].sort((a, b) => (judged[b] as number) - (judged[a] as number));
          expect(scoresOf(ideal, judged, k)).toMatchObject({ ndcg: 1, mrr: 1, map: 1 });
          for (const value of Object.values(scoresOf([...noise, ...relevant], judged, k))) {
            expect(value).toBeGreaterThanOrEqual(0);
            expect(value).toBeLessThanOrEqual(1 + 1e-12);
          }
        },
      ),
    );
  });

  it("tell chance from a difference", () => {
    const better = Array.from({ length: 40 }, (_, i) => 0.5 + (i % 7) / 20);
    expect(randomisationTest(better, better)).toBe(1);
    expect(
      randomisationTest(
        better,
        better.map((value) => value - 0.1),
      ),
    ).toBeLessThan(0.001);
    expect(
      randomisationTest(
        better,
        better.map((value, i) => value + (i % 2 === 0 ? 0.1 : -0.1)),
      ),
    ).toBeGreaterThan(0.5);
    // Every combination: two of the eight are as large as what was seen.
    expect(randomisationTest([1, 1, 1], [0, 0, 0])).toBe(2 / 8);
  });
});

describe("judgments", () => {
  it("are read as JSON lines, as TREC and as BEIR have them", () => {
    const lines = '{"query": "one", "relevant": ["a", "b"]}\n\n{"id": 7, "query": "two", "relevant": {"c": 2, "d": 0}}\n';
    expect(readJudgments(lines)).toEqual([
      { id: "1", query: "one", relevant: { a: 1, b: 1 } },
      { id: "7", query: "two", relevant: { c: 2, d: 0 } },
    ]);
    const queries = '{"_id": "q1", "text": "one"}\r\n{"_id": "q2", "text": "two"}';
    const expected = [
      { id: "q1", query: "one", relevant: { d1: 2 } },
      { id: "q2", query: "two", relevant: { d2: 0 } },
    ];
    expect(readJudgments(queries, "query-id\tcorpus-id\tscore\nq1\td1\t2\nq2\td2\t0")).toEqual(expected);
    expect(readJudgments(queries, "q1 0 d1 2\nq2 0 d2 0\n")).toEqual(expected);
  });

  it.each([
    ["{", undefined, /Line 1.*JSON/],
    ['{"query": " "}', undefined, /Line 1.*"query"/],
    ['{"query": "a", "relevant": 3}', undefined, /list of keys/],
    ['{"id": 1, "query": "a", "relevant": []}\n{"id": 1, "query": "b", "relevant": []}', undefined, /Line 2.*before/],
    ['{"id": 1, "query": "a"}', "1\td\t1\n1\td", /Line 2/],
    ['{"id": 1, "query": "a"}', "2 d 1", /no query "2"/],
  ])("that cannot be read are named by their line: %s", (queries, qrels, message) => {
    expect(() => readJudgments(queries, qrels)).toThrow(InputError);
    expect(() => readJudgments(queries, qrels)).toThrow(message);
  });
});

const topics = ["refunds", "shipping", "passwords", "vouchers", "warranty", "invoices", "students", "opening hours"];

describe(`evaluate and tune on ${databaseName}`, () => {
  let db: Awaited<ReturnType<typeof freshDatabase>>;
  const docs = () =>
    collection(db, {
      documents: articles,
      text: articles.body,
      title: articles.title,
      source: articles.slug,
      chunks: articleChunks,
      embedder: hashingEmbedder({ dimensions }),
    });
  const judged = topics.map((topic, i) => ({ id: String(i), query: `What about ${topic}?`, relevant: { [topic]: 1 } }));

  beforeAll(async () => {
    db = await freshDatabase();
    await createTables(db, { articles, articleChunks });
    await docs().insert(
      topics.map((topic) => ({
        slug: topic,
        title: topic,
        body: `This page explains ${topic}. It says what to do about ${topic}.`,
        lang: "en",
      })),
    );
  });

  it("measures any search, side by side", async () => {
    const seen: number[] = [];
    const unjudged = { id: "none", query: "What is not there?", relevant: {} };
    const ours = await evaluate([...judged, unjudged], (question) => docs().search(question, { limit: 5 }), {
      k: 3,
      concurrency: 2,
      onProgress: ({ done }) => seen.push(done),
    });
    expect(ours).toMatchObject({ k: 3, unjudged: 1, mean: { recall: 1, mrr: 1 } });
    expect(ours.queries.map(({ id }) => id)).toEqual(judged.map(({ id }) => id));
    expect(seen).toHaveLength(topics.length);
    const blind = await evaluate(judged, async () => ["refunds"], { k: 3 });
    const [ndcg] = compare(ours, blind);
    expect(ndcg).toMatchObject({ measure: "ndcg", a: 1, b: 1 / 8, worse: 7, same: 1, better: 0 });
    expect(ndcg?.p).toBeLessThan(0.05);
    const table = evaluationTable({ ours, blind });
    expect(table).toMatch(/nDCG@3\s+1\.000\s+0\.125\s+-0\.875\s+0\.016\s+0\/7\/1/);
    expect(table).toContain("8 queries, 1 without a relevant document left out");
  });

  it("learns weights, and says what they are worth", async () => {
    const found = await tune(docs(), judged, { k: 3 });
    expect(found.weights.vector + found.weights.keyword).toBeCloseTo(1, 12);
    expect(found).toMatchObject({ queries: 8, k: 3, measure: "ndcg" });
    expect(found.tried).toHaveLength(11);
    expect(found.crossValidated).toBeGreaterThan(0.9);
    // Both rankings are right about all of them, so that nothing is to be gained.
    expect(found.significant).toBe(false);
    await expect(tune(docs(), judged.slice(0, 3))).rejects.toThrow(/too few/);
  });

  it("refuses what cannot be meant, and passes on what the search throws", async () => {
    await expect(evaluate([], async () => [])).rejects.toThrow(InputError);
    await expect(evaluate(judged, async () => [], { k: 0 })).rejects.toThrow(InputError);
    await expect(evaluate(judged, async () => [{ text: "x" }])).rejects.toThrow(ConfigurationError);
    const error = new Error("down");
    await expect(evaluate(judged, () => Promise.reject(error))).rejects.toBe(error);
    const [a, b] = [await evaluate(judged, async () => []), await evaluate(judged.slice(1), async () => [])];
    expect(() => compare(a, b)).toThrow(/same queries/);
    const bare = collection(db, { documents: articles, text: articles.body, chunks: articleChunks });
    await expect(tune(bare, judged)).rejects.toThrow(/no embedder/);
  });
});

describe("answers", () => {
  const source = { text: "Refunds are paid within fourteen days. Gifts are returned for a voucher." };
  const model = fake(
    'Refunds are paid within fourteen days [1 "paid within fourteen days"]. Penguins are paid in fish [1 "paid in fish"].',
  );
  const ask = async (question: string) => {
    const found = await call({ model }, (q: string) => ({ messages: q, sources: [source] }))(question);
    return { ...found, sources: [source], abstained: question === "hard" };
  };

  it("are held against their sources by words, or by a judge", async () => {
    const found = await evaluateAnswers(["easy", "hard"], ask, { concurrency: 2 });
    expect(found).toMatchObject({ abstained: 0.5, cited: 1, verified: 0.5, supported: 0.5 });
    expect(found.answers.map(({ question }) => question)).toEqual(["easy", "hard"]);
    const strict = await evaluateAnswers(["easy"], ask, { judge: modelJudge({ model: fake('{"supported": [false, false]}') }) });
    expect(strict.supported).toBe(0);
    expect(strict.answers[0]?.sentences.map(({ supported, judged }) => [supported, judged])).toEqual([
      [true, false],
      [false, false],
    ]);
    await expect(evaluateAnswers([], ask)).rejects.toThrow(InputError);
  });
});
