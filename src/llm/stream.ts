// A streamed answer: typed events, or the text alone, or straight to the response; for as many readers as there are.
import { DrizzleRagError } from "../errors.ts";
import type { Citation, Source, WebCitation } from "../values.ts";
import type { CallTypes } from "./inferred.ts";
import type { ToolResultPart, Usage } from "./model.ts";
import type { CallResponse } from "./response.ts";
import { type ToResponseOptions, toResponse } from "./to-response.ts";

/** What a call's stream yields; the last event is `finish`. A citation follows the text that it supports. */
export type CallEvent<S extends Source = Source, T extends CallTypes = CallTypes> =
  | { type: "text"; text: string }
  | { type: "citation"; citation: Citation<S> }
  | { type: "web-citation"; citation: WebCitation }
  | { type: "reasoning"; text: string }
  /** A tool call begins; its arguments come as pieces of JSON, and then whole. */
  | { type: "tool-call-start"; id: string; name: T["toolCall"]["name"] }
  | { type: "tool-input"; id: string; text: string }
  | { type: "tool-call"; call: T["toolCall"] }
  /** A tool has been run (`maxSteps`). */
  | { type: "tool-result"; result: ToolResultPart }
  /**
   * The model is asked again, with the results of tools or for an output that fits: the step's place from 1, so 2 is the first. The response's text
   * is that of the last step, and the ranges of citations count from where their step begins.
   */
  | { type: "step"; step: number }
  /** The value asked for, as far as it has come, not checked: the same object each time, growing. The checked one is in `finish`. */
  | { type: "output"; output: unknown }
  /** What a step took, when the model is done with it; the response's `usage` is of all steps together. */
  | { type: "usage"; usage: Usage }
  | { type: "finish"; response: CallResponse<S, T> };

/**
 * A streamed answer. It is asked for when it is first read. Each reader gets all events from the beginning; the provider is read as fast as the
 * fastest of them. When all that have begun have left, the connection is closed.
 */
export interface CallStream<S extends Source = Source, T extends CallTypes = CallTypes> extends AsyncIterable<CallEvent<S, T>> {
  /** The text alone, piece by piece. */
  readonly textStream: AsyncIterable<string>;
  /**
   * The same response that the plain call gives. Reads the stream to its end if nobody does; else resolves when a reader gets there.
   * Rejects with the error of the stream, and when all readers left early.
   */
  response(): Promise<CallResponse<S, T>>;
  /**
   * The stream as the `Response` of an HTTP handler: server-sent events, our own or those that `useChat` reads (`format: "ui"`). Nothing is asked
   * before the body is read; a reader that goes away closes the connection to the provider.
   */
  toResponse(options?: ToResponseOptions): Response;
}

/** Of events that are made before the response is: they hold nothing of these types. */
export interface NoneOfTheCaller extends CallTypes {
  raw: never;
  output: never;
}

/** Where the events of a call go as they come. */
export interface EventSink<S extends Source = Source> {
  emit(event: CallEvent<S, NoneOfTheCaller>): void;
  /** To be awaited before more is asked of the provider; undefined while readers keep up. Rejects when all of them have left. */
  full(): Promise<void> | undefined;
}

/** @param run asks the model; it is called once, and its signal aborts when the readers have left. */
export function callStream<S extends Source, T extends CallTypes>(
  run: (sink: EventSink<S>, left: AbortSignal) => Promise<CallResponse<S, T>>,
): CallStream<S, T> {
  type Event = CallEvent<S, T>;
  const closer = new AbortController();
  const result = deferred<CallResponse<S, T>>();
  const log: Event[] = [];
  // A promise an event: generators along the way would be three or four, which is what the provider's own client costs.
  let waiting: Waiting<Event>[] = [];
  let end: { error?: unknown } | undefined;
  let started = false;
  let wanted = deferred<void>();
  let readers = 0;
  /** How many events the fastest reader has asked for. */
  let front = 0;

  const sink: EventSink<S> = {
    emit(event) {
      if (end === undefined) add(event as Event);
    },
    full() {
      if (log.length - front < ahead && !closer.signal.aborted) return undefined;
      wanted = deferred();
      if (closer.signal.aborted) wanted.reject(closer.signal.reason);
      return wanted.promise;
    },
  };

  function add(event: Event): void {
    const at = log.push(event) - 1;
    const readers = waiting;
    waiting = [];
    for (const reader of readers) {
      if (reader.at === at) reader.resolve({ done: false, value: event });
      else waiting.push(reader);
    }
  }

  function finish(how: { error?: unknown }): void {
    end = how;
    for (const { resolve, reject } of waiting) {
      if ("error" in how) reject(how.error);
      else resolve(over);
    }
    waiting = [];
  }

  function start(): void {
    if (started) return;
    started = true;
    run(sink, closer.signal).then(
      (response) => {
        if (end !== undefined) return;
        result.resolve(response);
        add({ type: "finish", response });
        finish({});
      },
      (error: unknown) => fail(error),
    );
  }

  function fail(error: unknown): void {
    if (end !== undefined) return;
    result.reject(error);
    finish({ error });
  }

  function leave(): void {
    readers--;
    if (readers > 0 || end !== undefined) return;
    const reason = new DrizzleRagError("The stream was left before its end, so there is no response.");
    closer.abort(reason);
    wanted.reject(reason);
    fail(reason);
  }

  function reader(): AsyncIterator<Event> {
    const own = { at: 0, left: false };
    readers++;
    return {
      next() {
        if (own.left) return Promise.resolve(over);
        const at = own.at++;
        if (at >= front) {
          front = at + 1;
          wanted.resolve();
        }
        const event = log[at];
        if (event !== undefined) return Promise.resolve({ done: false, value: event });
        if (end !== undefined) return "error" in end ? Promise.reject(end.error) : Promise.resolve(over);
        return new Promise((resolve, reject) => {
          waiting.push({ reader: own, at, resolve, reject });
          start();
        });
      },
      async return() {
        if (own.left) return over;
        own.left = true;
        for (const { reader, resolve } of waiting) if (reader === own) resolve(over);
        waiting = waiting.filter(({ reader }) => reader !== own);
        // Whoever makes the events is told, and not waited for: it may be slow to listen.
        leave();
        return over;
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

/** A reader that has read all there is. */
interface Waiting<Event> {
  reader: object;
  /** Index of the event that it waits for. */
  at: number;
  resolve(result: IteratorResult<Event>): void;
  reject(error: unknown): void;
}

/** Events that are taken from the provider before a reader asks for them: to wait for each would double what an event costs. */
const ahead = 16;
const over = { done: true, value: undefined } as const;

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

async function* textOnly(events: AsyncIterable<CallEvent>): AsyncGenerator<string> {
  for await (const event of events) if (event.type === "text") yield event.text;
}
