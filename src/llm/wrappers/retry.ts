// A model that asks again when it failed for a passing reason.
import { type RetryOptions, retry } from "../../util/retry.ts";
import type { RawOf } from "../inferred.ts";
import type { Model, ModelEvent } from "../model.ts";
import { resolveModel } from "../resolve.ts";
import type { ModelInput } from "../settings.ts";
import { faceOf } from "./face.ts";

export interface WithRetryOptions extends Omit<RetryOptions, "retries" | "signal"> {
  /** Times to ask again. Default: 2. The provider's client does not try again by itself then, so that this is the count of requests. */
  retries?: number;
}

/**
 * The same model, asked again after an error that is `retryable`: a rate limit (as long after as the provider says), an overloaded or broken
 * server, a lost connection, a timeout. Waits grow exponentially, with jitter. A stream is opened again as long as nothing has come from it.
 * Throws the last error.
 */
export function withRetry<M extends ModelInput>(model: M, options: WithRetryOptions = {}): Model<RawOf<M>> {
  const inner = resolveModel(model) as Model<RawOf<M>>;
  const { retries = 2, ...waits } = options;
  return {
    ...faceOf(inner),
    generate: (request, given) =>
      retry(() => inner.generate(request, { ...given, maxRetries: 0 }), { ...waits, retries, signal: given.signal }),
    async *stream(request, given): AsyncGenerator<ModelEvent<RawOf<M>>> {
      const opened = await retry(() => opening(inner.stream(request, { ...given, maxRetries: 0 })), {
        ...waits,
        retries,
        signal: given.signal,
      });
      yield* opened;
    },
  };
}

/** The stream once its first event is there: until then it can be opened again, and nobody has seen anything. */
export async function opening<T>(events: AsyncIterable<T>): Promise<AsyncIterable<T>> {
  const reader = events[Symbol.asyncIterator]();
  const first = await reader.next();
  return (async function* () {
    try {
      for (let next = first; !next.done; next = await reader.next()) yield next.value;
    } finally {
      await reader.return?.();
    }
  })();
}
