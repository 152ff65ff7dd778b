// A clock for `retry` that never waits: it notes how long it was asked to, and its random number is always the same.
import type { Clock } from "../../src/util/retry.ts";

export interface FakeClock extends Clock {
  /** Milliseconds of each wait, in order. */
  waits: number[];
}

export function fakeClock(random = 0.5): FakeClock {
  const waits: number[] = [];
  return {
    waits,
    random: () => random,
    async sleep(ms, signal) {
      signal?.throwIfAborted();
      waits.push(ms);
    },
  };
}
