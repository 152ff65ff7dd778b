import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { ConfigurationError, InputError, MissingKeyError } from "../../src/errors.ts";
import { anthropic } from "../../src/llm/anthropic.ts";
import { call } from "../../src/llm/call.ts";
import type { ModelEvent, TextPart } from "../../src/llm/model.ts";
import { openai } from "../../src/llm/openai.ts";
import { resolveModel } from "../../src/llm/resolve.ts";
import { type Loopback, loopback } from "../helpers/loopback.ts";
import { anthropicProtocol, responsesProtocol } from "../helpers/loopback-protocols.ts";
import { fake } from "./fake.ts";

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

describe("a prompt", () => {
  it("returns a string, a message, messages or a config, at once or later", async () => {
    const model = fake("yes");
    const user = (text: string) => ({ role: "user", content: [{ type: "text", text }] });
    const prompts = [
      () => "a",
      async () => "a",
      () => ({ role: "user" as const, content: "a" }),
      () => [{ role: "user" as const, content: [{ type: "text" as const, text: "a" }] }],
      () => ({ messages: "a" }),
      async () => ({ messages: [{ role: "user" as const, content: { type: "text" as const, text: "a" } }] }),
    ];
    for (const prompt of prompts) await call({ model }, prompt)();
    for (const request of model.requests) expect(request).toEqual({ messages: [user("a")], params: {} });
  });

  it("returns what the user says as a part, or as parts and text", async () => {
    const image = { type: "image" as const, source: { url: "https://x.y/z.png" } };
    const model = fake("a");
    await call({ model }, () => image)();
    await call({ model }, () => ["What is this?", image])();
    await call({ model }, () => ({ messages: [image, { type: "text" as const, text: "This?" }] }))();
    expect(model.requests.map(({ messages }) => messages)).toEqual([
      [{ role: "user", content: [image] }],
      [{ role: "user", content: [{ type: "text", text: "What is this?" }, image] }],
      [{ role: "user", content: [image, { type: "text", text: "This?" }] }],
    ]);
    const mixed = () => ["What?", { role: "user" as const, content: "Hm" }] as unknown as string[];
    await expect(call({ model }, mixed)()).rejects.toThrow(/not both in one list/);
  });

  it("hands its arguments over as they are", async () => {
    const model = fake("yes");
    const ask = call({ model }, (topic: string, { shout = false }: { shout?: boolean } = {}) =>
      shout ? topic.toUpperCase() : topic,
    );
    await ask("tea");
    await ask("tea", { shout: true });
    expect(model.requests.map(({ messages }) => messages[0]!.content[0])).toMatchObject([{ text: "tea" }, { text: "TEA" }]);
  });

  it("takes a chat with system turns and assistant turns", async () => {
    const model = fake("yes");
    const history = [
      { role: "system" as const, content: "Second." },
      { role: "user" as const, content: "a" },
      { role: "assistant" as const, content: "b" },
      { role: "user" as const, content: "c" },
    ];
    const answer = await call({ model, system: "First." }, () => history)();
    expect(model.requests[0]).toMatchObject({ system: "First.\n\nSecond." });
    expect(answer.messages.map(({ role, content }) => [role, (content[0] as TextPart).text])).toEqual([
      ["user", "a"],
      ["assistant", "b"],
      ["user", "c"],
      ["assistant", "yes"],
    ]);
    const again = await call({ model }, () => [...JSON.parse(JSON.stringify(answer.messages)), { role: "user", content: "d" }])();
    expect(again.messages).toHaveLength(6);
    expect(again.messages[3]).toEqual({ role: "assistant", model: "fake/one", content: [{ type: "text", text: "yes" }] });
  });

  it.each([
    ["", InputError],
    [[], InputError],
    [[{ role: "assistant", content: "a" }], InputError],
    [[{ role: "tool", content: "a" }], InputError],
    [[{ role: "user", content: [{ type: "image", url: "x" }] }], InputError],
    [{ messages: "a", temprature: 1 }, ConfigurationError],
    [{ messages: "a", sources: [{ title: "no text" }] }, InputError],
  ])("is refused when it returns %j", async (returned, error) => {
    const ask = call({ model: fake("yes") }, () => returned as string);
    await expect(ask()).rejects.toBeInstanceOf(error);
    await expect(ask.stream().response()).rejects.toBeInstanceOf(error);
  });
});

describe("settings", () => {
  it("go from options to what the prompt returns to with()", async () => {
    const [first, second, third] = [fake("1"), fake("2"), fake("3")];
    const options = {
      model: first,
      system: "options",
      temperature: 0.1,
      topP: 0.2,
      extra: { body: { a: 1, b: 1 }, headers: { x: "1" } },
    };
    const ask = call(options, () => ({ messages: "q", system: "prompt", topP: 0.3, extra: { body: { b: 2 } }, model: second }));
    expect((await ask()).text).toBe("2");
    expect(second.requests[0]).toMatchObject({
      system: "prompt",
      params: { temperature: 0.1, topP: 0.3 },
      extra: { body: { a: 1, b: 2 }, headers: { x: "1" } },
    });
    const other = ask.with({ model: third, topP: 0.4 }).with({ maxTokens: 5 });
    expect((await other()).text).toBe("3");
    expect(third.requests[0]!.params).toEqual({ temperature: 0.1, topP: 0.4, maxTokens: 5 });
    expect((await ask()).text).toBe("2");
  });

  it("that do not exist are refused at once", () => {
    expect(() => call({ model: fake("a"), temprature: 1 } as object, () => "q")).toThrow(/"temprature" is not a setting/);
    expect(() => call({ model: fake("a") }, () => "q").with({ top_p: 1 } as object)).toThrow(ConfigurationError);
    expect(() => call({ model: "gpt-5" }, () => "q")).toThrow(/There is no model "gpt-5".*openai\/gpt-5-mini/);
    expect(() => call({}, "q" as never)).toThrow(ConfigurationError);
  });

  it("may come from the prompt alone, but a model there must be", async () => {
    expect((await call({}, () => ({ model: fake("a"), messages: "q" }))()).text).toBe("a");
    await expect(call({}, () => "q")()).rejects.toThrow(/No model/);
  });

  it("do not leak between calls at the same time", async () => {
    const base = call({ model: fake("base") }, (n: number) => `${n}`);
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) => base.with({ model: fake(`m${n}`), temperature: n })(n)),
    );
    expect(answers.map(({ text }) => text)).toEqual(Array.from({ length: 20 }, (_, n) => `m${n}`));
  });

  it("add their signals up", async () => {
    const model = fake("yes");
    const reasons = ["options", "prompt", "with"].map((name) => new Error(name));
    for (let i = 0; i < 3; i++) {
      const [a, b, c] = reasons.map((reason, j) => (i === j ? AbortSignal.abort(reason) : new AbortController().signal));
      const ask = call({ model, signal: a }, () => ({ messages: "q", signal: b })).with({ signal: c });
      await expect(ask()).rejects.toBe(reasons[i]);
      await expect(ask.stream().response()).rejects.toBe(reasons[i]);
    }
    expect(model.requests).toHaveLength(0);
  });
});

describe("a stream", () => {
  it("yields text and reasoning, and ends with the response the plain call gives", async () => {
    const model = fake([
      { type: "reasoning", text: "hmm" },
      { type: "text", text: "Hello, world." },
    ]);
    const ask = call({ model }, () => "q");
    const events = await all(ask.stream());
    expect(events.map(({ type }) => type)).toEqual(["reasoning", "text", "text", "text", "text", "text", "usage", "finish"]);
    expect(events.at(-2)).toEqual({ type: "usage", usage: (await ask()).usage });
    expect(events.at(-1)).toEqual({ type: "finish", response: await ask() });
    expect((await all(ask.stream().textStream)).join("")).toBe("Hello, world.");
    expect(await ask.stream().response()).toEqual(await ask());
  });

  it("asks when it is first read, and once", async () => {
    const model = fake("Hello.");
    const stream = call({ model }, () => "q").stream();
    await Promise.resolve();
    expect(model.requests).toHaveLength(0);
    const events = stream[Symbol.asyncIterator]();
    await events.next();
    expect(model.requests).toHaveLength(1);
    const response = stream.response();
    while (!(await events.next()).done);
    expect((await response).text).toBe("Hello.");
    // A reader that comes late gets all of it.
    expect((await all(stream.textStream)).join("")).toBe("Hello.");
    expect(model.requests).toHaveLength(1);
  });

  it("aborts the model when it is left, and has no response then", async () => {
    const model = fake("Hello.");
    const stream = call({ model }, () => "q").stream();
    for await (const _ of stream) break;
    expect(model.signals[0]!.aborted).toBe(true);
    await expect(stream.response()).rejects.toThrow(/left before its end/);
  });

  it("can be left although the model does not listen", async () => {
    const deaf = {
      ...fake("Hello."),
      async *stream(): AsyncGenerator<ModelEvent> {
        yield { type: "text", text: "Hel" };
        await new Promise(() => {});
      },
    };
    const stream = call({ model: deaf }, () => "q").stream();
    for await (const _ of stream) break;
    await expect(stream.response()).rejects.toThrow(/left before its end/);
  });

  it("takes little more from the model than is read, and gives everything in order to who asks ahead", async () => {
    let made = 0;
    const endless = {
      ...fake(""),
      async *stream(): AsyncGenerator<ModelEvent> {
        for (;;) yield { type: "text", text: `${made++} ` };
      },
    };
    const events = call({ model: endless }, () => "q")
      .stream()
      [Symbol.asyncIterator]();
    const first = await Promise.all([events.next(), events.next(), events.next()]);
    expect(first.map(({ value }) => value.text)).toEqual(["0 ", "1 ", "2 "]);
    for (let turn = 0; turn < 500; turn++) await Promise.resolve();
    expect(made).toBeLessThan(40);
    expect((await events.next()).value.text).toBe("3 ");
    await events.return?.();
    expect(await events.next()).toEqual({ done: true, value: undefined });
  });

  it("throws what the prompt throws", async () => {
    const error = new Error("no database");
    const ask = call({ model: fake("a") }, async () => {
      throw error;
      // biome-ignore lint/correctness/noUnreachable: gives the prompt its type.
      return "q";
    });
    await expect(ask()).rejects.toBe(error);
    await expect(all(ask.stream())).rejects.toBe(error);
    await expect(ask.messages()).rejects.toBe(error);
  });
});

describe("model names", () => {
  let server: Loopback;
  beforeAll(async () => {
    server = await loopback();
  });
  afterAll(() => server.close());

  it("stand for providers", () => {
    expect(resolveModel("openai/gpt-5").id).toBe("openai/gpt-5");
    expect(resolveModel("openai-chat/gpt-4o").citations).toBe("numbered");
    expect(resolveModel("anthropic/claude-x").citations).toBe("native");
    expect(resolveModel("extractive").id).toBe("extractive");
    const model = fake("a");
    expect(resolveModel(model)).toBe(model);
    for (const name of ["", "gpt-5", "/x", "openai/", "openai", "cohere/command", "constructor/x"]) {
      expect(() => resolveModel(name)).toThrow(ConfigurationError);
    }
    expect(() => resolveModel(model, {} as never)).toThrow(/goes with a model's name/);
  });

  it("take a client of the caller's own", async () => {
    const { OpenAI } = await import("openai");
    const client = new OpenAI({ apiKey: "mine", baseURL: `${server.url}/v1` });
    server.reply({ json: responsesProtocol.json({ text: ["Hi."] }) });
    const ask = call(
      {
        model: "openai/gpt-5-mini",
        client,
        extra: { body: { service_tier: "flex" }, headers: { "x-y": "z" }, query: { v: "1" } },
      },
      () => "q",
    );
    expect((await ask()).text).toBe("Hi.");
    expect(server.requests[0]).toMatchObject({
      path: "/v1/responses?v=1",
      headers: { authorization: "Bearer mine", "x-y": "z" },
      body: { model: "gpt-5-mini", service_tier: "flex" },
    });
  });

  it("need a key, and say where it belongs, before anything is sent", async () => {
    vi.stubEnv("OPENAI_API_KEY", "");
    vi.stubEnv("ANTHROPIC_API_KEY", "");
    for (const [model, variable] of [
      ["openai/x", "OPENAI_API_KEY"],
      ["openai-chat/x", "OPENAI_API_KEY"],
      ["anthropic/x", "ANTHROPIC_API_KEY"],
    ]) {
      const error = await call({ model: model! }, () => "q")().catch((e: unknown) => e);
      expect(error).toBeInstanceOf(MissingKeyError);
      expect((error as Error).message).toContain(variable);
    }
    vi.unstubAllEnvs();
  });

  it("never send OpenAI's or Anthropic's key to another server", async () => {
    vi.stubEnv("OPENAI_API_KEY", "secret");
    vi.stubEnv("ANTHROPIC_API_KEY", "secret");
    vi.stubEnv("ANTHROPIC_AUTH_TOKEN", "secret");
    server.reply({ json: responsesProtocol.json({ text: ["Hi."] }) }, { json: anthropicProtocol.json({ text: ["Hi."] }) });
    await call({ model: openai({ baseURL: `${server.url}/v1` })("x") }, () => "q")();
    await call({ model: anthropic({ baseURL: server.url })("x") }, () => "q")();
    expect(JSON.stringify(server.requests.map(({ headers }) => headers))).not.toContain("secret");
    vi.unstubAllEnvs();
  });
});

describe("render", () => {
  it("shows the request and the provider's body, and sends nothing", async () => {
    const ask = call({ model: "anthropic/claude-x", system: "S", temperature: 0 }, (q: string) => ({
      messages: q,
      sources: [{ text: "A b." }],
    }));
    const rendered = await ask.render("why?");
    expect(rendered).toMatchObject({ model: "anthropic/claude-x", system: "S", params: { temperature: 0 } });
    expect(rendered.body).toMatchObject({ model: "claude-x", max_tokens: 16_384, system: "S", temperature: 0 });
    expect(await ask.messages("why?")).toEqual(rendered.messages);
    expect(rendered.messages[0]!.content.map(({ type }) => type)).toEqual(["source", "text"]);
  });
});
