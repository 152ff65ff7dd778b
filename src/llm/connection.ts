// What the adapters share around their converters: options, the client made on first use, and the call itself with its errors named.
import { ConfigurationError, InvalidResponseError, ProviderConnectionError, StreamInterruptedError } from "../errors.ts";
import { type ProviderErrorPlace, providerError } from "../util/provider-errors.ts";
import type { Extra, ModelEvent, ModelOptions, ModelParams } from "./model.ts";

/** How to reach a provider. All are optional. */
export interface ConnectionOptions {
  /** Default: the provider's environment variable. */
  apiKey?: string | undefined;
  /** Where the API is, with its version: "http://localhost:11434/v1". */
  baseURL?: string | undefined;
  /** Sent with every request. */
  headers?: Record<string, string> | undefined;
  /** In place of the global `fetch`. */
  fetch?: typeof fetch | undefined;
  /** Times the SDK tries again after 408, 409, 429, 5xx or a lost connection, honouring `retry-after`. Default: 2. */
  maxRetries?: number | undefined;
  /** Milliseconds until the response must have begun. Default: 600,000. */
  timeout?: number | undefined;
}

/** Settings every SDK's client takes under the same names. */
export function clientOptions(options: ConnectionOptions) {
  return {
    maxRetries: options.maxRetries ?? 2,
    timeout: options.timeout ?? 600_000,
    ...(options.headers !== undefined && { defaultHeaders: options.headers }),
    ...(options.fetch !== undefined && { fetch: options.fetch }),
    ...(options.baseURL !== undefined && { baseURL: options.baseURL }),
  };
}

/** Runs `make` once, on first use; a failure is not kept, since a missing key or package may be put right. */
export function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make().catch((error: unknown) => {
      made = undefined;
      throw error;
    });
    return made;
  };
}

/** What an SDK takes beside the body. */
export function requestOptions(extra: Extra | undefined, { signal, maxRetries }: ModelOptions) {
  return {
    ...(maxRetries !== undefined && { maxRetries }),
    ...(signal !== undefined && { signal }),
    ...(extra?.headers !== undefined && { headers: extra.headers }),
    ...(extra?.query !== undefined && { query: extra.query }),
  };
}

/**
 * Throws a `ConfigurationError` for a parameter that is set and that the API does not have.
 * @param lacks the parameters and what to do instead, as a sentence.
 */
export function refuseParams(api: string, params: ModelParams, lacks: Partial<Record<keyof ModelParams, string>>): void {
  for (const [name, remedy] of Object.entries(lacks)) {
    if (params[name as keyof ModelParams] !== undefined)
      throw new ConfigurationError(`${api} has no parameter "${name}". ${remedy}`);
  }
}

/** One request. An abort rejects at once with the signal's reason, even while the SDK waits to try again. */
export async function request<T>(
  place: ProviderErrorPlace,
  signal: AbortSignal | undefined,
  send: () => PromiseLike<T>,
): Promise<T> {
  signal?.throwIfAborted();
  try {
    return await abortable(send(), signal);
  } catch (error) {
    signal?.throwIfAborted();
    throw providerError(error, place);
  }
}

/** Turns one provider event into ours; the last call that gives `finish` ends the stream. */
export interface StreamDecoder<Event, Raw> {
  push(event: Event): readonly ModelEvent<Raw>[];
  /** What is left when the events are over, for protocols whose last event does not say that it is the last. */
  end?(): readonly ModelEvent<Raw>[];
}

/** Milliseconds to wait, after the last event, for the server to end the response, so that the connection can be used again. */
const DRAIN = 500;

/**
 * Opens a stream and decodes its events. Leaving early closes the connection. Throws a `StreamInterruptedError` when the events end before
 * the decoder said `finish`, a `ProviderError` for an error event, the signal's reason after an abort.
 */
export async function* requestStream<Event, Raw>(
  place: ProviderErrorPlace,
  outer: AbortSignal | undefined,
  open: (signal: AbortSignal) => PromiseLike<AsyncIterable<Event>>,
  decoder: StreamDecoder<Event, Raw>,
): AsyncGenerator<ModelEvent<Raw>, void, undefined> {
  const closer = new AbortController();
  const signal = outer === undefined ? closer.signal : AbortSignal.any([outer, closer.signal]);
  let finish: ModelEvent<Raw> | undefined;
  let events: AsyncIterator<Event> | undefined;
  try {
    events = (await request(place, signal, () => open(signal)))[Symbol.asyncIterator]();
    for (;;) {
      let next: IteratorResult<Event> | undefined;
      try {
        next = await (finish === undefined ? events.next() : withinDrain(events.next()));
      } catch (error) {
        // Once the answer is complete, neither a slow end nor a broken one matters.
        if (finish !== undefined) break;
        throw broken(error, place, outer);
      }
      // The SDKs end a stream in silence when it is aborted.
      if (finish === undefined) outer?.throwIfAborted();
      const done = next === undefined || next.done === true;
      for (const event of decoded(place, () => (done ? decoder.end?.() : decoder.push(next?.value as Event))) ?? []) {
        if (event.type === "finish") finish = event;
        else yield event;
      }
      if (done) break;
    }
  } finally {
    closer.abort();
    // Not waited for: it comes after an event that may still be on its way.
    events?.return?.().catch(() => {});
  }
  if (finish === undefined) throw interrupted(place);
  yield finish;
}

/** Runs a converter. What does not have the protocol's shape makes it stumble, and that is the provider's fault. */
export function decoded<T>(place: ProviderErrorPlace, convert: () => T, raw?: unknown): T {
  try {
    return convert();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const who = place.model === undefined ? place.provider : `${place.provider}/${place.model}`;
    throw new InvalidResponseError(`${who} sent something that is not of its protocol: ${error.message}`, {
      ...place,
      raw,
      cause: error,
    });
  }
}

function broken(error: unknown, place: ProviderErrorPlace, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted) return signal.reason;
  const named = providerError(error, place);
  return named instanceof ProviderConnectionError ? interrupted(place, error) : named;
}

async function withinDrain<T>(promise: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, DRAIN, undefined);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Settles as the promise does, or rejects with the signal's reason as soon as it aborts. */
export async function abortable<T>(promise: PromiseLike<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  let stop: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    if (stop !== undefined) signal.removeEventListener("abort", stop);
  }
}

function interrupted(place: ProviderErrorPlace, cause?: unknown): StreamInterruptedError {
  const who = place.model === undefined ? place.provider : `${place.provider}/${place.model}`;
  return new StreamInterruptedError(`${who}: the stream ended before the answer was complete. Ask again.`, { ...place, cause });
}
