// Tools: arguments checked, results given back, the loop by hand and by itself, streamed and not.
import { describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { ConfigurationError, ServerError, ToolError } from "../../src/errors.ts";
import { call } from "../../src/llm/call.ts";
import { mcpTools } from "../../src/llm/mcp.ts";
import type { Model, ModelRequest, ModelResponse } from "../../src/llm/model.ts";
import { jsonSchema } from "../../src/llm/schema.ts";
import { searchTool } from "../../src/llm/search-tool.ts";
import type { CallEvent } from "../../src/llm/stream.ts";
import { providerTool, tool } from "../../src/llm/tool.ts";
import { fake } from "./fake.ts";

/** Says one thing after another. */
function script(...answers: (string | ModelResponse["content"])[]): Model & { requests: ModelRequest[] } {
  const models = answers.map((each) => fake(each));
  const requests: ModelRequest[] = [];
  const next = () => models[Math.min(requests.length, models.length) - 1] as Model;
  return {
    id: "fake/one",
    citations: "numbered",
    requests,
    generate(request, options) {
      requests.push(structuredClone(request));
      return next().generate(request, options);
    },
    stream(request, options) {
      requests.push(structuredClone(request));
      return next().stream(request, options);
    },
  };
}

const called = (name: string, input: unknown, id = "c1") => ({ type: "tool-call" as const, id, name, input });
const stock = vi.fn(({ title }: { title: string }) => ({ title, copies: 3 }));
const lookUp = tool({
  name: "look_up",
  description: "How many copies of a book there are.",
  input: z.object({ title: z.string().min(1) }),
  run: stock,
});

describe("tool()", () => {
  it("tells the model its name, its purpose and the schema of its arguments", () => {
    expect(lookUp.model).toEqual({
      type: "function",
      name: "look_up",
      description: "How many copies of a book there are.",
      inputSchema: expect.objectContaining({
        type: "object",
        properties: { title: { type: "string", minLength: 1 } },
        required: ["title"],
      }),
    });
    expect(tool({ name: "now", run: () => "noon" }).model).toMatchObject({ inputSchema: { type: "object", properties: {} } });
  });

  it("refuses names and schemas that providers would refuse", () => {
    expect(() => tool({ name: "look up" })).toThrow(ConfigurationError);
    expect(() => tool({ name: "x", input: z.string() as never })).toThrow(/takes an object/);
    expect(() => tool({ name: "x", input: z.object({ when: z.date() }) as never })).toThrow(/cannot write this schema/);
    expect(() => tool({ name: "x", input: {} as never })).toThrow(/no schema/);
  });

  it("makes members that may be left out nullable in strict mode, and takes the nulls out again", async () => {
    const run = vi.fn(() => "ok");
    const strict = tool({ name: "x", strict: true, input: z.object({ a: z.string(), b: z.number().optional() }), run });
    expect(strict.model).toMatchObject({ strict: true, inputSchema: { required: ["a", "b"], additionalProperties: false } });
    await strict.answer(called("x", { a: "1", b: null }), undefined);
    expect(run).toHaveBeenCalledWith({ a: "1" }, { signal: undefined, id: "c1" });
  });

  it("gives the model what is wrong with its arguments, and what a tool threw", async () => {
    expect(await lookUp.answer(called("look_up", { title: "" }), undefined)).toMatchObject({
      isError: true,
      content: [{ text: expect.stringContaining("title: Too small") }],
    });
    const failing = tool({
      name: "fails",
      run: () => {
        throw new RangeError("The shop is closed.");
      },
    });
    expect(await failing.answer(called("fails", {}), undefined)).toMatchObject({
      isError: true,
      content: [{ text: "RangeError: The shop is closed." }],
    });
  });

  it("sends text as it is, parts as parts, and anything else as JSON", async () => {
    const answered = async (value: unknown) =>
      (await tool({ name: "x", run: () => value }).answer(called("x", {}), undefined)).content;
    expect(await answered("plain")).toEqual([{ type: "text", text: "plain" }]);
    expect(await answered({ n: 1n })).toEqual([{ type: "text", text: '{"n":"1"}' }]);
    expect(await answered(undefined)).toEqual([{ type: "text", text: "done" }]);
    const image = { type: "image", source: { url: "https://x/y.png" } };
    expect(await answered([image])).toEqual([image]);
  });
});

describe("a call with tools", () => {
  it("stops where it is told to, with the calls left to the caller", async () => {
    const twice = () => script([called("look_up", { title: "Emma" })], [called("look_up", { title: "Persuasion" })], "Both.");
    const seen: number[] = [];
    const stopWhen = async (steps: readonly unknown[]) => {
      seen.push(steps.length);
      return steps.length === 2;
    };
    const stopped = await call({ model: twice(), tools: [lookUp], maxSteps: 5, stopWhen }, (q: string) => q)("Which?");
    expect(seen).toEqual([1, 2]);
    expect(stopped.steps).toHaveLength(2);
    expect(stopped.toolCalls).toEqual([called("look_up", { title: "Persuasion" })]);
    const gone = await stopped.resume(await stopped.runTools());
    expect(gone.text).toBe("Both.");
    expect((await call({ model: twice(), tools: [lookUp], maxSteps: 5 }, (q: string) => q)("Which?")).text).toBe("Both.");
  });

  it("hands the calls to the caller, who runs them and goes on", async () => {
    const model = script([called("look_up", { title: "Emma" })], "There are three.");
    const response = await call({ model, tools: [lookUp] }, (q: string) => q)("How many of Emma?");
    expect(response.toolCalls).toEqual([called("look_up", { title: "Emma" })]);
    expect(response.finishReason).toBe("tool-calls");
    const next = await response.resume(await response.runTools());
    expect(next.text).toBe("There are three.");
    expect(model.requests[1]?.messages).toEqual([
      { role: "user", content: [{ type: "text", text: "How many of Emma?" }] },
      { role: "assistant", model: "fake/one", content: [called("look_up", { title: "Emma" })] },
      {
        role: "user",
        content: [
          { type: "tool-result", id: "c1", name: "look_up", content: [{ type: "text", text: '{"title":"Emma","copies":3}' }] },
        ],
      },
    ]);
    // Messages survive JSON and start another call.
    const again = script("Yes.");
    const kept = JSON.parse(JSON.stringify(next.messages));
    await call({ model: again }, () => [...kept, { role: "user" as const, content: "Sure?" }])();
    expect(again.requests[0]?.messages).toHaveLength(5);
  });

  it("runs them by itself up to maxSteps, all of a turn at once, and adds up what it used", async () => {
    const model = script(
      [called("look_up", { title: "A" }, "1"), called("look_up", { title: "B" }, "2")],
      [called("nothing", {}, "3")],
      "Done.",
    );
    const response = await call({ model, tools: [lookUp], maxSteps: 5 }, () => "go")();
    expect(response).toMatchObject({ text: "Done.", toolCalls: [], usage: { inputTokens: 3, outputTokens: 6 } });
    expect(response.steps).toHaveLength(3);
    expect(JSON.stringify(model.requests[2])).toContain('There is no tool \\"nothing\\". There are: look_up.');
    const limited = await call(
      { model: script([called("look_up", { title: "A" })]), tools: [lookUp], maxSteps: 2 },
      () => "go",
    )();
    expect(limited.toolCalls).toHaveLength(1);
    expect(limited.steps).toHaveLength(2);
  });

  it("stops at a tool that does not run by itself", async () => {
    const asks = tool({ name: "ask_user", input: z.object({ question: z.string() }) });
    const model = script([called("ask_user", { question: "Which?" })], "Fine.");
    const response = await call({ model, tools: [asks, lookUp], maxSteps: 9 }, () => "go")();
    expect(response.toolCalls.map(({ name }) => name)).toEqual(["ask_user"]);
    const reply = {
      type: "tool-result" as const,
      id: "c1",
      name: "ask_user",
      content: [{ type: "text" as const, text: "The red one" }],
    };
    expect((await response.resume(reply)).text).toBe("Fine.");
  });

  it("asks for approval before each is run", async () => {
    stock.mockClear();
    const approve = vi.fn(async ({ input }: { input: unknown }) => (input as { title: string }).title === "A" || "Not that one.");
    const model = script([called("look_up", { title: "A" }, "1"), called("look_up", { title: "B" }, "2")], "Done.");
    await call({ model, tools: [lookUp], maxSteps: 2, approve }, () => "go")();
    expect(stock).toHaveBeenCalledTimes(1);
    expect(JSON.stringify(model.requests[1])).toContain("Not that one.");
  });

  it("tells the program what a tool came to grief by, and ends when that throws", async () => {
    const down = new ServerError("The shop is down.", { provider: "shop" });
    const shop = tool({
      name: "shop",
      run: () => {
        throw down;
      },
    });
    const model = () =>
      script([called("shop", {}, "1"), called("look_up", { title: "" }, "2"), called("nothing", { a: 1 }, "3")], "Sorry.");
    const errors: ToolError[] = [];
    const note = (error: ToolError) => void errors.push(error);
    const ask = call({ model: model(), tools: [shop, lookUp], maxSteps: 2, onToolError: note }, () => "go");
    expect((await ask()).text).toBe("Sorry.");
    expect(errors).toEqual([expect.any(ToolError), expect.any(ToolError), expect.any(ToolError)]);
    const byTool = Object.fromEntries(errors.map((error) => [error.tool, error]));
    expect(byTool.shop).toMatchObject({
      callId: "1",
      reason: "failed",
      cause: down,
      retryable: true,
      provider: "fake",
      model: "one",
    });
    expect(byTool.look_up).toMatchObject({ callId: "2", reason: "arguments", input: { title: "" }, retryable: false });
    expect(byTool.nothing).toMatchObject({ callId: "3", reason: "unknown", input: { a: 1 } });
    // By hand as well, and streamed.
    errors.length = 0;
    const response = await call({ model: model(), tools: [shop, lookUp], onToolError: note }, () => "go")();
    expect((await response.runTools()).map(({ isError }) => isError)).toEqual([true, true, true]);
    expect(errors).toHaveLength(3);
    const fatal = call(
      {
        model: model(),
        tools: [shop, lookUp],
        maxSteps: 2,
        onToolError: ({ cause }) => {
          if (cause !== undefined) throw cause;
        },
      },
      () => "go",
    );
    await expect(fatal()).rejects.toBe(down);
    await expect(fatal.with({ model: model() }).stream().response()).rejects.toBe(down);
  });

  it("streams the calls, their results and the answer, for several readers", async () => {
    const model = script([called("look_up", { title: "A" })], "Three copies.");
    const stream = call({ model, tools: [lookUp], maxSteps: 2 }, () => "go").stream();
    const read = async () => {
      const events: CallEvent[] = [];
      for await (const event of stream) events.push(event);
      return events;
    };
    const [one, two] = await Promise.all([read(), read()]);
    expect(one).toEqual(two);
    const types = one.map(({ type }) => type).filter((type, i, all) => type !== all[i - 1]);
    const first = ["tool-call-start", "tool-input", "tool-call", "usage", "tool-result"];
    expect(types).toEqual([...first, "step", "text", "usage", "finish"]);
    const streamed = await stream.response();
    const plain = await call(
      { model: script([called("look_up", { title: "A" })], "Three copies."), tools: [lookUp], maxSteps: 2 },
      () => "go",
    )();
    expect(plain).toMatchObject(streamed);
  });

  it("keeps the sources where they were, and their citations checked", async () => {
    const model = script([called("look_up", { title: "A" })], "Tea is green [1].");
    const response = await call({ model, tools: [lookUp], maxSteps: 2 }, () => ({
      messages: "?",
      sources: [{ text: "Tea is green." }],
    }))();
    expect(response.citations).toHaveLength(1);
    expect(JSON.stringify(model.requests[1]?.messages[0])).toContain("Tea is green.");
  });

  it("hands a provider's own tool through, and refuses two of one name", async () => {
    const model = script("x");
    await call({ model, tools: [providerTool({ type: "web_search" })], toolChoice: "required" }, () => "go")();
    expect(model.requests[0]).toMatchObject({
      tools: [{ type: "provider", tool: { type: "web_search" } }],
      toolChoice: "required",
    });
    await expect(call({ model, tools: [lookUp, lookUp] }, () => "go")()).rejects.toThrow(ConfigurationError);
    await expect(call({ model, maxSteps: 0 }, () => "go")()).rejects.toThrow("maxSteps");
  });

  it("makes a collection a tool, and the tools of an MCP server", async () => {
    const search = vi.fn(async () => [{ text: "Tea is\u200b green.", title: "Tea" }]);
    const found = await searchTool({ search }).answer(called("search_documents", { query: "tea?" }), undefined);
    expect(search).toHaveBeenCalledWith("tea?", { limit: 5 });
    expect(found.content).toEqual([{ type: "text", text: '[{"title":"Tea","text":"Tea is green."}]' }]);
    const client = {
      listTools: async ({ cursor }: { cursor?: string } = {}) =>
        cursor === undefined
          ? {
              tools: [{ name: "add", description: "Adds.", inputSchema: { type: "object", properties: { a: {} } } }],
              nextCursor: "2",
            }
          : { tools: [{ name: "fail/always.so", inputSchema: { type: "object" } }] },
      callTool: async ({ name, arguments: input }: { name: string; arguments?: Record<string, unknown> }) =>
        name === "add"
          ? { content: [{ type: "text", text: String(Number(input?.a) + 1) }] }
          : { isError: true, content: [{ type: "text", text: "No." }] },
    };
    const [add, fail] = await mcpTools(client);
    expect(await add?.answer(called("add", { a: 1 }), undefined)).toMatchObject({ content: [{ text: "2" }] });
    expect(fail?.name).toBe("fail_always_so");
    expect(await fail?.answer(called("fail_always_so", {}), undefined)).toMatchObject({
      isError: true,
      content: [{ text: "Error: No." }],
    });
    expect(jsonSchema({ type: "object" })["~standard"].vendor).toBe("drizzle-rag");
  });
});
