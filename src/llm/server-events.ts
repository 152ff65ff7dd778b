// Server-sent events, read as they come off the network: all that are in one piece at once. The SDKs hand them out one by one, through four
// generators, and that takes longer than the parsing. https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
import { httpError, type ProviderErrorPlace } from "../util/provider-errors.ts";

/** What an SDK's `withResponse()` gives for a stream. */
export interface OpenedStream<Event> {
  data: AsyncIterable<Event>;
  /** Left out by clients that are not the SDK's own. */
  response?: Response;
}

/**
 * The events of an opened stream: from its body, where that is server-sent events; else from the SDK, which knows what it is (Bedrock's
 * client reads frames of AWS).
 */
export function eventsOf<Event>({ data, response }: OpenedStream<Event>, place: ProviderErrorPlace): AsyncIterator<Batch<Event>> {
  const body = response?.headers.get("content-type")?.startsWith("text/event-stream") ? response.body : null;
  return body === null || body === undefined || body.locked ? data[Symbol.asyncIterator]() : new ServerEvents<Event>(body, place);
}

/** Events that came together, each still as JSON where it is a function; or a single one. */
export type Batch<Event> = Event | (() => Event)[];

const blank = /\n\n|\r\n\r\n|\r\r/g;

class ServerEvents<Event> implements AsyncIterator<Batch<Event>> {
  private readonly reader: ReadableStreamDefaultReader<Uint8Array>;
  private readonly decoder = new TextDecoder();
  /** Begins with the event that is not complete. */
  private rest = "";
  private over = false;

  constructor(
    body: ReadableStream<Uint8Array>,
    private readonly place: ProviderErrorPlace,
  ) {
    this.reader = body.getReader();
  }

  async next(): Promise<IteratorResult<Batch<Event>>> {
    while (!this.over) {
      const { done, value } = await this.reader.read();
      if (done) break;
      const events = this.add(this.decoder.decode(value, { stream: true }));
      if (events.length > 0) return { done: false, value: events };
    }
    return { done: true, value: undefined };
  }

  async return(): Promise<IteratorResult<Batch<Event>>> {
    this.over = true;
    await this.reader.cancel();
    return { done: true, value: undefined };
  }

  private add(text: string): (() => Event)[] {
    // What was looked through before has no blank line but one that the border cut.
    blank.lastIndex = Math.max(0, this.rest.length - 3);
    this.rest += text;
    const events: (() => Event)[] = [];
    let start = 0;
    for (let found = blank.exec(this.rest); found !== null; found = blank.exec(this.rest)) {
      const data = dataOf(this.rest.slice(start, found.index));
      start = blank.lastIndex;
      if (data.startsWith("[DONE]")) this.over = true;
      else if (data !== "" && !this.over) events.push(() => this.parse(data));
    }
    this.rest = this.rest.slice(start);
    return events;
  }

  private parse(data: string): Event {
    const value = JSON.parse(data) as Event & { error?: unknown; type?: string };
    // The Responses API has an event of its own for errors, and answers that hold none are told apart by `null`.
    if (value?.error && value.type !== "response.failed") throw httpError({ body: value }, this.place);
    return value;
  }
}

/** The lines of an event's data, without their field's name. */
function dataOf(event: string): string {
  if (event.startsWith("data: ") && !event.includes("\n") && !event.includes("\r")) return event.slice(6);
  return event
    .split(/\r\n|\n|\r/)
    .filter((line) => line.startsWith("data:"))
    .map((line) => (line.startsWith("data: ") ? line.slice(6) : line.slice(5)))
    .join("\n");
}
