// From a model's events to a call's: text without the marks of its citations, and citations looked up in their sources.
import { type CitationEvent, citationParser } from "../cite/parse.ts";
import { citationResolver } from "../cite/resolve.ts";
import type { Source, WebCitation } from "../values.ts";
import type { ModelEvent, NativeCitation, NativeWebCitation } from "./model.ts";
import { type CallFacts, inCleanText, trimmed, webCitation } from "./response.ts";
import type { CallEvent, NoneOfTheCaller } from "./stream.ts";

type Emit<S extends Source> = (event: CallEvent<S, NoneOfTheCaller>) => void;
type TextEvent = Extract<ModelEvent, { type: "text" | "native-citation" | "web-citation" | "text-end" }>;

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
  let pages: NativeWebCitation[] = [];
  function endOfText(): void {
    const textRange = trimmed(text, start, text.length);
    for (const { index, quote, range } of waiting) {
      const citation = resolve({ index, quote, textRange, sourceRange: range });
      if (citation !== undefined) emit({ type: "citation", citation });
    }
    for (const page of pages) emit({ type: "web-citation", citation: webCitation(page, text, start, text.length) });
    waiting = [];
    pages = [];
    start = text.length;
  }
  return {
    push(event) {
      if (event.type === "text") {
        text += event.text;
        emit(event);
      } else if (event.type === "native-citation") waiting.push(event.citation);
      else if (event.type === "web-citation") pages.push(event.citation);
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
  let written = "";
  let start = 0;
  let pages: NativeWebCitation[] = [];
  /** With ranges in all that was written; told at the end, since until then text may be held back. */
  const placed: WebCitation[] = [];
  function endOfText(): void {
    for (const page of pages) placed.push(webCitation(page, written, start, written.length));
    pages = [];
    start = written.length;
  }
  return {
    push(event) {
      if (event.type === "text") {
        written += event.text;
        check(parser.push(event.text));
      } else if (event.type === "web-citation") pages.push(event.citation);
      else if (event.type === "text-end") endOfText();
    },
    end() {
      check(parser.end());
      endOfText();
      for (const page of placed) {
        const textRange = inCleanText(page.textRange, written, sources.length);
        emit({ type: "web-citation", citation: { ...page, textRange } });
      }
    },
  };
}
