// A server on this machine that speaks the protocols of OpenAI and Anthropic, for programs that find it by environment variables.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { hashingEmbedder } from "../../src/embed/hashing.ts";
import { anthropicProtocol, chatProtocol, type Protocol, responsesProtocol, type Said } from "../helpers/loopback-protocols.ts";

export interface ProviderServer {
  /** Environment that leads the providers' SDKs here. */
  env: Record<string, string>;
  close(): Promise<void>;
}

/** Answers every question in one sentence, which it cites from the first source. */
export async function providerServer(quote: string): Promise<ProviderServer> {
  const embedder = hashingEmbedder();
  const marked: Said = { text: ["So it says", `: ${quote} [1 "${quote}"]`] };
  const cited: Said = { text: ["So it says", `: ${quote}`], citations: [{ source: 0, from: 0, to: 1, quote }] };
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = JSON.parse(Buffer.concat(chunks).toString() || "{}") as {
      stream?: boolean;
      input?: string[];
      messages?: unknown;
    };
    const reply = (protocol: Protocol, said: Said) => {
      if (body.stream !== true) {
        response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(protocol.json(said)));
        return;
      }
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.end(protocol.events(said).join(""));
    };
    if (request.url?.endsWith("/embeddings")) {
      const vectors = await embedder.embed(body.input ?? []);
      const data = vectors.map((vector, index) => ({
        object: "embedding",
        index,
        embedding: Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString("base64"),
      }));
      const usage = { prompt_tokens: 1, total_tokens: 1 };
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify({ object: "list", model: "test", data, usage }));
    } else if (request.url?.endsWith("/messages")) {
      reply(anthropicProtocol, JSON.stringify(body.messages).includes("search_result") ? cited : { text: cited.text });
    } else if (request.url?.endsWith("/responses")) reply(responsesProtocol, marked);
    else reply(chatProtocol, marked);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    env: {
      OPENAI_API_KEY: "test",
      OPENAI_BASE_URL: `${url}/v1`,
      ANTHROPIC_API_KEY: "test",
      ANTHROPIC_BASE_URL: url,
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
