// Servers that speak Chat Completions in their own way: tool calls that all bear one number, reasoning in blocks, content in parts.
import { expect, it } from "vitest";
import type { ModelResponse } from "../../src/llm/model.ts";
import { openaiChat } from "../../src/llm/openai.ts";
import { chatDecoder, decodeChat, encodeChat } from "../../src/llm/openai-chat.ts";
import { checkModel } from "../../src/testing/model.ts";

const place = { provider: "router", model: "m" };
// biome-ignore lint/suspicious/noExplicitAny: servers send what the SDK's types do not know.
type Loose = any;
const head = { id: "c", created: 1, model: "m" };

function streamed(deltas: Loose[], finish_reason = "stop"): { response: ModelResponse; events: Loose[] } {
  const decoder = chatDecoder(place, () => undefined);
  const chunks = [
    ...deltas.map((delta) => ({ ...head, choices: [{ index: 0, delta, finish_reason: null }] })),
    { ...head, choices: [{ index: 0, delta: {}, finish_reason }] },
  ];
  const events = [...chunks.flatMap((chunk) => decoder.push(structuredClone(chunk) as Loose)), ...(decoder.end?.() ?? [])];
  return { response: (events.at(-1) as Loose).response, events };
}
const whole = (message: Loose, finish_reason = "stop") =>
  decodeChat({ ...head, object: "chat.completion", choices: [{ index: 0, finish_reason, message }] } as Loose, place);
const call = (index: number | undefined, id: string | undefined, name: string | undefined, args: string) => ({
  ...(index !== undefined && { index }),
  ...(id !== undefined && { id }),
  type: "function",
  function: { ...(name !== undefined && { name }), arguments: args },
});
const calls = ({ content }: ModelResponse) =>
  content.flatMap((part) => (part.type === "tool-call" ? [[part.name, part.input]] : []));

it.each([
  ["numbered", [call(0, "a", "one", '{"n"'), call(0, undefined, undefined, ":1}"), call(1, "b", "two", "{}")]],
  ["in turns", [call(0, "a", "one", '{"n"'), call(1, "b", "two", "{}"), call(0, undefined, undefined, ":1}")]],
  ["all of them 0", [call(0, "a", "one", '{"n":1}'), call(0, "b", "two", "{}")]],
  ["not numbered", [call(undefined, "a", "one", '{"n":1}'), call(undefined, "b", "two", "{}")]],
  [
    "with an id of its own for each piece",
    [call(0, "a", "one", '{"n"'), call(0, "z", undefined, ":1}"), call(1, "b", "two", "{}")],
  ],
])("tells tool calls apart that come %s", (_, pieces) => {
  const { response, events } = streamed(
    pieces.map((piece) => ({ tool_calls: [piece] })),
    "tool_calls",
  );
  expect(calls(response)).toEqual([
    ["one", { n: 1 }],
    ["two", {}],
  ]);
  const started = events.filter(({ type }) => type === "tool-call-start").map(({ id }) => id);
  expect(started).toEqual(["a", "b"]);
  expect(events.flatMap((event) => (event.type === "tool-call" ? event.call.id : []))).toEqual(started);
});

it("gives a call without an id one, by which its result is known", () => {
  const plain = whole({ content: null, tool_calls: [call(undefined, "", "one", "{}")] }, "tool_calls");
  const { response } = streamed([{ tool_calls: [call(0, "", "one", "{}")] }], "tool_calls");
  for (const { content } of [plain, response]) {
    const [made] = content;
    if (made?.type !== "tool-call") throw new Error("no call");
    expect(made.id).toMatch(/^call_/);
    const result = { type: "tool-result" as const, id: made.id, name: "one", content: [] };
    const { messages } = encodeChat(
      "m",
      {
        messages: [
          { role: "user", content: [{ type: "text", text: "?" }] },
          { role: "assistant", content, model: "router/m" },
          { role: "user", content: [result] },
        ],
        params: {},
      },
      "max_tokens",
      "router",
    );
    expect(messages).toMatchObject([{}, { tool_calls: [{ id: made.id }] }, { role: "tool", tool_call_id: made.id }]);
  }
});

const details = [
  { type: "reasoning.text", text: "hm, ", signature: "sig", format: "anthropic-claude-v1", index: 0 },
  { type: "reasoning.encrypted", data: "xyz", format: "anthropic-claude-v1", index: 0 },
];
const again = (content: Loose, provider: string) =>
  (
    encodeChat(
      "m",
      {
        messages: [
          { role: "user", content: [{ type: "text", text: "?" }] },
          { role: "assistant", content, model: "router/m" },
        ],
        params: {},
      },
      "max_tokens",
      provider,
    ).messages as Loose[]
  )[1];

it("keeps signed reasoning across turns, streamed or not, for the server that wrote it", () => {
  const plain = whole({ content: "Yes.", reasoning: "hm, ", reasoning_details: details });
  const { response } = streamed([
    { reasoning: "hm", reasoning_details: [{ type: "reasoning.text", text: "hm", format: "anthropic-claude-v1", index: 0 }] },
    { reasoning: ", ", reasoning_details: [{ type: "reasoning.text", text: ", ", format: "anthropic-claude-v1", index: 0 }] },
    { reasoning_details: [{ type: "reasoning.text", signature: "sig", format: "anthropic-claude-v1", index: 0 }] },
    { reasoning_details: [details[1]] },
    { content: "Yes." },
  ]);
  expect(response.content).toEqual(plain.content);
  expect(plain.content[0]).toEqual({ type: "reasoning", text: "hm, ", raw: { reasoning_details: details } });
  const kept = JSON.parse(JSON.stringify(plain.content));
  expect(again(kept, "router").reasoning_details).toEqual(details);
  const stored = whole({
    content: "Yes.",
    reasoning_details: [{ type: "reasoning.encrypted", data: "x", id: "rs_1", index: 0 }],
  });
  expect(again(stored.content, "router").reasoning_details).toEqual([{ type: "reasoning.encrypted", data: "x", index: 0 }]);
  expect(again(kept, "groq")).toEqual({ role: "assistant", content: "Yes." });
});

it("sends what was thought back where it led to a tool, as such servers ask, and nowhere else", () => {
  const used = whole({ content: null, reasoning_content: "hm", tool_calls: [call(undefined, "a", "one", "{}")] }, "tool_calls");
  expect(again(used.content, "router")).toMatchObject({ reasoning_content: "hm", tool_calls: [{ id: "a" }] });
  const said = whole({ content: "Yes.", reasoning_content: "hm" });
  expect(again(said.content, "router")).toEqual({ role: "assistant", content: "Yes." });
});

it("gives Mistral ids of calls that it takes, the same for a call and its result", () => {
  const messages = [
    {
      role: "assistant" as const,
      model: "anthropic/claude",
      content: [
        { type: "tool-call" as const, id: "toolu_01ABC", name: "x", input: {} },
        { type: "tool-call" as const, id: "aB3dE6gH9", name: "x", input: {} },
      ],
    },
    {
      role: "user" as const,
      content: ["toolu_01ABC", "aB3dE6gH9"].map((id) => ({ type: "tool-result" as const, id, name: "x", content: [] })),
    },
  ];
  const [turn, ...results] = encodeChat("m", { messages, params: {} }, "max_tokens", "mistral").messages as Loose[];
  const ids = turn.tool_calls.map(({ id }: Loose) => id);
  for (const id of ids) expect(id).toMatch(/^[a-zA-Z0-9]{9}$/);
  expect(ids[1]).toBe("aB3dE6gH9");
  expect(results.map(({ tool_call_id }) => tool_call_id)).toEqual(ids);
});

it("counts reasoning as output where the server counts it in the total alone", () => {
  const used = (usage: Loose) =>
    decodeChat(
      {
        ...head,
        object: "chat.completion",
        choices: [{ index: 0, finish_reason: "stop", message: { content: "x" } }],
        usage,
      } as Loose,
      place,
    ).usage;
  const xai = { prompt_tokens: 32, completion_tokens: 9, total_tokens: 135, completion_tokens_details: { reasoning_tokens: 94 } };
  expect(used(xai)).toMatchObject({ inputTokens: 32, outputTokens: 103, reasoningTokens: 94 });
  expect(used({ prompt_tokens: 32, completion_tokens: 9, total_tokens: 135 })).toMatchObject({ outputTokens: 103 });
  const openai = { ...xai, completion_tokens: 103 };
  expect(used(openai)).toMatchObject({ outputTokens: 103, reasoningTokens: 94 });
  expect(used({ prompt_tokens: 3, completion_tokens: 4 })).toEqual({ inputTokens: 3, outputTokens: 4 });
});

it("reads what Mistral thinks from the parts of its content", () => {
  const thinking = (text: string) => ({ type: "thinking", thinking: [{ type: "text", text }] });
  const plain = whole({ content: [thinking("hm"), { type: "text", text: "Yes." }] });
  const { response, events } = streamed([
    { content: "" },
    { content: [thinking("h")] },
    { content: [thinking("m")] },
    { content: "Yes." },
  ]);
  for (const { content } of [plain, response])
    expect(content).toEqual([
      { type: "reasoning", text: "hm" },
      { type: "text", text: "Yes." },
    ]);
  expect(events.filter(({ type }) => type === "reasoning").map(({ text }) => text)).toEqual(["h", "m"]);
});

it("keeps the interface with all of that", async () => {
  const message = { role: "assistant", content: "Yes.", reasoning: "hm", reasoning_details: [details[0]] };
  const body = { ...head, object: "chat.completion", choices: [{ index: 0, finish_reason: "stop", message }] };
  const events = [
    { ...head, choices: [{ index: 0, delta: message, finish_reason: null }] },
    { ...head, choices: [{ index: 0, delta: {}, finish_reason: "stop" }] },
  ].map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`);
  const model = openaiChat({
    apiKey: "k",
    fetch: async (_, init) =>
      String(init?.body).includes('"stream":true')
        ? new Response(`${events.join("")}data: [DONE]\n\n`, { headers: { "content-type": "text/event-stream" } })
        : Response.json(body),
  })("m");
  expect(await checkModel(model)).toEqual([]);
});
