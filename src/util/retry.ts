// Tries again what failed for a passing reason. Only errors that say of themselves that they are `retryable` are tried again.

/** Waits `ms` milliseconds; rejects with `signal.reason` as soon as the signal aborts. */
export type Sleep = (ms: number, signal?: AbortSignal) => Promise<void>;

/** How `retry` waits. Tests hand in both and never wait. */
export interface Clock {
  sleep: Sleep;
  /** A number in [0, 1). */
  random: () => number;
}

export interface RetryOptions {
  /** Times to try again after the first failure; 0 tries once. */
  retries: number;
  signal?: AbortSignal | undefined;
  /** Upper bound of the first wait, in milliseconds; doubles with each failure. Default: 500. */
  baseDelay?: number;
  /** Upper bound of any wait we choose ourselves, in milliseconds. Default: 16,000. */
  maxDelay?: number;
  /** Longest wait a server may ask for, in milliseconds; if it asks for more, its error is thrown at once. Default: 60,000. */
  maxRetryAfter?: number;
  clock?: Clock;
}

/**
 * Calls `fn` until it succeeds, fails with an error that is not `retryable`, or has failed `retries + 1` times.
 * Throws the last error as it is; once the signal has aborted, throws `signal.reason` instead, also in the middle of a wait.
 *
 * Waits are exponential with full jitter, `random() * min(maxDelay, baseDelay * 2 ** failures)`, after M. Brooker, "Exponential
 * Backoff And Jitter" (AWS Architecture Blog, 2015). A `retryAfter` of the error (milliseconds) is the least that is waited.
 *
 * @param fn is given the number of the attempt, from 0.
 */
export async function retry<T>(fn: (attempt: number) => Promise<T>, options: RetryOptions): Promise<T> {
  const { retries, signal, baseDelay = 500, maxDelay = 16_000, maxRetryAfter = 60_000, clock = systemClock } = options;
  for (let attempt = 0; ; attempt++) {
    signal?.throwIfAborted();
    try {
      return await fn(attempt);
    } catch (error) {
      // What an aborted request fails with differs from client to client; the caller's own reason does not.
      signal?.throwIfAborted();
      const { retryable, retryAfter = 0 } = retryFacts(error);
      if (!retryable || attempt >= retries || retryAfter > maxRetryAfter) throw error;
      const jittered = clock.random() * Math.min(maxDelay, baseDelay * 2 ** attempt);
      await clock.sleep(Math.max(retryAfter, jittered), signal);
    }
  }
}

/** `setTimeout` as a promise that an abort ends at once. */
export const sleep: Sleep = (ms, signal) =>
  new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const abort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", abort);
      resolve();
    }, ms);
    signal?.addEventListener("abort", abort, { once: true });
  });

const systemClock: Clock = { sleep, random: Math.random };

/** Read by shape, not by class: an embedder or model written elsewhere may throw errors of its own. */
function retryFacts(error: unknown): { retryable: boolean; retryAfter?: number } {
  if (typeof error !== "object" || error === null) return { retryable: false };
  const retryable = "retryable" in error && error.retryable === true;
  const after = "retryAfter" in error ? error.retryAfter : undefined;
  return typeof after === "number" && after >= 0 ? { retryable, retryAfter: after } : { retryable };
}
