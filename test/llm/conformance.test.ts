// One suite for every model there is: adapters over their real clients, the extractive one, and wrappers. It is the one that users get.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { anthropic } from "../../src/llm/anthropic.ts";
import { extractive } from "../../src/llm/extractive.ts";
import type { Model, ModelEvent } from "../../src/llm/model.ts";
import { openai, openaiChat } from "../../src/llm/openai.ts";
import { memoryCache, withCache } from "../../src/llm/wrappers/cache.ts";
import { withFallback } from "../../src/llm/wrappers/fallback.ts";
import { withLimits } from "../../src/llm/wrappers/limits.ts";
import { withRetry } from "../../src/llm/wrappers/retry.ts";
import { withTimeout } from "../../src/llm/wrappers/timeout.ts";
import { checkModel } from "../../src/testing/index.ts";
import { type Loopback, loopback } from "../helpers/loopback.ts";
import { anthropicProtocol, chatProtocol, type Protocol, responsesProtocol } from "../helpers/loopback-protocols.ts";
import { fake } from "./fake.ts";

let server: Loopback;
beforeAll(async () => {
  server = await loopback();
});
afterAll(() => server.close());

const said = { text: ["Grüße, ", "wörld 😀", " done."], reasoning: "hmm" };
const adapters: Record<string, { protocol: Protocol; model: () => Model }> = {
  openai: { protocol: responsesProtocol, model: () => openai({ apiKey: "k", baseURL: `${server.url}/v1`, maxRetries: 0 })("m") },
  openaiChat: {
    protocol: chatProtocol,
    model: () => openaiChat({ apiKey: "k", baseURL: `${server.url}/v1`, maxRetries: 0 })("m"),
  },
  anthropic: { protocol: anthropicProtocol, model: () => anthropic({ apiKey: "k", baseURL: server.url, maxRetries: 0 })("m") },
};
const inner = () =>
  fake([
    { type: "reasoning", text: "hm" },
    { type: "text", text: "Hello there." },
    { type: "tool-call", id: "1", name: "look", input: { at: 1 } },
  ]);
const others: Record<string, () => Model> = {
  extractive: () => extractive(),
  fake: inner,
  withRetry: () => withRetry(inner()),
  withFallback: () => withFallback([inner(), inner()]),
  withTimeout: () => withTimeout(inner(), { total: 10_000 }),
  withLimits: () => withLimits(inner(), { concurrency: 2 }),
  withCache: () => withCache(inner(), memoryCache()),
};

describe("a model keeps what the interface promises", () => {
  it.each(Object.entries(adapters))("%s", async (_, { protocol, model }) => {
    const stream = { sse: protocol.events(said) };
    server.reply({ json: protocol.json(said) }, stream, stream);
    expect(await checkModel(model())).toEqual([]);
  });

  it.each(Object.entries(others))("%s", async (_, model) => {
    expect(await checkModel(model())).toEqual([]);
  });

  it("is told where it does not", async () => {
    const model = fake("Hello there.");
    const broken: Model = {
      ...model,
      id: "",
      generate: async (request) => ({
        ...(await model.generate(request, {})),
        finishReason: "done" as "stop",
        usage: { inputTokens: -1 },
      }),
      async *stream(request): AsyncGenerator<ModelEvent> {
        request.params.seed = 1;
        yield { type: "text", text: "Hello" };
        yield { type: "text-end" };
        yield { type: "native-citation", citation: { index: 0, quote: "x" } };
        yield { type: "finish", response: await model.generate(request, {}) };
      },
    };
    const wrong = (await checkModel(broken)).join("\n");
    for (const part of [
      "id is empty",
      '"done"',
      "no count",
      "do not spell the text",
      "text-end",
      "different responses",
      "aborted signal",
      "was changed",
    ])
      expect(wrong).toContain(part);
  });
});
