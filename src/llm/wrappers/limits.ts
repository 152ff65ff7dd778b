// A model that keeps to a provider's limits: what would go over them waits its turn.
import { ConfigurationError } from "../../errors.ts";
import { type Sleep, sleep } from "../../util/retry.ts";
import { approximateTokens } from "../../util/tokens.ts";
import { abortable } from "../connection.ts";
import type { RawOf } from "../inferred.ts";
import type { Model, ModelEvent, ModelRequest, Usage } from "../model.ts";
import { resolveModel } from "../resolve.ts";
import type { ModelInput } from "../settings.ts";
import { faceOf } from "./face.ts";

export interface WithLimitsOptions {
  /** Requests at once. A stream counts until it ends or is left. */
  concurrency?: number;
  /** Requests begun within any minute. */
  requestsPerMinute?: number;
  /**
   * Tokens, in and out, within any minute. A request counts with an estimate (and its `maxTokens`) when it begins, and with what was billed
   * when it is done.
   */
  tokensPerMinute?: number;
  /** For tests: the time in milliseconds, and how to wait. */
  clock?: { now: () => number; sleep: Sleep };
}

const minute = 60_000;

/**
 * The same model, within these limits: requests wait in the order in which they came, and an abort takes one out of the line. The limits hold for
 * this value; give the same one to every call that shares a provider's account.
 *
 * @throws ConfigurationError for limits below 1.
 */
export function withLimits<M extends ModelInput>(model: M, options: WithLimitsOptions): Model<RawOf<M>> {
  const inner = resolveModel(model) as Model<RawOf<M>>;
  const { concurrency = Infinity, requestsPerMinute = Infinity, tokensPerMinute = Infinity } = options;
  for (const [name, value] of Object.entries({ concurrency, requestsPerMinute, tokensPerMinute })) {
    if (!(value >= 1)) throw new ConfigurationError(`${name}: ${value} is not 1 or more.`);
  }
  const { now, sleep: wait } = options.clock ?? { now: () => performance.now(), sleep };

  /** Requests of the last minute, oldest first. */
  let begun: { at: number; tokens: number }[] = [];
  let running = 0;
  const atEnd = new Set<() => void>();
  /** The line: each waits for the one before it to have begun. */
  let last: Promise<unknown> = Promise.resolve();

  async function admitted(request: ModelRequest, signal: AbortSignal | undefined): Promise<(usage?: Usage) => void> {
    const tokens = tokensPerMinute === Infinity ? 0 : Math.min(tokensOf(request), tokensPerMinute);
    const mine = last.then(() => turn(tokens, signal));
    last = mine.catch(() => {});
    const entry = await abortable(mine, signal);
    let done = false;
    return (usage) => {
      if (done) return;
      done = true;
      running--;
      if (usage?.inputTokens !== undefined) entry.tokens = usage.inputTokens + (usage.outputTokens ?? 0);
      for (const wake of atEnd) wake();
    };
  }

  async function turn(tokens: number, signal: AbortSignal | undefined) {
    for (;;) {
      signal?.throwIfAborted();
      if (running >= concurrency) {
        await oneToEnd(signal);
        continue;
      }
      const time = now();
      begun = begun.filter(({ at }) => time - at < minute);
      const used = begun.reduce((sum, each) => sum + each.tokens, 0);
      const [oldest] = begun;
      if (oldest === undefined || (begun.length < requestsPerMinute && used + tokens <= tokensPerMinute)) break;
      await wait(oldest.at + minute - time, signal);
    }
    const entry = { at: now(), tokens };
    begun.push(entry);
    running++;
    return entry;
  }

  function oneToEnd(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (act: () => void) => () => {
        atEnd.delete(wake);
        signal?.removeEventListener("abort", abort);
        act();
      };
      const wake = settle(resolve);
      const abort = settle(() => reject(signal?.reason));
      atEnd.add(wake);
      signal?.addEventListener("abort", abort, { once: true });
    });
  }

  return {
    ...faceOf(inner),
    async generate(request, given) {
      const end = await admitted(request, given.signal);
      try {
        const response = await inner.generate(request, given);
        end(response.usage);
        return response;
      } finally {
        end();
      }
    },
    async *stream(request, given): AsyncGenerator<ModelEvent<RawOf<M>>> {
      const end = await admitted(request, given.signal);
      try {
        for await (const event of inner.stream(request, given)) {
          if (event.type === "finish") end(event.response.usage);
          yield event;
        }
      } finally {
        end();
      }
    },
  };
}

/** What an image or a document is taken for: about what providers bill for a picture of a thousand pixels or a page. */
const medium = 1500;

/** An estimate of what a request will be billed. */
function tokensOf({ system, messages, tools, params }: ModelRequest): number {
  let media = 0;
  const text = JSON.stringify([system, messages, tools], (key, value: unknown) => {
    // What the provider sent stands beside it in our words.
    if (key === "raw") return undefined;
    if (key !== "source" || typeof value !== "object" || value === null || "text" in value) return value;
    media++;
    return undefined;
  });
  return approximateTokens(text) + media * medium + (params.maxTokens ?? 0);
}
