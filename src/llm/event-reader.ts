// From a model's events to a call's: text without the marks of its citations, and citations looked up in their sources.
import { type CitationEvent, citationParser } from "../cite/parse.ts";
import { citationResolver } from "../cite/resolve.ts";
import type { Source } from "../values.ts";
import type { ModelEvent, NativeCitation } from "./model.ts";
import { type CallFacts, trimmed } from "./response.ts";
import type { CallEvent } from "./stream.ts";

type Emit<S extends Source> = (event: CallEvent<S, never, never>) => void;
type TextEvent = Extract<ModelEvent, { type: "text" | "native-citation" | "text-end" }>;

/** The reader for one turn of the model. */
export function eventReader<S extends Source>(facts: CallFacts<S>, emit: Emit<S>): Reader {
  const native = facts.citations === "native" || facts.sources.length === 0;
  return native ? nativeReader(facts, emit) : numberedReader(facts, emit);
}

/** Turns text and native citations into text and checked ones, and hands them on. */
export interface Reader {
  push(event: TextEvent): void;
  end(): void;
}

function nativeReader<S extends Source>({ sources }: CallFacts<S>, emit: Emit<S>): Reader {
  const resolve = citationResolver(sources);
  let text = "";
  let start = 0;
  let waiting: NativeCitation[] = [];
  function endOfText(): void {
    const textRange = trimmed(text, start, text.length);
    for (const { index, quote, range } of waiting) {
      const citation = resolve({ index, quote, textRange, sourceRange: range });
      if (citation !== undefined) emit({ type: "citation", citation });
    }
    waiting = [];
    start = text.length;
  }
  return {
    push(event) {
      if (event.type === "text") {
        text += event.text;
        emit(event);
      } else if (event.type === "native-citation") waiting.push(event.citation);
      else endOfText();
    },
    end: endOfText,
  };
}

function numberedReader<S extends Source>({ sources }: CallFacts<S>, emit: Emit<S>): Reader {
  const parser = citationParser(sources.length);
  const resolve = citationResolver(sources);
  function check(events: CitationEvent[]): void {
    for (const event of events) {
      if (event.type === "text") emit(event);
      else {
        const citation = resolve(event.citation);
        if (citation !== undefined) emit({ type: "citation", citation });
      }
    }
  }
  return {
    push(event) {
      if (event.type === "text") check(parser.push(event.text));
    },
    end: () => check(parser.end()),
  };
}
