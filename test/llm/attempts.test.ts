// How often a server is asked when it fails, in every way it can, over every API: counted at the server.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { anthropic } from "../../src/llm/anthropic.ts";
import type { Model, ModelRequest } from "../../src/llm/model.ts";
import { openai, openaiChat } from "../../src/llm/openai.ts";
import { withFallback } from "../../src/llm/wrappers/fallback.ts";
import { withRetry } from "../../src/llm/wrappers/retry.ts";
import { withTimeout } from "../../src/llm/wrappers/timeout.ts";
import { fakeClock } from "../helpers/fake-clock.ts";
import { type Loopback, loopback, type Reply } from "../helpers/loopback.ts";
import { anthropicProtocol, chatProtocol, failure, type Protocol, responsesProtocol } from "../helpers/loopback-protocols.ts";
import { fake } from "./fake.ts";

let server: Loopback;
beforeAll(async () => {
  server = await loopback();
});
afterAll(() => server.close());

const apis: { protocol: Protocol; model: () => Model }[] = [
  { protocol: responsesProtocol, model: () => openai({ apiKey: "k", baseURL: `${server.url}/v1`, maxRetries: 5 })("m") },
  { protocol: chatProtocol, model: () => openaiChat({ apiKey: "k", baseURL: `${server.url}/v1`, maxRetries: 5 })("m") },
  { protocol: anthropicProtocol, model: () => anthropic({ apiKey: "k", baseURL: server.url, maxRetries: 5 })("m") },
];
const ask: ModelRequest = { messages: [{ role: "user", content: [{ type: "text", text: "?" }] }], params: {} };
const ways = {
  plain: async (model: Model) => void (await model.generate(ask, {})),
  streamed: async (model: Model) => {
    for await (const _ of model.stream(ask, {}));
  },
};

interface Case {
  name: string;
  reply: (protocol: Protocol) => Reply;
  error: string;
  /** With `retries: 2`. */
  attempts: number;
  /** Least milliseconds between them. */
  wait?: number;
  only?: keyof typeof ways;
}

const said = { text: ["one ", "two"] };
const begun = (protocol: Protocol) => {
  const events = protocol.events(said);
  return events.slice(0, events.findIndex((event) => event.includes("one ")) + 1);
};
const cases: Case[] = [
  {
    name: "429 with retry-after",
    reply: (p) => failure(p, 429, { "retry-after": "7" }),
    error: "RateLimitError",
    attempts: 3,
    wait: 7000,
  },
  { name: "429 without", reply: (p) => failure(p, 429), error: "RateLimitError", attempts: 3 },
  { name: "500", reply: (p) => failure(p, 500), error: "ServerError", attempts: 3 },
  { name: "529", reply: (p) => failure(p, 529), error: "OverloadedError", attempts: 3 },
  { name: "400", reply: (p) => failure(p, 400), error: "BadRequestError", attempts: 1 },
  { name: "a dropped socket", reply: () => ({ broken: "drop" }), error: "ProviderConnectionError", attempts: 3 },
  { name: "a stall", reply: () => ({ broken: "stall" }), error: "ProviderTimeoutError", attempts: 3 },
  {
    name: "a socket dropped before the first word",
    reply: (p) => ({ sse: p.events(said).slice(0, 1), afterwards: "drop" }),
    error: "StreamInterruptedError",
    attempts: 3,
    only: "streamed",
  },
  {
    name: "an error event before the first word",
    reply: (p) => ({ sse: [p.errorEvent] }),
    error: "OverloadedError|ServerError|RateLimitError",
    attempts: 3,
    only: "streamed",
  },
  {
    name: "a socket dropped in mid-stream",
    reply: (p) => ({ sse: begun(p), afterwards: "drop" }),
    error: "StreamInterruptedError",
    attempts: 1,
    only: "streamed",
  },
  {
    name: "an error event in mid-stream",
    reply: (p) => ({ sse: [...begun(p), p.errorEvent] }),
    error: "OverloadedError|ServerError|RateLimitError",
    attempts: 1,
    only: "streamed",
  },
];

describe.each(apis)("$protocol.name", ({ protocol, model }) => {
  it.each(cases)("$name", async ({ reply, error, attempts, wait = 0, only }) => {
    for (const way of only === undefined ? (["plain", "streamed"] as const) : [only]) {
      const clock = fakeClock();
      const limited = withTimeout(model(), { firstEvent: error === "ProviderTimeoutError" ? 60 : 10_000 });
      server.reply(reply(protocol));
      const failed: unknown = await ways[way](withRetry(limited, { retries: 2, clock })).catch((thrown: unknown) => thrown);
      expect((failed as Error).name, way).toMatch(new RegExp(`^(${error})$`));
      expect(server.requests.length, way).toBe(attempts);
      expect(clock.waits.length, way).toBe(attempts - 1);
      for (const ms of clock.waits) expect(ms).toBeGreaterThanOrEqual(wait);

      // A fallback asks each once, and only while nothing has come.
      server.reply(reply(protocol));
      const other = fake("from the other");
      const outcome = await ways[way](withFallback([withRetry(limited, { retries: 0, clock: fakeClock() }), other])).catch(
        (thrown: unknown) => thrown,
      );
      const isOver = attempts === 1 && way === "streamed" && only === "streamed";
      expect(server.requests.length, way).toBe(1);
      expect(other.requests.length, way).toBe(isOver ? 0 : 1);
      expect(outcome === undefined, way).toBe(!isOver);
    }
  });

  it("asks once more after each failure, and stops when it gets an answer", async () => {
    server.reply(failure(protocol, 500), { broken: "drop" }, { json: protocol.json(said) });
    await ways.plain(withRetry(model(), { retries: 5, clock: fakeClock() }));
    expect(server.requests).toHaveLength(3);
    server.reply(failure(protocol, 429), { sse: [] }, { sse: protocol.events(said) });
    await ways.streamed(withRetry(model(), { retries: 5, clock: fakeClock() }));
    expect(server.requests).toHaveLength(3);
  });
});
