// A loopback server that speaks OpenAI's embeddings protocol, and misbehaves when it is told to.
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** One reply that is not the ordinary one. */
export type Misbehaviour =
  | { kind: "status"; status: number; headers?: Record<string, string>; body?: unknown }
  /** Closes the socket before the reply, or in the middle of its body. */
  | { kind: "drop"; when: "before" | "within" }
  /** Leaves out the last vector. */
  | { kind: "short" }
  | { kind: "dimensions"; dimensions: number }
  /** Last text first, each with its index. */
  | { kind: "shuffled" }
  | { kind: "nan" }
  /** Never replies; `requested` on the server tells when the request is there. */
  | { kind: "hang" }
  /** Edits the ordinary reply's items. */
  | { kind: "edit"; edit: (items: Item[]) => unknown }
  | { kind: "raw"; text: string };

export interface Item {
  object: "embedding";
  index: number;
  embedding: unknown;
}

export interface ReceivedRequest {
  url: string;
  headers: Record<string, string | string[] | undefined>;
  body: { model: string; input: string[]; encoding_format?: string; dimensions?: number; [key: string]: unknown };
}

export interface EmbeddingServer extends AsyncDisposable {
  /** Ends in `/v1`. */
  url: string;
  requests: ReceivedRequest[];
  /** Replies to come, oldest first; the ordinary one when empty. */
  queue: Misbehaviour[];
  /** Resolves when the next request has been read. */
  requested: () => Promise<void>;
  /** Most requests that were open at once. */
  peak: () => number;
}

export interface EmbeddingServerOptions {
  dimensions: number;
  /** Sends arrays of numbers, or base64, whatever was asked for. Default: what was asked for. */
  always?: "float" | "base64";
  /** Refuses any text longer than this, and any request whose texts together are, as OpenAI does. */
  maxCharacters?: number;
}

/** The vector the server gives for a text: told by its characters alone, different for different short texts. */
export function vectorOf(text: string, dimensions: number): number[] {
  return Array.from({ length: dimensions }, (_, i) => Math.fround(Math.sin((i + 1) * (1 + hash(text)))));
}

/** Starts a server on a free port of 127.0.0.1. */
export async function startEmbeddingServer(options: EmbeddingServerOptions): Promise<EmbeddingServer> {
  const requests: ReceivedRequest[] = [];
  const queue: Misbehaviour[] = [];
  let waiting: (() => void)[] = [];
  let open = 0;
  let peak = 0;
  const server = createServer(async (request, response) => {
    peak = Math.max(peak, ++open);
    response.on("close", () => open--);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = JSON.parse(Buffer.concat(chunks).toString()) as ReceivedRequest["body"];
    requests.push({ url: request.url ?? "", headers: request.headers, body });
    for (const resolve of waiting) resolve();
    waiting = [];
    reply(response, body, options, queue.shift());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests,
    queue,
    requested: () => new Promise((resolve) => waiting.push(resolve)),
    peak: () => peak,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

function reply(
  response: ServerResponse,
  body: ReceivedRequest["body"],
  options: EmbeddingServerOptions,
  how: Misbehaviour | undefined,
): void {
  const { maxCharacters = Number.POSITIVE_INFINITY, always = body.encoding_format === "base64" ? "base64" : "float" } = options;
  const dimensions = how?.kind === "dimensions" ? how.dimensions : (body.dimensions ?? options.dimensions);
  const json = (status: number, value: unknown, headers: Record<string, string> = {}) =>
    response
      .writeHead(status, { "content-type": "application/json", "x-request-id": "req-1", ...headers })
      .end(JSON.stringify(value));

  if (how?.kind === "hang") return;
  if (how?.kind === "raw") return void response.writeHead(200, { "content-type": "application/json" }).end(how.text);
  if (how?.kind === "status") {
    return void json(how.status, how.body ?? { error: { message: `told to answer ${how.status}` } }, how.headers);
  }
  if (how?.kind === "drop" && how.when === "before") return void response.destroy();
  if (body.input.join("").length > maxCharacters) {
    const message = `This model's maximum context length is ${maxCharacters} tokens, however you requested more.`;
    return void json(400, { error: { message, type: "invalid_request_error" } });
  }
  const items: Item[] = body.input.map((text, index) => {
    const vector = vectorOf(text, dimensions);
    if (how?.kind === "nan") vector[0] = Number.NaN;
    return { object: "embedding", index, embedding: always === "base64" ? encode(vector) : vector };
  });
  if (how?.kind === "short") items.pop();
  if (how?.kind === "shuffled") items.reverse();
  const data = how?.kind === "edit" ? how.edit(items) : items;
  const value = { object: "list", data, model: body.model, usage: { prompt_tokens: 1, total_tokens: 1 } };
  if (how?.kind === "drop") {
    const text = JSON.stringify(value);
    response.writeHead(200, { "content-type": "application/json", "content-length": String(text.length) });
    response.write(text.slice(0, text.length / 2), () => response.destroy());
    return;
  }
  json(200, value);
}

function encode(vector: number[]): string {
  const bytes = Buffer.alloc(vector.length * 4);
  vector.forEach((x, i) => {
    bytes.writeFloatLE(x, i * 4);
  });
  return bytes.toString("base64");
}

function hash(text: string): number {
  let h = 7;
  for (const character of text) h = (h * 31 + (character.codePointAt(0) as number)) % 10_007;
  return h;
}
