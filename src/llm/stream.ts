// A streamed answer: typed events, or the text alone, or straight to the response; for as many readers as there are.
import { DrizzleRagError } from "../errors.ts";
import type { Citation, Source } from "../values.ts";
import type { ToolCallPart, ToolResultPart } from "./model.ts";
import type { CallResponse } from "./response.ts";
import { type ToResponseOptions, toResponse } from "./to-response.ts";

/** What a call's stream yields; the last event is `finish`. A citation follows the text that it supports. */
export type CallEvent<S extends Source = Source, Raw = unknown, Output = undefined> =
  | { type: "text"; text: string }
  | { type: "citation"; citation: Citation<S> }
  | { type: "reasoning"; text: string }
  /** A tool call begins; its arguments come as pieces of JSON, and then whole. */
  | { type: "tool-call-start"; id: string; name: string }
  | { type: "tool-input"; id: string; text: string }
  | { type: "tool-call"; call: ToolCallPart }
  /** A tool has been run (`maxSteps`). */
  | { type: "tool-result"; result: ToolResultPart }
  /** The value asked for, as far as it has come, not checked: the same object each time, growing. The checked one is in `finish`. */
  | { type: "output"; output: unknown }
  | { type: "finish"; response: CallResponse<S, Raw, Output> };

/**
 * A streamed answer. It is asked for when it is first read. Each reader gets all events from the beginning; the provider is read as fast as the
 * fastest of them. When all that have begun have left, the connection is closed.
 */
export interface CallStream<S extends Source = Source, Raw = unknown, Output = undefined>
  extends AsyncIterable<CallEvent<S, Raw, Output>> {
  /** The text alone, piece by piece. */
  readonly textStream: AsyncIterable<string>;
  /**
   * The same response that the plain call gives. Reads the stream to its end if nobody does; else resolves when a reader gets there.
   * Rejects with the error of the stream, and when all readers left early.
   */
  response(): Promise<CallResponse<S, Raw, Output>>;
  /**
   * The stream as the `Response` of an HTTP handler: server-sent events, our own or those that `useChat` reads (`format: "ui"`). Nothing is asked
   * before the body is read; a reader that goes away closes the connection to the provider.
   */
  toResponse(options?: ToResponseOptions): Response;
}

/** @param open asks the model; it is called once, and its signal aborts when the readers have left. */
export function callStream<S extends Source, Raw, Output>(
  open: (signal: AbortSignal) => Promise<AsyncIterable<CallEvent<S, Raw, Output>>>,
): CallStream<S, Raw, Output> {
  type Event = CallEvent<S, Raw, Output>;
  const closer = new AbortController();
  const result = deferred<CallResponse<S, Raw, Output>>();
  const log: Event[] = [];
  let source: AsyncIterator<Event> | undefined;
  let end: { error?: unknown } | undefined;
  let pulling: Promise<void> | undefined;
  let readers = 0;

  async function pull(): Promise<void> {
    try {
      source ??= (await open(closer.signal))[Symbol.asyncIterator]();
      const next = await source.next();
      if (next.done === true) end = {};
      else {
        log.push(next.value);
        if (next.value.type === "finish") result.resolve(next.value.response);
      }
    } catch (error) {
      end = { error };
      result.reject(error);
    } finally {
      pulling = undefined;
    }
  }

  async function leave(): Promise<void> {
    readers--;
    if (readers > 0 || end !== undefined) return;
    const reason = new DrizzleRagError("The stream was left before its end, so there is no response.");
    result.reject(reason);
    closer.abort(reason);
    // An event that is still on its way is not waited for.
    const closing = source?.return?.().catch(() => {});
    if (pulling === undefined) await closing;
  }

  function reader(): AsyncIterator<Event> {
    let at = 0;
    let left = false;
    readers++;
    return {
      async next() {
        for (;;) {
          if (left) return { done: true, value: undefined };
          const event = log[at];
          if (event !== undefined) {
            at++;
            return { done: false, value: event };
          }
          if (end !== undefined) {
            if ("error" in end) throw end.error;
            return { done: true, value: undefined };
          }
          pulling ??= pull();
          await pulling;
        }
      },
      async return() {
        const first = !left;
        left = true;
        if (first) await leave();
        return { done: true, value: undefined };
      },
    };
  }

  return {
    [Symbol.asyncIterator]: reader,
    get textStream() {
      return textOnly(this);
    },
    async response() {
      if (readers === 0 && end === undefined) for await (const _ of this);
      return result.promise;
    },
    toResponse(options) {
      return toResponse(this, options);
    },
  };
}

function deferred<T>() {
  let resolve!: (value: T) => void;
  let reject!: (reason: unknown) => void;
  const promise = new Promise<T>((...both) => {
    [resolve, reject] = both;
  });
  // Whoever reads the events gets an error there; nobody need ask for the response.
  promise.catch(() => {});
  return { promise, resolve, reject };
}

async function* textOnly(events: AsyncIterable<CallEvent<Source, unknown, unknown>>): AsyncGenerator<string> {
  for await (const event of events) if (event.type === "text") yield event.text;
}
