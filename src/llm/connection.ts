// What the adapters share around their converters: options, the client made on first use, and the call itself with its errors named.
import { ConfigurationError, InvalidResponseError, ProviderConnectionError, StreamInterruptedError } from "../errors.ts";
import { type ProviderErrorPlace, providerError } from "../util/provider-errors.ts";
import type { Extra, ModelEvent, ModelOptions, ModelParams } from "./model.ts";
import { type Batch, eventsOf, type OpenedStream } from "./server-events.ts";

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

/** What an SDK takes beside the body. */
export function requestOptions(extra: Extra | undefined, { signal, maxRetries }: ModelOptions) {
  const options: {
    maxRetries?: number;
    signal?: AbortSignal;
    headers?: Record<string, string>;
    query?: Record<string, unknown>;
  } = {};
  if (maxRetries !== undefined) options.maxRetries = maxRetries;
  if (signal !== undefined) options.signal = signal;
  if (extra?.headers !== undefined) options.headers = extra.headers;
  if (extra?.query !== undefined) options.query = extra.query;
  return options;
}

/**
 * Throws a `ConfigurationError` for a parameter that is set and that the API does not have.
 * @param lacks the parameters and what to do instead, as a sentence.
 */
export function refuseParams(api: string, params: ModelParams, lacks: Partial<Record<keyof ModelParams, string>>): void {
  for (const name in lacks) {
    if (params[name as keyof ModelParams] !== undefined)
      throw new ConfigurationError(`${api} has no parameter "${name}". ${lacks[name as keyof ModelParams]}`);
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
    return await (signal === undefined ? send() : abortable(send(), signal));
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
export function requestStream<Event, Raw>(
  place: ProviderErrorPlace,
  outer: AbortSignal | undefined,
  open: (signal: AbortSignal) => PromiseLike<OpenedStream<Event>>,
  decoder: StreamDecoder<Event, Raw>,
): AsyncIterable<ModelEvent<Raw>> {
  return { [Symbol.asyncIterator]: () => new DecodedStream(place, outer, open, decoder) };
}

/** An iterator by hand: a generator costs each event two turns of the queue of promises more. */
class DecodedStream<Event, Raw> implements AsyncIterator<ModelEvent<Raw>> {
  private readonly closer = new AbortController();
  private events: AsyncIterator<Batch<Event>> | undefined;
  /** Decoded and not yet read. */
  private ready: ModelEvent<Raw>[] = [];
  private finish: ModelEvent<Raw> | undefined;
  /** Thrown when what was decoded before it has been read. */
  private failure: { error: unknown } | undefined;
  private over = false;

  constructor(
    private place: ProviderErrorPlace,
    private readonly outer: AbortSignal | undefined,
    private readonly open: (signal: AbortSignal) => PromiseLike<OpenedStream<Event>>,
    private readonly decoder: StreamDecoder<Event, Raw>,
  ) {}

  async next(): Promise<IteratorResult<ModelEvent<Raw>>> {
    if (this.ready.length > 0) return { done: false, value: this.ready.shift() as ModelEvent<Raw> };
    this.throwFailure();
    if (this.over) return { done: true, value: undefined };
    try {
      for (;;) {
        this.events ??= await this.opened();
        let next: IteratorResult<Batch<Event>> | undefined;
        try {
          next = await (this.finish === undefined ? this.events.next() : withinDrain(this.events.next()));
        } catch (error) {
          // Once the answer is complete, neither a slow end nor a broken one matters.
          if (this.finish === undefined) throw broken(error, this.place, this.outer);
        }
        // The SDKs end a stream in silence when it is aborted.
        if (this.finish === undefined) this.outer?.throwIfAborted();
        const last = next === undefined || next.done === true;
        this.take(last ? undefined : (next as IteratorYieldResult<Batch<Event>>).value);
        if (last) {
          this.close();
          if (this.finish === undefined) throw interrupted(this.place);
          this.ready.push(this.finish);
        }
        const first = this.ready.shift();
        if (first !== undefined) return { done: false, value: first };
        this.throwFailure();
      }
    } catch (error) {
      this.close();
      throw error;
    }
  }

  async return(): Promise<IteratorResult<ModelEvent<Raw>>> {
    this.close();
    this.ready = [];
    return { done: true, value: undefined };
  }

  private async opened(): Promise<AsyncIterator<Batch<Event>>> {
    const { outer, closer, place } = this;
    const signal = outer === undefined ? closer.signal : AbortSignal.any([outer, closer.signal]);
    const opened = await request(place, signal, () => this.open(signal));
    const requestId = opened.response?.headers.get("x-request-id") ?? opened.response?.headers.get("request-id");
    if (requestId) this.place = { ...place, requestId };
    return eventsOf(opened, this.place);
  }

  /** Decodes what came, or what is left at the end. */
  private take(batch: Batch<Event> | undefined): void {
    if (batch === undefined) this.sort(this.decode(() => this.decoder.end?.() ?? []));
    else if (!Array.isArray(batch)) this.sort(this.decode(() => this.decoder.push(batch)));
    else {
      try {
        for (const event of batch) this.sort(this.decode(() => this.decoder.push(event())));
      } catch (error) {
        this.close();
        this.failure = { error: this.finish === undefined ? broken(error, this.place, this.outer) : error };
      }
    }
  }

  private sort(events: readonly ModelEvent<Raw>[]): void {
    for (const event of events) {
      if (event.type === "finish") this.finish = event;
      else this.ready.push(event);
    }
  }

  private throwFailure(): void {
    const { failure } = this;
    this.failure = undefined;
    if (failure !== undefined) throw failure.error;
  }

  private decode(work: () => readonly ModelEvent<Raw>[]): readonly ModelEvent<Raw>[] {
    try {
      return work();
    } catch (error) {
      throw misshapen(error, this.place);
    }
  }

  private close(): void {
    if (this.over) return;
    this.over = true;
    this.closer.abort();
    // Not waited for: it comes after an event that may still be on its way.
    this.events?.return?.().catch(() => {});
  }
}

/** Runs a converter. What does not have the protocol's shape makes it stumble, and that is the provider's fault. */
export function decoded<T>(place: ProviderErrorPlace, convert: () => T, raw?: unknown): T {
  try {
    return convert();
  } catch (error) {
    throw misshapen(error, place, raw);
  }
}

function misshapen(error: unknown, place: ProviderErrorPlace, raw?: unknown): unknown {
  if (!(error instanceof TypeError)) return error;
  const who = place.model === undefined ? place.provider : `${place.provider}/${place.model}`;
  return new InvalidResponseError(`${who} sent something that is not of its protocol: ${error.message}`, {
    ...place,
    raw,
    cause: error,
  });
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
