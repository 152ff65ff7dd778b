// An HTTP server on 127.0.0.1 that answers as a test says and records what it was asked. It can fail in every way a provider can.
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface RecordedRequest {
  method: string;
  /** With the query. */
  path: string;
  headers: IncomingHttpHeaders;
  /** Parsed JSON. */
  body: Record<string, unknown>;
  /** Resolves when the connection is closed before the response was complete. */
  dropped: Promise<void>;
}

/** How to answer one request. */
export type Reply =
  | { json: unknown; status?: number; headers?: Record<string, string> }
  | {
      /** Events of a stream; each is written on its own. */
      sse: readonly string[];
      headers?: Record<string, string>;
      /** What happens after the last: the response ends (default), the socket breaks, or nothing more comes. */
      afterwards?: "end" | "drop" | "stall";
      /** UTF-16 units a write; default: each event at once. */
      pieces?: number;
    }
  | { broken: "drop" | "stall" };

export interface Loopback {
  /** Without a path: "http://127.0.0.1:…". */
  url: string;
  requests: RecordedRequest[];
  /** Answers to come, in order; the last is repeated. Clears what was recorded. */
  reply(...replies: Reply[]): void;
  close(): Promise<void>;
}

export async function loopback(): Promise<Loopback> {
  const requests: RecordedRequest[] = [];
  let replies: Reply[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString("utf8");
    const dropped = new Promise<void>((resolve) => response.on("close", () => response.writableFinished || resolve()));
    requests.push({
      method: request.method ?? "",
      path: request.url ?? "",
      headers: request.headers,
      body: text === "" ? {} : JSON.parse(text),
      dropped,
    });
    const reply = replies[Math.min(requests.length, replies.length) - 1];
    await answer(response, reply ?? { json: { error: { message: "the test gave no reply" } }, status: 400 });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    reply(...next) {
      requests.length = 0;
      replies = next;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function answer(response: ServerResponse, reply: Reply): Promise<void> {
  if ("broken" in reply) {
    if (reply.broken === "drop") response.destroy();
    return;
  }
  if ("json" in reply) {
    const text = typeof reply.json === "string" ? reply.json : JSON.stringify(reply.json);
    response.writeHead(reply.status ?? 200, { "content-type": "application/json", ...reply.headers }).end(text);
    return;
  }
  response.writeHead(200, { "content-type": "text/event-stream", ...reply.headers });
  for (const event of reply.sse) {
    const size = reply.pieces ?? event.length;
    // A cut may fall inside a character: the bytes are cut, not the string.
    const bytes = Buffer.from(event, "utf8");
    for (let at = 0; at < bytes.length; at += size) await write(response, bytes.subarray(at, at + size));
  }
  if (reply.afterwards === "drop") response.destroy();
  else if (reply.afterwards !== "stall") response.end();
}

/** Resolves when the piece has left, so that pieces travel one by one. */
function write(response: ServerResponse, piece: Buffer): Promise<void> {
  return new Promise((resolve) => {
    if (response.destroyed) resolve();
    else response.write(piece, () => setImmediate(resolve));
  });
}

/** One server-sent event. */
export function sse(data: unknown, event?: string): string {
  const text = typeof data === "string" ? data : JSON.stringify(data);
  return `${event === undefined ? "" : `event: ${event}\n`}data: ${text}\n\n`;
}
