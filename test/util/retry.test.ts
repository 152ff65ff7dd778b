// Which errors are tried again, how long is waited, and how an abort ends it.
import { expect, test } from "vitest";
import { RateLimitError } from "../../src/errors.ts";
import { type Clock, retry, sleep } from "../../src/util/retry.ts";
import { fakeClock } from "../helpers/fake-clock.ts";

const busy = (retryAfter?: number) => new RateLimitError("busy", { provider: "test", retryAfter });

function failing(times: number, error: () => unknown = busy) {
  const attempts: number[] = [];
  return {
    attempts,
    fn: async (attempt: number) => {
      attempts.push(attempt);
      if (attempts.length <= times) throw error();
      return "done";
    },
  };
}

test("waits longer after each failure, with full jitter and an upper bound", async () => {
  const clock = fakeClock(0.5);
  const { fn, attempts } = failing(6);
  expect(await retry(fn, { retries: 6, baseDelay: 100, maxDelay: 1000, clock })).toBe("done");
  expect(clock.waits).toEqual([50, 100, 200, 400, 500, 500]);
  expect(attempts).toEqual([0, 1, 2, 3, 4, 5, 6]);
});

test("throws the last error after the last retry, and tries once for 0 retries", async () => {
  const { fn, attempts } = failing(9);
  await expect(retry(fn, { retries: 2, clock: fakeClock() })).rejects.toBeInstanceOf(RateLimitError);
  expect(attempts).toHaveLength(3);
  const once = failing(9);
  await expect(retry(once.fn, { retries: 0, clock: fakeClock() })).rejects.toBeInstanceOf(RateLimitError);
  expect(once.attempts).toHaveLength(1);
});

test.each([new Error("final"), "a string", null, undefined, { retryable: "yes" }])("does not try %o again", async (error) => {
  const { fn, attempts } = failing(1, () => error);
  await expect(retry(fn, { retries: 5, clock: fakeClock() })).rejects.toBe(error);
  expect(attempts).toHaveLength(1);
});

test("knows a retryable error by its shape", async () => {
  const { fn } = failing(1, () => ({ retryable: true, retryAfter: 40_000 }));
  const clock = fakeClock();
  expect(await retry(fn, { retries: 1, clock })).toBe("done");
  expect(clock.waits).toEqual([40_000]);
});

test("waits at least as long as it was asked to, and not at all when that is too long", async () => {
  const clock = fakeClock(0.5);
  await retry(failing(1, () => busy(10)).fn, { retries: 1, baseDelay: 1000, clock });
  await retry(failing(1, () => busy(700)).fn, { retries: 1, baseDelay: 1000, clock });
  expect(clock.waits).toEqual([500, 700]);
  await expect(retry(failing(1, () => busy(60_001)).fn, { retries: 1, clock })).rejects.toMatchObject({ retryAfter: 60_001 });
  expect(clock.waits).toHaveLength(2);
});

test("an abort in the middle of a wait rejects at once, with the reason", async () => {
  const controller = new AbortController();
  const { fn, attempts } = failing(9);
  const clock: Clock = {
    random: () => 1,
    sleep(_, signal) {
      queueMicrotask(() => controller.abort("left"));
      return sleep(3_600_000, signal);
    },
  };
  const pending = retry(fn, { retries: 9, signal: controller.signal, clock });
  await expect(pending).rejects.toBe("left");
  expect(attempts).toHaveLength(1);
});

test("an abort during an attempt wins over the attempt's error; an aborted signal starts none", async () => {
  const controller = new AbortController();
  const fn = async () => {
    controller.abort("left");
    throw busy();
  };
  await expect(retry(fn, { retries: 9, signal: controller.signal, clock: fakeClock() })).rejects.toBe("left");
  const { fn: never, attempts } = failing(0);
  await expect(retry(never, { retries: 9, signal: controller.signal })).rejects.toBe("left");
  expect(attempts).toEqual([]);
});

test("sleep ends, and rejects for a signal that has already aborted", async () => {
  const controller = new AbortController();
  await sleep(0, controller.signal);
  await sleep(0);
  await expect(sleep(3_600_000, AbortSignal.abort("left"))).rejects.toBe("left");
});
