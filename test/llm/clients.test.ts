// Clients of the user's own: OpenAI's for Azure, and one that reads its stream otherwise than as server-sent events, as Anthropic's for Bedrock does.
import { Anthropic } from "@anthropic-ai/sdk";
import { AzureOpenAI } from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { OverloadedError, RateLimitError } from "../../src/errors.ts";
import { anthropic } from "../../src/llm/anthropic.ts";
import { call } from "../../src/llm/call.ts";
import { openai, openaiChat } from "../../src/llm/openai.ts";
import { withRetry } from "../../src/llm/wrappers/retry.ts";
import { fakeClock } from "../helpers/fake-clock.ts";
import { type Loopback, loopback } from "../helpers/loopback.ts";
import { anthropicProtocol, chatProtocol, failure, responsesProtocol } from "../helpers/loopback-protocols.ts";

let server: Loopback;
beforeAll(async () => {
  server = await loopback();
});
afterAll(() => server.close());

const said = { text: ["Hello ", "there."] };

describe("AzureOpenAI", () => {
  const client = (deployment?: string) =>
    new AzureOpenAI({
      endpoint: server.url,
      apiKey: "azure-key",
      apiVersion: "2025-04-01-preview",
      ...(deployment !== undefined && { deployment }),
    });

  it.each([
    {
      protocol: chatProtocol,
      model: () => openaiChat({ client: client() })("my-gpt"),
      path: "/openai/deployments/my-gpt/chat/completions",
    },
    { protocol: responsesProtocol, model: () => openai({ client: client() })("my-gpt"), path: "/openai/responses" },
  ])("answers, streams, and fails by name over $path", async ({ protocol, model, path }) => {
    server.reply({ json: protocol.json(said) }, { sse: protocol.events(said) });
    const ask = call({ model: model() }, () => "Hi");
    const plain = await ask();
    expect(plain.text).toBe("Hello there.");
    expect((await ask.stream().response()).content).toEqual(plain.content);
    for (const { path: asked, headers } of server.requests) {
      expect(asked).toBe(`${path}?api-version=2025-04-01-preview`);
      expect(headers["api-key"]).toBe("azure-key");
    }
    server.reply(failure(protocol, 429, { "retry-after-ms": "1" }));
    const patient = call({ model: withRetry(model(), { retries: 1, clock: fakeClock() }) }, () => "Hi");
    await expect(patient()).rejects.toBeInstanceOf(RateLimitError);
    expect(server.requests).toHaveLength(2);
  });

  it("goes with a model's name, from the call, the prompt or with()", async () => {
    server.reply({ json: chatProtocol.json(said) });
    const azure = client();
    await call({ model: "openai-chat/a", client: azure }, () => "Hi")();
    await call({}, () => ({ messages: "Hi", model: "openai-chat/b", client: azure }))();
    await call({ model: "extractive" }, () => "Hi").with({ model: "openai-chat/c", client: azure })();
    expect(server.requests.map(({ path }) => path.split("/")[3])).toEqual(["a", "b", "c"]);
  });
});

describe("a client that is not the SDK's own", () => {
  /** Bedrock's streams are frames of AWS, which its client reads; what it hands on are the events. */
  const framed = (fail?: Error) => {
    const inner = new Anthropic({ apiKey: "k", baseURL: server.url, maxRetries: 0 });
    const create = ((body: Anthropic.MessageCreateParams, options: object) => {
      if (body.stream !== true) return inner.messages.create(body, options);
      const opened = inner.messages.create(body, options).withResponse();
      const withResponse = async () => {
        const { data, request_id } = await opened;
        const events = async function* () {
          for await (const event of data) {
            yield event;
            if (fail !== undefined) throw fail;
          }
        };
        const headers = { "content-type": "application/vnd.amazon.eventstream", "x-request-id": "aws_1" };
        return { data: events(), request_id, response: new Response(null, { headers }) };
      };
      return { withResponse };
    }) as unknown as Anthropic["messages"]["create"];
    return { messages: { create } };
  };

  it("is read by itself, and its errors are named", async () => {
    const ask = call({ model: anthropic({ client: framed() })("us.anthropic.claude-sonnet-4-5-20250929-v1:0") }, () => "Hi");
    server.reply({ json: anthropicProtocol.json(said) }, { sse: anthropicProtocol.events(said) });
    const plain = await ask();
    expect((await ask.stream().response()).content).toEqual(plain.content);
    expect(server.requests[0]?.body).toMatchObject({ model: "us.anthropic.claude-sonnet-4-5-20250929-v1:0", max_tokens: 4096 });
    const error = Object.assign(new Error("529 overloaded"), {
      status: 529,
      error: { type: "error", error: { type: "overloaded_error", message: "Overloaded" } },
    });
    server.reply({ sse: anthropicProtocol.events(said) });
    const failing = call({ model: anthropic({ client: framed(error) })("m") }, () => "Hi");
    await expect(failing.stream().response()).rejects.toBeInstanceOf(OverloadedError);
  });

  it("is told to think in the words of the model's generation, whatever the name around it", async () => {
    const body = async (name: string, extra = {}) =>
      (await call({ model: anthropic({ client: framed() })(name), reasoning: "low", ...extra }, () => "Hi").render())
        .body as Anthropic.MessageCreateParams;
    expect((await body("us.anthropic.claude-sonnet-4-5-20250929-v1:0")).thinking).toEqual({
      type: "enabled",
      budget_tokens: 2048,
    });
    expect((await body("claude-sonnet-4-5@20250929")).thinking).toMatchObject({ type: "enabled" });
    expect(await body("claude-opus-4-8@default")).toMatchObject({
      thinking: { type: "adaptive" },
      output_config: { effort: "low" },
    });
    // A name that tells nothing counts as newer, and may be told otherwise.
    expect((await body("my-deployment")).thinking).toMatchObject({ type: "adaptive" });
    const counted = await body("my-deployment", { reasoning: { budgetTokens: 1500 } });
    expect(counted.thinking).toEqual({ type: "enabled", budget_tokens: 1500 });
    expect(counted.output_config).toBeUndefined();
    const own = await body("my-deployment", {
      extra: { body: { thinking: { type: "enabled", budget_tokens: 3000 }, output_config: undefined } },
    });
    expect(JSON.parse(JSON.stringify(own))).toMatchObject({ thinking: { type: "enabled", budget_tokens: 3000 } });
    expect(JSON.stringify(own)).not.toContain("effort");
  });
});
