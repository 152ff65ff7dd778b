// A model that is given up when it takes too long.
import { ConfigurationError, ProviderTimeoutError } from "../../errors.ts";
import { placeOf } from "../../util/provider-errors.ts";
import type { RawOf } from "../inferred.ts";
import type { Model, ModelEvent } from "../model.ts";
import { resolveModel } from "../resolve.ts";
import type { ModelInput } from "../settings.ts";
import { faceOf } from "./face.ts";

export interface WithTimeoutOptions {
  /** Milliseconds until a stream's first event; for an answer that is not streamed, until all of it. */
  firstEvent?: number;
  /** Milliseconds until the whole answer. */
  total?: number;
}

/**
 * The same model, whose requests are closed when they take longer than this. Throws a `ProviderTimeoutError`, which is retryable:
 * `withRetry(withTimeout(model, …))` gives each try its own time, `withTimeout(withRetry(model), …)` all tries together.
 *
 * @throws ConfigurationError for times that are not positive.
 */
export function withTimeout<M extends ModelInput>(model: M, options: WithTimeoutOptions): Model<RawOf<M>> {
  const inner = resolveModel(model) as Model<RawOf<M>>;
  const { firstEvent, total } = options;
  for (const [name, value] of Object.entries(options)) {
    if (value !== undefined && !(value > 0)) throw new ConfigurationError(`${name}: ${value} is not a time in milliseconds.`);
  }
  const timedOut = (what: string, ms: number) => {
    return new ProviderTimeoutError(`${inner.id} gave no ${what} within ${ms} ms.`, placeOf(inner.id));
  };
  /** A signal that aborts after its time, with the error to throw, until it is told to stop. */
  const watch = (outer: AbortSignal | undefined, what: string, ms: number | undefined) => {
    const closer = new AbortController();
    const timer = ms === undefined ? undefined : setTimeout(() => closer.abort(timedOut(what, ms)), ms);
    const signal = outer === undefined ? closer.signal : AbortSignal.any([outer, closer.signal]);
    return { signal, stop: () => clearTimeout(timer) };
  };
  return {
    ...faceOf(inner),
    async generate(request, given) {
      const watched = watch(given.signal, "answer", shorter(firstEvent, total));
      try {
        return await inner.generate(request, { ...given, signal: watched.signal });
      } finally {
        watched.stop();
      }
    },
    async *stream(request, given): AsyncGenerator<ModelEvent<RawOf<M>>> {
      const first = watch(given.signal, "first event", firstEvent);
      const whole = watch(first.signal, "whole answer", total);
      try {
        for await (const event of inner.stream(request, { ...given, signal: whole.signal })) {
          first.stop();
          yield event;
        }
      } finally {
        first.stop();
        whole.stop();
      }
    },
  };
}

function shorter(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.min(a, b);
}
