// From a model's events to a call's: text without the marks of its citations, and citations looked up in their sources.
import { type CitationEvent, citationParser } from "../cite/parse.ts";
import { citationResolver } from "../cite/resolve.ts";
import type { Source } from "../values.ts";
import type { ModelEvent, NativeCitation } from "./model.ts";
import { type CallFacts, trimmed } from "./response.ts";
import type { CallEvent } from "./stream.ts";

type TextEvent = Extract<ModelEvent, { type: "text" | "native-citation" | "text-end" }>;

/** The reader for one turn of the model. */
export function eventReader<S extends Source>(facts: CallFacts<S>): Reader<S> {
  return facts.citations === "native" || facts.sources.length === 0 ? nativeReader(facts) : numberedReader(facts);
}

/** Turns text and native citations into text and checked ones. */
export interface Reader<S extends Source> {
  push(event: TextEvent): Iterable<CallEvent<S, never, never>>;
  end(): Iterable<CallEvent<S, never, never>>;
}

function nativeReader<S extends Source>({ sources }: CallFacts<S>): Reader<S> {
  const resolve = citationResolver(sources);
  let text = "";
  let start = 0;
  let waiting: NativeCitation[] = [];
  function* endOfText(): Generator<CallEvent<S, never, never>> {
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
  function* checked(events: CitationEvent[]): Generator<CallEvent<S, never, never>> {
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
