// Batches keep within their limits and lose nothing; jobs keep their order and stop together.
import fc from "fast-check";
import { expect, test } from "vitest";
import { batches, mapConcurrent } from "../../src/util/batch.ts";

test("batches lose nothing, keep the order and the limits; only a single item may be too heavy", () => {
  const weights = fc.array(fc.integer({ min: 0, max: 30 }));
  fc.assert(
    fc.property(weights, fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 40 }), (items, count, weight) => {
      const cut = batches(items, { count, weight, weigh: (x) => x });
      expect(cut.flat()).toEqual(items);
      for (const [i, batch] of cut.entries()) {
        const sum = batch.reduce((a, b) => a + b, 0);
        expect(batch.length).toBeGreaterThan(0);
        expect(batch.length).toBeLessThanOrEqual(count);
        if (batch.length > 1) expect(sum).toBeLessThanOrEqual(weight);
        // Filled as far as the limits allow: the next item would not have gone in.
        const next = cut[i + 1]?.[0];
        if (next !== undefined) expect(batch.length === count || sum + next > weight).toBe(true);
      }
    }),
  );
});

test("weighs nothing when only the count is given", () => {
  expect(batches([1, 2, 3], { count: 2 })).toEqual([[1, 2], [3]]);
  expect(batches([], { count: 2 })).toEqual([]);
});

/** Jobs that end when the test says so. */
function gates() {
  const open = new Map<number, { resolve: (value: string) => void; reject: (error: unknown) => void; signal: AbortSignal }>();
  const job = (item: number, _: number, signal: AbortSignal) =>
    new Promise<string>((resolve, reject) => open.set(item, { resolve, reject, signal }));
  return { open, job, gate: (item: number) => open.get(item)! };
}
const settle = () => new Promise((resolve) => setImmediate(resolve));

test("runs no more than the limit at once, and keeps the order", async () => {
  const { open, job, gate } = gates();
  const result = mapConcurrent([0, 1, 2, 3], { concurrency: 2 }, job);
  expect([...open.keys()]).toEqual([0, 1]);
  gate(1).resolve("b");
  await settle();
  expect([...open.keys()]).toEqual([0, 1, 2]);
  gate(2).resolve("c");
  await settle();
  gate(3).resolve("d");
  gate(0).resolve("a");
  expect(await result).toEqual(["a", "b", "c", "d"]);
});

test("the first failure rejects at once, aborts the others and starts no more", async () => {
  const { open, job, gate } = gates();
  const result = mapConcurrent([0, 1, 2, 3], { concurrency: 3 }, job);
  const error = new Error("first");
  gate(1).reject(error);
  await expect(result).rejects.toBe(error);
  expect(gate(0).signal.reason).toBe(error);
  expect(gate(2).signal.aborted).toBe(true);
  // What the others do now, also late failures, changes nothing and starts nothing.
  gate(0).reject(new Error("late"));
  gate(2).resolve("late");
  await settle();
  expect([...open.keys()]).toEqual([0, 1, 2]);
});

test("an abort rejects at once with its reason, also when jobs ignore their signal", async () => {
  const { open, job, gate } = gates();
  const controller = new AbortController();
  const result = mapConcurrent([0, 1, 2], { concurrency: 2, signal: controller.signal }, job);
  controller.abort("left");
  await expect(result).rejects.toBe("left");
  expect(gate(0).signal.reason).toBe("left");
  expect(open.size).toBe(2);
  await expect(mapConcurrent([0], { concurrency: 1, signal: controller.signal }, job)).rejects.toBe("left");
});

test("a job that throws instead of rejecting fails the same way", async () => {
  const job = () => {
    throw new Error("at once");
  };
  await expect(mapConcurrent([1, 2], { concurrency: 2 }, job)).rejects.toThrow("at once");
});

test("nothing to do gives nothing", async () => {
  expect(await mapConcurrent([], { concurrency: 4 }, async () => 1)).toEqual([]);
});
