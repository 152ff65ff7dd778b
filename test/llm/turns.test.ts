// What goes wrong between turns: another model answered than was asked, a turn was cut short, calls were left without a result.
import { describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { OverloadedError } from "../../src/errors.ts";
import { anthropic } from "../../src/llm/anthropic.ts";
import { call } from "../../src/llm/call.ts";
import type { Model, ModelRequest, ModelResponse } from "../../src/llm/model.ts";
import { tool } from "../../src/llm/tool.ts";
import { withFallback } from "../../src/llm/wrappers/fallback.ts";
import { fake } from "./fake.ts";

const called = (name: string, input: unknown, id = "c1") => ({ type: "tool-call" as const, id, name, input });
const down = (id: string): Model => ({
  ...fake("x", "numbered", id),
  generate: async () => {
    throw new OverloadedError("down", { provider: "openai" });
  },
  async *stream() {
    yield* [];
    throw new OverloadedError("down", { provider: "openai" });
  },
});

/** Says one thing after another, each with a reason to stop where one is given. */
function script(...answers: Partial<ModelResponse>[]): Model & { requests: ModelRequest[] } {
  const requests: ModelRequest[] = [];
  const next = () => answers[Math.min(requests.length, answers.length) - 1] as Partial<ModelResponse>;
  return {
    ...fake("x"),
    requests,
    async generate(request) {
      requests.push(structuredClone(request));
      return { model: "one", content: [], finishReason: "stop", usage: {}, raw: 1, ...next() };
    },
    async *stream(request, options) {
      yield { type: "finish", response: await this.generate(request, options) };
    },
  };
}

describe("a fallback that answered", () => {
  const block = { type: "thinking", thinking: "hm", signature: "s" };
  const second = () => ({
    ...fake(
      [
        { type: "reasoning", text: "hm", raw: block },
        { type: "text", text: "Yes." },
      ],
      "numbered",
      "anthropic/claude-haiku-4-5",
    ),
  });

  it("is who wrote the turn, and what the cost goes by", async () => {
    const model = withFallback([down("openai/gpt-5.4"), second()]);
    const prices = {
      "openai/gpt-5.4": { input: 1e6, output: 1e6 },
      "anthropic/claude-haiku-4-5": { input: 1, output: 1 },
    };
    for (const ask of [
      () => call({ model, prices }, () => "?")(),
      () =>
        call({ model, prices }, () => "?")
          .stream()
          .response(),
    ]) {
      const answer = await ask();
      expect(answer.modelId).toBe("anthropic/claude-haiku-4-5");
      expect(answer.messages.at(-1)).toMatchObject({ role: "assistant", model: "anthropic/claude-haiku-4-5" });
      expect(answer.cost).toBeCloseTo(3e-6);
    }
  });

  it("gets its own reasoning back, and the other does not", async () => {
    const first = vi.fn(async () => ({ model: "gpt", content: [], finishReason: "stop" as const, usage: {}, raw: 1 }));
    const asked: ModelRequest[] = [];
    const model = withFallback([
      {
        ...down("openai/gpt-5.4"),
        generate: async (request) => {
          asked.push(request);
          return asked.length === 1 ? down("x").generate(request, {}) : first();
        },
      },
      second(),
    ]);
    const answer = await call({ model }, () => "?")();
    await answer.resume("And?");
    expect(asked[1]?.messages[1]).toMatchObject({ role: "assistant", model: "anthropic/claude-haiku-4-5" });
  });
});

describe("a turn that was cut short", () => {
  it.each(["length", "content-filter", "refusal"] as const)(
    "runs no tools, whose arguments may be half (%s)",
    async (finishReason) => {
      const run = vi.fn(() => "ok");
      const pay = tool({ name: "pay", input: z.object({ amount: z.number().default(100) }), run });
      const model = script({ content: [called("pay", {})], finishReason }, { content: [{ type: "text", text: "Done." }] });
      const answer = await call({ model, tools: [pay], maxSteps: 5 }, () => "go")();
      expect(run).not.toHaveBeenCalled();
      expect(answer).toMatchObject({ finishReason, toolCalls: [{ name: "pay" }] });
      expect(model.requests).toHaveLength(1);
    },
  );
});

describe("a turn that was paused, since the provider's own tools take long", () => {
  const search = { type: "provider" as const, raw: { type: "server_tool_use", id: "s1" } };
  const answers = () => script({ content: [search], finishReason: "paused" }, { content: [{ type: "text", text: "Found." }] });
  const turns = [
    { role: "user", content: [{ type: "text", text: "go" }] },
    { role: "assistant", content: [search], model: "fake/one" },
  ];

  it("goes on by itself where several steps are allowed, and by hand", async () => {
    const model = answers();
    const answer = await call({ model, maxSteps: 3 }, () => "go")();
    expect(answer.text).toBe("Found.");
    expect(model.requests[1]?.messages).toEqual(turns);
    const other = answers();
    const paused = await call({ model: other }, () => "go")();
    expect(paused.finishReason).toBe("paused");
    expect((await paused.resume([])).text).toBe("Found.");
    expect(other.requests[1]?.messages).toEqual(turns);
  });
});

describe("calls without a result", () => {
  it("get one when the conversation goes on without them: providers refuse a call that was left open", async () => {
    const pay = tool({ name: "pay", input: z.object({}), run: () => "ok" });
    const model = script({ content: [called("pay", {}, "1"), called("pay", {}, "2")], finishReason: "tool-calls" }, {});
    const answer = await call({ model, tools: [pay] }, () => "go")();
    await answer.resume("Wait, what would it cost?");
    expect(model.requests[1]?.messages.at(-1)).toEqual({
      role: "user",
      content: [
        { type: "tool-result", id: "1", name: "pay", content: [{ type: "text", text: "This was not run." }], isError: true },
        { type: "tool-result", id: "2", name: "pay", content: [{ type: "text", text: "This was not run." }], isError: true },
        { type: "text", text: "Wait, what would it cost?" },
      ],
    });
    const [one] = await answer.runTools();
    await answer.resume(one as NonNullable<typeof one>);
    expect(model.requests[2]?.messages.at(-1)?.content).toMatchObject([{ id: "2", isError: true }, { id: "1" }]);
  });
});

describe("a tool that has to be called", () => {
  it.each(["required", { tool: "look" }] as const)(
    "has to be called once, and then the model may answer (%j)",
    async (toolChoice) => {
      const look = tool({ name: "look", run: () => "3" });
      const model = script(
        { content: [called("look", {})], finishReason: "tool-calls" },
        { content: [{ type: "text", text: "3." }] },
      );
      const answer = await call({ model, tools: [look], toolChoice, maxSteps: 3 }, () => "go")();
      expect(answer.text).toBe("3.");
      expect(model.requests.map((request) => request.toolChoice)).toEqual([toolChoice, undefined]);
      // A question of the user's begins anew.
      await answer.resume("And now?");
      expect(model.requests[2]?.toolChoice).toEqual(toolChoice);
    },
  );

  it("stays so where the output comes by a tool", async () => {
    const look = tool({ name: "look", run: () => "3" });
    const model = script(
      { content: [called("look", {})], finishReason: "tool-calls" },
      { content: [called("answer", { n: 3 })], finishReason: "tool-calls" },
    );
    const output = z.object({ n: z.number() });
    const answer = await call({ model, tools: [look], output, outputMode: "tool", maxSteps: 3 }, () => "go")();
    expect(answer.output).toEqual({ n: 3 });
    expect(model.requests.map((request) => request.toolChoice)).toEqual(["required", "required"]);
  });
});

describe("an abort", () => {
  const forever = () => new Promise<never>(() => {});
  const reason = new Error("enough");

  it("ends a call whose tool or prompt does not listen", async () => {
    const stuck = tool({ name: "stuck", run: forever });
    const model = () => script({ content: [called("stuck", {})], finishReason: "tool-calls" });
    for (const way of ["plain", "streamed"] as const) {
      const closer = new AbortController();
      const ask = call({ model: model(), tools: [stuck], maxSteps: 2, signal: closer.signal }, () => "go");
      const answer = way === "plain" ? ask() : ask.stream().response();
      setTimeout(() => closer.abort(reason), 5);
      await expect(answer).rejects.toBe(reason);
    }
    const closer = new AbortController();
    const searching = call({ model: fake("x") }, (): Promise<string> => forever()).with({ signal: closer.signal });
    const answer = searching();
    closer.abort(reason);
    await expect(answer).rejects.toBe(reason);
    const prompt = vi.fn(() => "go");
    await expect(call({ model: fake("x"), signal: AbortSignal.abort(reason) }, prompt)()).rejects.toBe(reason);
    expect(prompt).not.toHaveBeenCalled();
  });
});

it("keeps the marks of what is to be cached in turns of the model's", async () => {
  const model = fake("Yes.");
  const turn = { role: "assistant" as const, content: [{ type: "text" as const, text: "Tea.", cache: "1h" as const }] };
  await call({ model }, () => [{ role: "user" as const, content: "?" }, turn, { role: "user" as const, content: "And?" }])();
  expect(model.requests[0]?.messages[1]).toMatchObject(turn);
});

describe("metadata", () => {
  it("is the caller's own: merged, on the response, told to wrappers and to no provider", async () => {
    const options = vi.fn();
    const inner = anthropic({ apiKey: "k" })("claude-haiku-4-5");
    const model: Model = {
      ...script({ content: [{ type: "text", text: "ok" }] }),
      async generate(request, given) {
        options(given.metadata);
        return { model: "m", content: [], finishReason: "stop", usage: {}, raw: inner.encode?.(request) };
      },
    };
    const ask = call({ model, metadata: { team: "search", user: "a" } }, (user: string) => ({
      messages: "?",
      metadata: { user },
    }));
    const answer = await ask.with({ metadata: { run: 7 } })("b");
    expect(answer.metadata).toEqual({ team: "search", user: "b", run: 7 });
    expect(options).toHaveBeenCalledWith({ team: "search", user: "b", run: 7 });
    expect(JSON.stringify(answer.raw)).not.toContain("search");
    expect(await call({ model }, () => "?")()).not.toHaveProperty("metadata");
  });
});
