// A conversation with thinking, tools and media, kept as JSON and continued by each other provider: held against what each API demands.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { anthropic } from "../../src/llm/anthropic.ts";
import { call } from "../../src/llm/call.ts";
import type { Message, Model } from "../../src/llm/model.ts";
import { openai, openaiChat } from "../../src/llm/openai.ts";
import { tool } from "../../src/llm/tool.ts";
import { type Loopback, loopback } from "../helpers/loopback.ts";
import { anthropicProtocol, chatProtocol, type Protocol, responsesProtocol } from "../helpers/loopback-protocols.ts";

let server: Loopback;
beforeAll(async () => {
  server = await loopback();
});
afterAll(() => server.close());

// biome-ignore lint/suspicious/noExplicitAny: the body of a request, looked into.
type Loose = any;

const png = { data: "iVBORw0KGgo=", mediaType: "image/png" };
const photo = tool({ name: "photo", input: z.object({ of: z.string() }), run: () => [{ type: "image" as const, source: png }] });
const rules = tool({
  name: "rules",
  run: () => [
    { type: "text" as const, text: "See:" },
    { type: "document" as const, source: { text: "No dogs." }, title: "Rules" },
  ],
});
const broken = tool({
  name: "broken",
  run: () => {
    throw new RangeError("It broke.");
  },
});
const tools = [photo, rules, broken];

const apis: Record<string, { protocol: Protocol; model: () => Model; check: (body: Loose, isOwn: boolean) => void }> = {
  responses: {
    protocol: responsesProtocol,
    model: () => openai({ apiKey: "k", baseURL: `${server.url}/v1`, maxRetries: 0 })("m"),
    check({ input }, isOwn) {
      const ids = (type: string) => input.filter((item: Loose) => item.type === type).map((item: Loose) => item.call_id);
      expect(ids("function_call")).toEqual(["a", "b", "c"]);
      expect(ids("function_call_output")).toEqual(["a", "b", "c"]);
      const outputs = input.filter((item: Loose) => item.type === "function_call_output").map((item: Loose) => item.output);
      expect(outputs[0]).toMatchObject([{ type: "input_image", image_url: "data:image/png;base64,iVBORw0KGgo=" }]);
      expect(JSON.stringify(outputs[1])).toContain("No dogs.");
      expect(JSON.stringify(outputs[2])).toContain("It broke.");
      const thought = input.findIndex((item: Loose) => item.type === "reasoning");
      expect(thought !== -1).toBe(isOwn);
      // The API takes reasoning with the very items that followed it, and looks for it by the ids of calls.
      if (isOwn)
        expect(
          input
            .slice(thought)
            .map((item: Loose) => item.id)
            .slice(0, 3),
        ).toEqual(["rs_1", "msg_1", "fc_a"]);
      else expect(input.filter((item: Loose) => item.type === "function_call" && item.id)).toEqual([]);
    },
  },
  chat: {
    protocol: chatProtocol,
    model: () => openaiChat({ apiKey: "k", baseURL: `${server.url}/v1`, maxRetries: 0 })("m"),
    check({ messages }) {
      const at = messages.findIndex((turn: Loose) => turn.tool_calls);
      expect(messages[at].tool_calls.map((made: Loose) => made.id)).toEqual(["a", "b", "c"]);
      // Right behind it, one for each.
      expect(messages.slice(at + 1, at + 4).map((turn: Loose) => [turn.role, turn.tool_call_id])).toEqual([
        ["tool", "a"],
        ["tool", "b"],
        ["tool", "c"],
      ]);
      expect(messages.every((turn: Loose) => turn.content !== "" && (turn.content !== null || turn.tool_calls))).toBe(true);
      expect(messages[at + 3].content).toContain("It broke.");
      expect(JSON.stringify(messages[at + 4])).toMatch(/image_url.*No dogs/);
    },
  },
  anthropic: {
    protocol: anthropicProtocol,
    model: () => anthropic({ apiKey: "k", baseURL: server.url, maxRetries: 0 })("claude-sonnet-5-5"),
    check({ messages }, isOwn) {
      const at = messages.findIndex(
        ({ content }: Loose) => Array.isArray(content) && content.some((b: Loose) => b.type === "tool_use"),
      );
      const uses = messages[at].content.filter((block: Loose) => block.type === "tool_use");
      expect(uses.map((block: Loose) => [block.id, block.input])).toEqual([
        ["a", { of: "x" }],
        ["b", {}],
        ["c", {}],
      ]);
      const results = messages[at + 1].content.slice(0, 3);
      expect(results.map((block: Loose) => [block.type, block.tool_use_id, block.is_error])).toEqual([
        ["tool_result", "a", undefined],
        ["tool_result", "b", undefined],
        ["tool_result", "c", true],
      ]);
      expect(results[0].content).toMatchObject([{ type: "image", source: { media_type: "image/png" } }]);
      expect(results[1].content).toMatchObject([{ type: "text" }, { type: "document", title: "Rules" }]);
      expect(messages.map(({ role }: Loose) => role)).toEqual(["user", "assistant", "user", "assistant", "user"]);
      expect(JSON.stringify(messages).includes('"thinking"')).toBe(isOwn);
    },
  },
};

/** A question with an image, thinking, three calls, their results, an answer. */
async function conversation(from: string, streamed: boolean): Promise<Message[]> {
  const { protocol, model } = apis[from] as (typeof apis)[string];
  const said = {
    text: ["Let me look."],
    reasoning: "hm",
    calls: [
      { id: "a", name: "photo", input: { of: "x" } },
      { id: "b", name: "rules", input: {} },
      { id: "c", name: "broken", input: {} },
    ],
  };
  const end = { text: ["Here."] };
  server.reply(...[said, end].map((each) => (streamed ? { sse: protocol.events(each) } : { json: protocol.json(each) })));
  const ask = call({ model: model(), tools, maxSteps: 3 }, () => ({
    messages: [
      {
        role: "user" as const,
        content: [
          { type: "text" as const, text: "?" },
          { type: "image" as const, source: png },
        ],
      },
    ],
  }));
  const answer = streamed ? await ask.stream().response() : await ask();
  expect(answer.text).toBe("Here.");
  return JSON.parse(JSON.stringify(answer.messages)) as Message[];
}

const pairs = Object.keys(apis).flatMap((from) => Object.keys(apis).map((to) => ({ from, to })));

describe.each(pairs)("from $from to $to", ({ from, to }) => {
  it.each([false, true])("(streamed: %s)", async (streamed) => {
    const kept = await conversation(from, streamed);
    expect(kept.map(({ role }) => role)).toEqual(["user", "assistant", "user", "assistant"]);
    const { protocol, model, check } = apis[to] as (typeof apis)[string];
    server.reply({ json: protocol.json({ text: ["Yes."] }) });
    const ask = call({ model: model(), tools }, () => [...kept, { role: "user" as const, content: "And?" }]);
    expect((await ask()).text).toBe("Yes.");
    check(server.requests[0]?.body, from === to);
    expect(JSON.stringify(server.requests[0]?.body)).toContain("iVBORw0KGgo=");
  });
});

it("sends a call without the id of an item whose reasoning is gone, since the API would look for it", async () => {
  const kept = await conversation("responses", false);
  const turn = kept[1] as Extract<Message, { role: "assistant" }>;
  const { responses } = apis;
  // As a call with sources leaves it: the text is cleared of its marks, and no longer the item that it was.
  turn.content = turn.content.map((part) => (part.type === "text" ? { type: "text", text: part.text } : part));
  server.reply({ json: responsesProtocol.json({ text: ["Yes."] }) });
  await call({ model: (responses as (typeof apis)[string]).model(), tools }, () => [
    ...kept,
    { role: "user" as const, content: "And?" },
  ])();
  (responses as (typeof apis)[string]).check((server.requests[0] as Loose).body, false);
});

it("cuts nothing off where a question follows a turn with results and sources", async () => {
  const kept = await conversation("chat", false);
  server.reply({ json: anthropicProtocol.json({ text: ["Yes."] }) });
  const model = (apis.anthropic as (typeof apis)[string]).model();
  // The last turn is the results alone: sources go behind them.
  await call({ model, tools }, () => ({ messages: kept.slice(0, 3), sources: [{ text: "Tea." }] }))();
  const { messages } = (server.requests[0] as Loose).body;
  expect(messages.at(-1).content.map(({ type }: Loose) => type)).toEqual([
    "tool_result",
    "tool_result",
    "tool_result",
    "search_result",
  ]);
});
