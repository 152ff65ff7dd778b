// Every adapter through its real SDK client against a server on the loopback interface: answers, streams, failures.
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import * as errors from "../../src/errors.ts";
import { anthropic } from "../../src/llm/anthropic.ts";
import type { Model, ModelEvent, ModelRequest } from "../../src/llm/model.ts";
import { compatible, openai, openaiChat } from "../../src/llm/openai.ts";
import { resolveModel } from "../../src/llm/resolve.ts";
import { type ServerName, servers } from "../../src/llm/servers.ts";
import { withRetry } from "../../src/llm/wrappers/retry.ts";
import { fakeClock } from "../helpers/fake-clock.ts";
import { type Loopback, loopback, type Reply } from "../helpers/loopback.ts";
import { anthropicProtocol, chatProtocol, failure, type Protocol, responsesProtocol } from "../helpers/loopback-protocols.ts";

let server: Loopback;
beforeAll(async () => {
  server = await loopback();
});
afterAll(() => server.close());

interface Adapter {
  protocol: Protocol;
  model(options?: { maxRetries?: number; headers?: Record<string, string>; timeout?: number }): Model;
}

const adapters: Adapter[] = [
  {
    protocol: responsesProtocol,
    model: (o) => openai({ apiKey: "k", baseURL: `${server.url}/v1`, maxRetries: 0, ...o })("gpt-test"),
  },
  {
    protocol: chatProtocol,
    model: (o) => openaiChat({ apiKey: "k", baseURL: `${server.url}/v1`, maxRetries: 0, ...o })("gpt-test"),
  },
  {
    protocol: anthropicProtocol,
    model: (o) => anthropic({ apiKey: "k", baseURL: server.url, maxRetries: 0, ...o })("claude-test"),
  },
];

const ask: ModelRequest = {
  system: "Be brief.",
  messages: [{ role: "user", content: [{ type: "text", text: "Hi?" }] }],
  params: {},
};

async function drain(model: Model, signal?: AbortSignal): Promise<ModelEvent[]> {
  const events: ModelEvent[] = [];
  for await (const event of model.stream(ask, { signal })) events.push(event);
  return events;
}

const textIn = (events: ModelEvent[]) => events.map((event) => (event.type === "text" ? event.text : "")).join("");

describe.each(adapters)("$protocol.name", ({ protocol, model }) => {
  const said = { text: ["Grüße, ", "wörld 😀", " done."], reasoning: "hmm" };
  const json = (status = 200): Reply => ({ json: protocol.json(said), status });
  const stream = (more: Partial<Extract<Reply, { sse: readonly string[] }>> = {}): Reply => ({
    sse: protocol.events(said),
    ...more,
  });

  it("asks and decodes text, reasoning, usage, finish and request id", async () => {
    server.reply({ json: protocol.json(said), headers: { "x-request-id": "req_7", "request-id": "req_7" } });
    const response = await model({ headers: { "x-mine": "1" } }).generate(ask, {});
    expect(server.requests).toHaveLength(1);
    expect(server.requests[0]).toMatchObject({ method: "POST", path: protocol.path, headers: { "x-mine": "1" } });
    expect(response.content.map((part) => [part.type, "text" in part && part.text])).toEqual([
      ["reasoning", "hmm"],
      ["text", "Grüße, wörld 😀 done."],
    ]);
    expect(response.finishReason).toBe("stop");
    expect(response.requestId).toBe("req_7");
    expect(response.usage).toEqual(
      protocol.name === "anthropic"
        ? { inputTokens: 19, outputTokens: 7, cacheReadTokens: 3, cacheWriteTokens: 5 }
        : { inputTokens: 11, outputTokens: 7, cacheReadTokens: 3, reasoningTokens: 2 },
    );
  });

  it.each([undefined, 1, 3, 1000])("streams the same, written in pieces of %s bytes", async (pieces) => {
    server.reply(json(), stream(pieces === undefined ? {} : { pieces }));
    const plain = await model().generate(ask, {});
    const events = await drain(model());
    expect(textIn(events)).toBe("Grüße, wörld 😀 done.");
    expect(events.filter(({ type }) => type === "text")).toHaveLength(3);
    expect(events.flatMap((event) => (event.type === "reasoning" ? event.text : []))).toEqual(["hmm"]);
    const last = events.at(-1)!;
    if (last.type !== "finish") throw new Error("no finish");
    const { raw: streamedRaw, ...streamed } = last.response;
    const { raw: plainRaw, ...whole } = plain;
    expect(streamed).toEqual(whole);
    expect(JSON.parse(JSON.stringify(streamedRaw))).toEqual(JSON.parse(JSON.stringify(plainRaw)));
    expect(server.requests[1]!.body).toMatchObject({ stream: true });
  });

  it.each(["length", "refusal"] as const)("tells the finish reason %s, streamed and not", async (stop) => {
    server.reply({ json: protocol.json({ ...said, stop }) }, { sse: protocol.events({ ...said, stop }) });
    const { finishReason, content } = await model().generate(ask, {});
    expect(finishReason).toBe(stop);
    expect(content.at(-1)).toHaveProperty("text", "Grüße, wörld 😀 done.");
    expect((await drain(model())).at(-1)).toMatchObject({ type: "finish", response: { finishReason: stop, content } });
  });

  it.each([
    [400, errors.BadRequestError, 1],
    [401, errors.AuthenticationError, 1],
    [403, errors.PermissionDeniedError, 1],
    [404, errors.NotFoundError, 1],
    [429, errors.RateLimitError, 3],
    [500, errors.ServerError, 3],
    [529, errors.OverloadedError, 3],
  ])("turns %i into its error", async (status, leaf, attempts) => {
    for (const run of [(m: Model) => m.generate(ask, {}), (m: Model) => drain(m)]) {
      server.reply(failure(protocol, status, { "retry-after-ms": "1", "x-request-id": "req_9", "request-id": "req_9" }));
      const error = await run(model({ maxRetries: 2 })).catch((e: unknown) => e);
      expect(error).toBeInstanceOf(leaf);
      expect(error).toMatchObject({
        status,
        requestId: "req_9",
        retryAfter: 1,
        retryable: attempts > 1,
        provider: protocol.name,
      });
      expect((error as Error).message).toContain(`it says ${status}`);
      expect((error as Error & { raw: unknown }).raw).toBeDefined();
      expect(server.requests).toHaveLength(attempts);
    }
  });

  it("reads retry-after in seconds, and succeeds when a later attempt does", async () => {
    server.reply(failure(protocol, 429, { "retry-after": "7" }));
    await expect(model().generate(ask, {})).rejects.toMatchObject({ name: "RateLimitError", retryAfter: 7000 });
    server.reply(failure(protocol, 429, { "retry-after-ms": "1" }), json());
    expect((await model({ maxRetries: 1 }).generate(ask, {})).finishReason).toBe("stop");
    expect(server.requests).toHaveLength(2);
  });

  it("counts requests once when a wrapper retries", async () => {
    const patient = withRetry(model({ maxRetries: 5 }), { retries: 1, clock: fakeClock() });
    server.reply(failure(protocol, 429, { "retry-after-ms": "1" }));
    await expect(patient.generate(ask, {})).rejects.toMatchObject({ name: "RateLimitError" });
    expect(server.requests).toHaveLength(2);
    server.reply(failure(protocol, 503), stream());
    expect(textIn(await drain(patient))).toBe(said.text.join(""));
    expect(server.requests).toHaveLength(2);
  });

  it("tells a prompt that is too long", async () => {
    const message =
      protocol.name === "anthropic"
        ? "prompt is too long: 210000 tokens > 200000 maximum"
        : "maximum context length is 8192 tokens";
    server.reply(failure(protocol, 400, {}, message));
    await expect(model().generate(ask, {})).rejects.toBeInstanceOf(errors.ContextLengthError);
  });

  it("tells a connection that was dropped, or never made", async () => {
    server.reply({ broken: "drop" });
    await expect(model().generate(ask, {})).rejects.toBeInstanceOf(errors.ProviderConnectionError);
    await expect(drain(model())).rejects.toBeInstanceOf(errors.ProviderConnectionError);
    const gone = await loopback();
    await gone.close();
    const nobody = openai({ apiKey: "k", baseURL: gone.url, maxRetries: 0 })("x");
    await expect(nobody.generate(ask, {})).rejects.toThrow(/no connection \(.*ECONNREFUSED/);
  });

  it("times out", async () => {
    server.reply({ broken: "stall" });
    await expect(model({ timeout: 30 }).generate(ask, {})).rejects.toBeInstanceOf(errors.ProviderTimeoutError);
  });

  it.each(["end", "drop"] as const)("says when a stream stops before it is finished (%s)", async (afterwards) => {
    const events = protocol.events(said);
    for (const count of [1, 2, events.length - (protocol.name === "openai-chat" ? 3 : 1)]) {
      server.reply({ sse: events.slice(0, count), afterwards, headers: { "x-request-id": "req_4", "request-id": "req_4" } });
      const seen: ModelEvent[] = [];
      const error = await (async () => {
        for await (const event of model().stream(ask, {})) seen.push(event);
      })().catch((e: unknown) => e);
      expect(error).toBeInstanceOf(errors.StreamInterruptedError);
      expect(error).toMatchObject({ retryable: true, requestId: "req_4", provider: protocol.name });
      expect(seen.some(({ type }) => type === "finish")).toBe(false);
    }
  });

  it("delivers what came before an error event, then throws the right error", async () => {
    const events = protocol.events(said);
    const middle = events.findIndex((event) => event.includes("wörld"));
    const headers = { "x-request-id": "req_5", "request-id": "req_5" };
    server.reply({ sse: [...events.slice(0, middle + 1), protocol.errorEvent], headers });
    const seen: ModelEvent[] = [];
    const error = await (async () => {
      for await (const event of model().stream(ask, {})) seen.push(event);
    })().catch((e: unknown) => e);
    expect(textIn(seen)).toBe("Grüße, wörld 😀");
    const leaf = { anthropic: errors.OverloadedError, openai: errors.ServerError, "openai-chat": errors.RateLimitError }[
      protocol.name
    ]!;
    expect(error).toBeInstanceOf(leaf);
    expect(error).toMatchObject({ requestId: "req_5", provider: protocol.name });
    expect((error as errors.ProviderError).raw).toBeDefined();
  });

  it("closes the connection when a stream is left early", async () => {
    const events = protocol.events(said);
    server.reply({ sse: events.slice(0, events.findIndex((event) => event.includes("Grüße")) + 1), afterwards: "stall" });
    for await (const event of model().stream(ask, {})) if (event.type === "text") break;
    await server.requests[0]!.dropped;
  });

  it("aborts with the signal's reason: before, while waiting, in mid-stream, while waiting to try again", async () => {
    const reason = new Error("enough");
    await expect(model().generate(ask, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    await expect(drain(model(), AbortSignal.abort(reason))).rejects.toBe(reason);

    server.reply({ broken: "stall" });
    const waiting = new AbortController();
    const answer = model().generate(ask, { signal: waiting.signal });
    answer.catch(() => {});
    while (server.requests.length === 0) await new Promise(setImmediate);
    waiting.abort(reason);
    await expect(answer).rejects.toBe(reason);
    await server.requests[0]!.dropped;

    const events = protocol.events(said);
    server.reply({ sse: events.slice(0, events.findIndex((event) => event.includes("Grüße")) + 1), afterwards: "stall" });
    const middle = new AbortController();
    await expect(async () => {
      for await (const event of model().stream(ask, { signal: middle.signal })) if (event.type === "text") middle.abort(reason);
    }).rejects.toBe(reason);
    await server.requests[0]!.dropped;

    server.reply(failure(protocol, 429, { "retry-after": "30" }));
    const again = new AbortController();
    const retried = model({ maxRetries: 1 }).generate(ask, { signal: again.signal });
    retried.catch(() => {});
    while (server.requests.length === 0) await new Promise(setImmediate);
    again.abort(reason);
    await expect(retried).rejects.toBe(reason);
  });

  it("finishes although the server does not end the response", async () => {
    server.reply(stream({ afterwards: "stall" }));
    if (protocol.name === "openai-chat") return; // Its end is the end of the response.
    expect((await drain(model())).at(-1)?.type).toBe("finish");
  });

  it("says so when the answer is not of the protocol", async () => {
    server.reply({ json: { hello: "world" } });
    await expect(model().generate(ask, {})).rejects.toBeInstanceOf(errors.InvalidResponseError);
    server.reply({ json: "<html>a proxy's page</html>" });
    await expect(model().generate(ask, {})).rejects.toBeInstanceOf(errors.InvalidResponseError);
    vi.stubEnv("OPENAI_LOG", "off"); // The SDKs print what they could not parse.
    vi.stubEnv("ANTHROPIC_LOG", "off");
    server.reply({ sse: ["event: message_start\ndata: {broken\n\n"] });
    await expect(drain(model())).rejects.toBeInstanceOf(errors.InvalidResponseError);
  });
});

describe("servers by name", () => {
  it("are asked where they are, with their own key and no other's", async () => {
    const asked: { url: string; key: string | null }[] = [];
    const fetch: typeof globalThis.fetch = async (url, init) => {
      asked.push({ url: String(url), key: new Headers(init?.headers).get("authorization") });
      return Response.json(chatProtocol.json({ text: ["hi"] }));
    };
    vi.stubEnv("GROQ_API_KEY", "groq-key");
    vi.stubEnv("OPENAI_API_KEY", "not-for-others");
    vi.stubEnv("XAI_API_KEY", "");
    await compatible("groq", { fetch })("m").generate(ask, {});
    await compatible("ollama", { fetch })("m").generate(ask, {});
    expect(asked).toEqual([
      { url: "https://api.groq.com/openai/v1/chat/completions", key: "Bearer groq-key" },
      { url: "http://localhost:11434/v1/chat/completions", key: null },
    ]);
    await expect(compatible("xai", { fetch })("m").generate(ask, {})).rejects.toThrow(/XAI_API_KEY/);
    // Each has its own address, and its key goes nowhere else.
    for (const [name, { baseURL, ...rest }] of Object.entries(servers)) {
      asked.length = 0;
      if ("key" in rest) vi.stubEnv(rest.key, `key of ${name}`);
      await compatible(name as ServerName, { fetch })("m").generate({ ...ask, params: { maxTokens: 5 } }, {});
      expect(asked).toEqual([{ url: `${baseURL}/chat/completions`, key: "key" in rest ? `Bearer key of ${name}` : null }]);
      const local = baseURL.startsWith("http://localhost");
      expect(local || baseURL.startsWith("https://"), name).toBe(true);
      expect("key" in rest, name).toBe(!local);
    }
    expect(resolveModel("mistral/mistral-small").id).toBe("mistral/mistral-small");
    vi.unstubAllEnvs();
  });
});
