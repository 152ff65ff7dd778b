// A streamed answer: one pass over typed events, or over the text, or straight to the response.
import { type CitationEvent, citationParser } from "../cite/parse.ts";
import { citationResolver } from "../cite/resolve.ts";
import { ConfigurationError, DrizzleRagError } from "../errors.ts";
import type { Citation, Source } from "../values.ts";
import type { ModelEvent, NativeCitation } from "./model.ts";
import { type CallFacts, type CallResponse, callResponse, trimmed } from "./response.ts";
import { type ToResponseOptions, toResponse } from "./to-response.ts";

/** What a call's stream yields; the last event is `finish`. A citation follows the text that it supports. */
export type CallEvent<S extends Source = Source, Raw = unknown> =
  | { type: "text"; text: string }
  | { type: "citation"; citation: Citation<S> }
  | { type: "reasoning"; text: string }
  | { type: "finish"; response: CallResponse<S, Raw> };

/** A streamed answer. It is asked for when it is first read, and can be read once. Leaving early closes the connection. */
export interface CallStream<S extends Source = Source, Raw = unknown> extends AsyncIterable<CallEvent<S, Raw>> {
  /** The text alone, piece by piece. */
  readonly textStream: AsyncIterable<string>;
  /**
   * The same response that the plain call gives. Reads the stream to its end if nobody does; else resolves when the reader gets there.
   * Rejects with the error of the stream, and when the reader left early.
   */
  response(): Promise<CallResponse<S, Raw>>;
  /**
   * The stream as the `Response` of an HTTP handler: server-sent events, our own or those that `useChat` reads (`format: "ui"`). Nothing is asked
   * before the body is read; a reader that goes away closes the connection to the provider.
   */
  toResponse(options?: ToResponseOptions): Response;
}

/** What is streamed: the facts of the call, and the model's events. */
export interface OpenedStream<S extends Source, Raw> {
  facts: CallFacts<S>;
  events: AsyncIterable<ModelEvent<Raw>>;
}

/** @param open asks the model; it is called once, and its signal aborts when the reader leaves. */
export function callStream<S extends Source, Raw>(
  open: (signal: AbortSignal) => Promise<OpenedStream<S, Raw>>,
): CallStream<S, Raw> {
  const closer = new AbortController();
  let events: AsyncGenerator<CallEvent<S, Raw>> | undefined;
  const result = deferred<CallResponse<S, Raw>>();

  async function* read(): AsyncGenerator<CallEvent<S, Raw>> {
    try {
      const { facts, events } = await open(closer.signal);
      const reader = facts.citations === "native" || facts.sources.length === 0 ? nativeReader(facts) : numberedReader(facts);
      for await (const event of events) {
        if (event.type === "reasoning") yield event;
        else if (event.type === "finish") {
          yield* reader.end();
          const response = callResponse(event.response, facts);
          result.resolve(response);
          yield { type: "finish", response };
        } else for (const each of reader.push(event)) yield each;
      }
    } catch (error) {
      result.reject(error);
      throw error;
    } finally {
      // Does nothing unless the reader left before the end.
      leave();
    }
  }

  function leave(): void {
    const reason = new DrizzleRagError("The stream was left before its end, so there is no response.");
    result.reject(reason);
    closer.abort(reason);
  }

  function start(): AsyncGenerator<CallEvent<S, Raw>> {
    if (events !== undefined) throw new ConfigurationError("A stream can be read once. Keep what it yields, or ask again.");
    events = read();
    return events;
  }

  return {
    [Symbol.asyncIterator]() {
      const reading = start();
      return {
        next: () => reading.next(),
        // Not only `reading.return()`, which would wait for the next event: the connection is closed at once.
        async return() {
          leave();
          await reading.return(undefined);
          return { done: true, value: undefined };
        },
      };
    },
    get textStream() {
      return textOnly(this);
    },
    async response() {
      if (events === undefined) for await (const _ of start());
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

async function* textOnly(events: AsyncIterable<CallEvent<Source, unknown>>): AsyncGenerator<string> {
  for await (const event of events) if (event.type === "text") yield event.text;
}

/** Turns text and native citations into text and checked ones. */
interface Reader<S extends Source> {
  push(event: Exclude<ModelEvent, { type: "finish" | "reasoning" }>): Iterable<CallEvent<S, never>>;
  end(): Iterable<CallEvent<S, never>>;
}

function nativeReader<S extends Source>({ sources }: CallFacts<S>): Reader<S> {
  const resolve = citationResolver(sources);
  let text = "";
  let start = 0;
  let waiting: NativeCitation[] = [];
  function* endOfText(): Generator<CallEvent<S, never>> {
    const textRange = trimmed(text, start, text.length);
    for (const { index, quote, range } of waiting) {
      const citation = resolve({ index, quote, textRange, sourceRange: range });
      if (citation !== undefined) yield { type: "citation", citation };
    }
    waiting = [];
    start = text.length;
  }
  return {
    *push(event) {
      if (event.type === "text") {
        text += event.text;
        yield event;
      } else if (event.type === "native-citation") waiting.push(event.citation);
      else yield* endOfText();
    },
    end: endOfText,
  };
}

function numberedReader<S extends Source>({ sources }: CallFacts<S>): Reader<S> {
  const parser = citationParser(sources.length);
  const resolve = citationResolver(sources);
  function* checked(events: CitationEvent[]): Generator<CallEvent<S, never>> {
    for (const event of events) {
      if (event.type === "text") yield event;
      else {
        const citation = resolve(event.citation);
        if (citation !== undefined) yield { type: "citation", citation };
      }
    }
  }
  return {
    *push(event) {
      if (event.type === "text") yield* checked(parser.push(event.text));
    },
    end: () => checked(parser.end()),
  };
}
