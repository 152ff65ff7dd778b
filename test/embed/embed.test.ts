// embedAll over a fake embedder: checks, batches, equal texts, progress, failures, aborts.
import { expect, test } from "vitest";
import { embedAll, embedOne } from "../../src/embed/embed.ts";
import type { Embedder } from "../../src/embed/embedder.ts";
import {
  ConfigurationError,
  EmbeddingCountError,
  InvalidTextError,
  InvalidVectorError,
  RateLimitError,
} from "../../src/errors.ts";
import { fakeEmbedder } from "../../src/testing/index.ts";
import { fakeClock } from "../helpers/fake-clock.ts";

test("embeds equal texts once and keeps the order", async () => {
  const embedder = fakeEmbedder({ vectors: { a: [1, 0], b: [0, 1] } });
  const [a, b, again] = await embedAll(embedder, ["a", "b", "a"]);
  expect([a, b]).toEqual([Float32Array.of(1, 0), Float32Array.of(0, 1)]);
  expect(again).toBe(a);
  expect(embedder.calls).toEqual([{ texts: ["a", "b"], kind: "document" }]);
});

test("asks nothing for nothing", async () => {
  const embedder = fakeEmbedder();
  expect(await embedAll(embedder, [])).toEqual([]);
  expect(embedder.calls).toEqual([]);
});

test("cuts batches by count and by tokens, and tells how far it is", async () => {
  const embedder = fakeEmbedder({ limits: { batchSize: 3, batchTokens: 40, concurrency: 1 } });
  const long = "many words ".repeat(40);
  const progress: unknown[] = [];
  await embedAll(embedder, ["a", "b", "c", "d", long, "e", "e"], { onProgress: (p) => progress.push(p) });
  expect(embedder.calls.map((call) => call.texts)).toEqual([["a", "b", "c"], ["d"], [long], ["e"]]);
  expect(progress).toEqual([3, 4, 5, 6].map((done) => ({ done, total: 6 })));
});

test("checks every text before the first request, and tells the row", async () => {
  const embedder = fakeEmbedder({ limits: { batchSize: 1 } });
  await expect(embedAll(embedder, ["a", "b", " "])).rejects.toMatchObject({ name: "InvalidTextError", reason: "empty", row: 2 });
  await expect(embedAll(embedder, ["a", 5 as unknown as string])).rejects.toThrow(InvalidTextError);
  expect(embedder.calls).toEqual([]);
});

test("tells the row of a bad vector, counted over all texts", async () => {
  const embedder = fakeEmbedder({ dimensions: 2, vectors: { c: [Number.NaN, 1] }, limits: { batchSize: 1 } });
  await expect(embedAll(embedder, ["a", "a", "b", "c"])).rejects.toMatchObject({ name: "InvalidVectorError", row: 3 });
  const short = fakeEmbedder({ dimensions: 2, vectors: { c: [1] } });
  await expect(embedAll(short, ["c"])).rejects.toMatchObject({ expected: 2, actual: 1, row: 0 });
});

test("allows zero vectors: the store knows whether they can be compared", async () => {
  expect(await embedAll(fakeEmbedder({ vectors: { a: [0, 0] } }), ["a"])).toEqual([Float32Array.of(0, 0)]);
});

test("refuses too few or too many vectors", async () => {
  const miscounting: Embedder = { id: "x/1", dimensions: 1, embed: async () => [Float32Array.of(1)] };
  await expect(embedAll(miscounting, ["a", "b"])).rejects.toThrow(EmbeddingCountError);
});

test("tries a passing failure again, as often as the limits say", async () => {
  const busy = () => new RateLimitError("busy", { provider: "fake" });
  const clock = fakeClock();
  const embedder = fakeEmbedder({ failures: { 0: busy(), 1: busy() }, limits: { retries: 2 } });
  expect(await embedAll(embedder, ["a"], { clock })).toHaveLength(1);
  expect(clock.waits).toEqual([250, 500]);
  const stubborn = fakeEmbedder({ failures: { 0: busy(), 1: busy() }, limits: { retries: 1 } });
  await expect(embedAll(stubborn, ["a"], { clock })).rejects.toThrow(RateLimitError);
});

test("a final failure stops everything", async () => {
  const error = new Error("broken");
  const embedder = fakeEmbedder({ failures: { 1: error }, limits: { batchSize: 1, concurrency: 1 } });
  await expect(embedAll(embedder, ["a", "b", "c", "d"])).rejects.toBe(error);
  expect(embedder.calls).toHaveLength(2);
});

test("an abort rejects with its reason, also while waiting to try again", async () => {
  const controller = new AbortController();
  const failures = { 0: new RateLimitError("busy", { provider: "fake", retryAfter: 50_000 }) };
  const embedder = fakeEmbedder({ failures });
  const sleep = () => {
    controller.abort("left");
    return new Promise<void>(() => {});
  };
  const clock = { random: () => 0, sleep };
  await expect(embedAll(embedder, ["a"], { signal: controller.signal, clock })).rejects.toBe("left");
  await expect(embedAll(embedder, ["a"], { signal: controller.signal })).rejects.toBe("left");
  expect(embedder.calls).toHaveLength(1);
});

test.each([{ batchSize: 0 }, { batchTokens: Number.NaN }, { concurrency: 1.5 }, { retries: -1 }])(
  "refuses the limit %o",
  async (limits) => {
    await expect(embedAll(fakeEmbedder({ limits }), ["a"])).rejects.toThrow(ConfigurationError);
  },
);

test("embedOne embeds a question", async () => {
  const embedder = fakeEmbedder({ vectors: { q: [3, 4] } });
  expect(await embedOne(embedder, "q")).toEqual(Float32Array.of(3, 4));
  expect(embedder.calls).toEqual([{ texts: ["q"], kind: "query" }]);
  await expect(embedOne(fakeEmbedder({ dimensions: 1, vectors: { q: [Number.NaN] } }), "q")).rejects.toThrow(InvalidVectorError);
});
