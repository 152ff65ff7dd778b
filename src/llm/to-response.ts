// A stream as the body of an HTTP response: our own events, or the protocol that existing chat front ends read.
import { randomUUID } from "node:crypto";
import { DrizzleRagError } from "../errors.ts";
import type { Citation, Source } from "../values.ts";
import type { ToolResultPart } from "./model.ts";
import type { CallEvent } from "./stream.ts";

type AnyEvent = CallEvent;

export interface ToResponseOptions {
  /**
   * `events`: our own, as server-sent events named by their type. `ui`: the UI message stream of Vercel's AI SDK, version 1, which `useChat`
   * reads. Default: `events`.
   */
  format?: "events" | "ui";
  /** Added to the response's own. */
  headers?: ConstructorParameters<typeof Headers>[0];
  /** What readers are told of an error. Default: that the answer could not be completed; an error's own words may tell of keys and hosts. */
  onError?: (error: unknown) => string;
}

const eventHeaders = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-cache, no-transform",
  // nginx would collect the events.
  "x-accel-buffering": "no",
};

/**
 * The stream as a `Response` of server-sent events. Nothing is asked before the body is read; a reader that goes away closes the connection to the
 * provider, and a slow one slows it down. An error becomes the last event, since the status has been sent by then.
 */
export function toResponse(events: AsyncIterable<AnyEvent>, options: ToResponseOptions = {}): Response {
  const { format = "events", onError = () => "The answer could not be completed." } = options;
  const encode = format === "ui" ? uiMessages(onError) : ownEvents(onError);
  const encoder = new TextEncoder();
  const reader = events[Symbol.asyncIterator]();
  let ended = false;
  const body = new ReadableStream<Uint8Array>(
    {
      async start(controller) {
        const opening = encode.start();
        if (opening !== "") controller.enqueue(encoder.encode(opening));
      },
      async pull(controller) {
        // One event may give no text; a pull that enqueues nothing would not be called again.
        for (let text = ""; text === "" && !ended; ) {
          text = await next();
          if (text !== "") controller.enqueue(encoder.encode(text));
        }
        if (ended) controller.close();
      },
      async cancel() {
        ended = true;
        await reader.return?.();
      },
    },
    { highWaterMark: 0 },
  );

  async function next(): Promise<string> {
    try {
      const { done, value } = await reader.next();
      if (done !== true) return encode.event(value);
      ended = true;
      return encode.end();
    } catch (error) {
      ended = true;
      return encode.error(error) + encode.end();
    }
  }

  const headers = new Headers({ ...eventHeaders, ...(format === "ui" && { "x-vercel-ai-ui-message-stream": "v1" }) });
  new Headers(options.headers).forEach((value, name) => {
    headers.set(name, value);
  });
  return new Response(body, { headers });
}

interface Encoding {
  start(): string;
  event(event: AnyEvent): string;
  error(error: unknown): string;
  end(): string;
}

function ownEvents(onError: (error: unknown) => string): Encoding {
  const sse = (type: string, data: unknown) => `event: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
  const growing = sparingly((output) => sse("output", { output }));
  return {
    start: () => "",
    event(event) {
      if (event.type === "finish") return growing.rest() + sse("finish", summary(event));
      if (event.type === "citation") return sse("citation", shown(event.citation));
      if (event.type === "output") return growing.next(event.output);
      const { type, ...data } = event;
      return sse(type, data);
    },
    error: (error) =>
      growing.rest() + sse("error", { message: onError(error), name: nameOf(error), retryable: isRetryable(error) }),
    end: () => "",
  };
}

/**
 * A value that grows, sent whole each time it has grown by a sixteenth, and at the end: sent with every event, it would cost the square of its
 * length.
 */
function sparingly(send: (value: unknown) => string) {
  let seen = 0;
  let sent = 0;
  let last: unknown;
  const now = () => {
    sent = seen;
    return send(last);
  };
  return {
    next(value: unknown): string {
      // Another value: the answer is being given again.
      const before = last !== value && typeof value === "object" ? this.rest() : "";
      last = value;
      return ++seen - sent > sent / 16 ? before + now() : before;
    },
    rest: () => (seen > sent ? now() : ""),
  };
}

/** ai-sdk.dev/docs/ai-sdk-ui/stream-protocol: texts and reasoning begin, go on and end under an id of their own. */
function uiMessages(onError: (error: unknown) => string): Encoding {
  const sse = (part: Record<string, unknown>) => `data: ${JSON.stringify(part)}\n\n`;
  const seen = new Set<number | string>();
  let open: { type: "text" | "reasoning"; id: string } | undefined;
  let parts = 0;
  const growing = sparingly((data) => sse({ type: "data-output", id: "output", data }));
  const close = () => {
    const closed = open === undefined ? "" : sse({ type: `${open.type}-end`, id: open.id });
    open = undefined;
    return closed;
  };
  const delta = (type: "text" | "reasoning", text: string) => {
    let before = "";
    if (open?.type !== type) {
      before = close();
      open = { type, id: String(parts++) };
      before += sse({ type: `${type}-start`, id: open.id });
    }
    return before + sse({ type: `${type}-delta`, id: (open as { id: string }).id, delta: text });
  };
  return {
    start: () => sse({ type: "start", messageId: randomUUID() }) + sse({ type: "start-step" }),
    event: part,
    error: (error) => growing.rest() + close() + sse({ type: "error", errorText: onError(error) }),
    end: () => "data: [DONE]\n\n",
  };

  function part(event: AnyEvent): string {
    switch (event.type) {
      case "text":
      case "reasoning":
        return delta(event.type, event.text);
      case "tool-call-start":
        return close() + sse({ type: "tool-input-start", toolCallId: event.id, toolName: event.name });
      case "tool-input":
        return sse({ type: "tool-input-delta", toolCallId: event.id, inputTextDelta: event.text });
      case "tool-call": {
        const { id: toolCallId, name: toolName, input } = event.call;
        return sse({ type: "tool-input-available", toolCallId, toolName, input });
      }
      case "tool-result":
        return close() + uiResult(event.result);
      case "step":
        // Or a front end would put what is said next before the results of the tools.
        return growing.rest() + close() + sse({ type: "finish-step" }) + sse({ type: "start-step" });
      case "output":
        return growing.next(event.output);
      case "citation": {
        const { citation } = event;
        const source = seen.has(citation.index) ? "" : sse(uiSource(citation));
        seen.add(citation.index);
        return source + sse({ type: "data-citation", data: shown(citation) });
      }
      case "web-citation": {
        const { citation } = event;
        const { url, title } = citation;
        const source = seen.has(url)
          ? ""
          : sse({ type: "source-url", sourceId: url, url, ...(title !== undefined && { title }) });
        seen.add(url);
        return source + sse({ type: "data-web-citation", data: citation });
      }
      case "finish": {
        const { citations: _, webCitations: __, text: ___, ...messageMetadata } = summary(event);
        return growing.rest() + close() + sse({ type: "finish-step" }) + sse({ type: "finish", messageMetadata });
      }
      default:
        return "";
    }
  }
}

function uiResult({ id: toolCallId, content, isError }: ToolResultPart): string {
  const text = content.map((part) => (part.type === "text" ? part.text : `[${part.type}]`)).join("\n");
  const part =
    isError === true
      ? { type: "tool-output-error", errorText: text }
      : { type: "tool-output-available", output: valueGiven(text) };
  return `data: ${JSON.stringify({ ...part, toolCallId })}\n\n`;
}

/** What a tool gave that was no text was written as JSON for the model; front ends get the value. */
function valueGiven(text: string): unknown {
  if (!/^[{[]/.test(text)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function uiSource({ index, source }: Citation<Source>): Record<string, unknown> {
  const sourceId = String(index);
  const title = source.title ?? source.source ?? `Source ${index + 1}`;
  return source.source !== undefined && /^https?:\/\//.test(source.source)
    ? { type: "source-url", sourceId, url: source.source, title }
    : {
        type: "source-document",
        sourceId,
        mediaType: "text/plain",
        title,
        ...(source.source !== undefined && { filename: source.source }),
      };
}

/** A citation without the user's row, which is not the reader's business. */
function shown({ source, ...citation }: Citation<Source>): Record<string, unknown> {
  const { title, source: from } = source;
  return { ...citation, source: { ...(title !== undefined && { title }), ...(from !== undefined && { source: from }) } };
}

function summary({ response }: Extract<AnyEvent, { type: "finish" }>) {
  const { text, citations, webCitations, finishReason, usage, cost, model } = response;
  const shownCitations = citations.map(shown);
  return { text, citations: shownCitations, webCitations, finishReason, usage, model, ...(cost !== undefined && { cost }) };
}

function nameOf(error: unknown): string {
  return error instanceof DrizzleRagError ? error.name : "Error";
}

function isRetryable(error: unknown): boolean {
  return error instanceof DrizzleRagError && error.retryable;
}
