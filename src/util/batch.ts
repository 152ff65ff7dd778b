// Work in batches: cut a list by count and weight, and run a bounded number of jobs at once.

export interface BatchLimits<T> {
  /** Most items a batch; at least 1. */
  count: number;
  /** Most weight a batch. An item that is heavier by itself goes alone. Default: no limit. */
  weight?: number;
  /** Weight of an item, such as its estimated tokens. Default: 1. */
  weigh?: (item: T) => number;
}

/** Cuts a list into consecutive batches, none of them empty, filling each as far as the limits allow. */
export function batches<T>(items: readonly T[], limits: BatchLimits<T>): T[][] {
  const { count, weight = Number.POSITIVE_INFINITY, weigh = () => 1 } = limits;
  const out: T[][] = [];
  let batch: T[] = [];
  let load = 0;
  for (const item of items) {
    const itemLoad = weigh(item);
    if (batch.length > 0 && (batch.length >= count || load + itemLoad > weight)) {
      out.push(batch);
      batch = [];
      load = 0;
    }
    batch.push(item);
    load += itemLoad;
  }
  if (batch.length > 0) out.push(batch);
  return out;
}

export interface ConcurrencyOptions {
  /** Most jobs at once; at least 1. */
  concurrency: number;
  signal?: AbortSignal | undefined;
}

/**
 * Maps a list with a bounded number of jobs at once; the results keep the order of the items.
 *
 * The first failure, or an abort of `signal`, rejects at once: with that error, or with `signal.reason`. No job is started after
 * that, and the signals handed to the jobs under way are aborted. Those jobs are not waited for, since one that ignores its
 * signal would hold the caller up.
 */
export function mapConcurrent<T, R>(
  items: readonly T[],
  options: ConcurrencyOptions,
  job: (item: T, index: number, signal: AbortSignal) => Promise<R>,
): Promise<R[]> {
  const { concurrency, signal } = options;
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const results = new Array<R>(items.length);
    // A controller for each job: a signal shared by all of them would gather listeners over a long list.
    const running = new Set<AbortController>();
    let next = 0;
    let done = 0;
    let ended = false;

    const end = () => {
      ended = true;
      signal?.removeEventListener("abort", onAbort);
    };
    const fail = (error: unknown) => {
      if (ended) return;
      end();
      reject(error);
      for (const controller of running) controller.abort(error);
    };
    const onAbort = () => fail(signal?.reason);
    signal?.addEventListener("abort", onAbort, { once: true });

    const run = async () => {
      while (!ended && next < items.length) {
        const index = next++;
        const controller = new AbortController();
        running.add(controller);
        try {
          results[index] = await job(items[index] as T, index, controller.signal);
        } catch (error) {
          return fail(error);
        } finally {
          running.delete(controller);
        }
        done++;
      }
      if (!ended && done === items.length) {
        end();
        resolve(results);
      }
    };
    // An empty list still needs one runner, to resolve.
    for (let i = 0; i < Math.max(1, Math.min(concurrency, items.length)); i++) void run();
  });
}
