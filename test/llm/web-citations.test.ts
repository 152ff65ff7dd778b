// Pages that a provider found on the web by itself: the same from a plain call and a stream, kept in `messages`, and shown to front ends.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { anthropic } from "../../src/llm/anthropic.ts";
import { call } from "../../src/llm/call.ts";
import { openai, openaiChat } from "../../src/llm/openai.ts";
import type { CallEvent } from "../../src/llm/stream.ts";
import { memoryCache, withCache } from "../../src/llm/wrappers/cache.ts";
import { type Loopback, loopback, sse } from "../helpers/loopback.ts";
import { fake } from "./fake.ts";

let server: Loopback;
beforeAll(async () => {
  server = await loopback();
});
afterAll(() => server.close());

const link = "([example.org](https://example.org/tea))";
const text = `Tea 🍵 is green ${link}.`;
const page = { url: "https://example.org/tea", title: "Tea" };
// The API counts characters; the cup is one of them and two UTF-16 units.
const start = [...text].indexOf("(");
const annotation = { type: "url_citation", ...page, start_index: start, end_index: start + link.length };

const responsesBody = {
  id: "resp_1",
  object: "response",
  model: "gpt-test-1",
  status: "completed",
  error: null,
  incomplete_details: null,
  output: [
    { id: "ws_1", type: "web_search_call", status: "completed", action: { type: "search", query: "tea" } },
    {
      id: "msg_1",
      type: "message",
      role: "assistant",
      status: "completed",
      content: [{ type: "output_text", text, annotations: [annotation, { type: "file_citation", file_id: "f", index: 0 }] }],
    },
  ],
};
const responsesEvents = [
  { type: "response.created", response: { ...responsesBody, status: "in_progress", output: [] } },
  { type: "response.output_text.delta", delta: text.slice(0, 9), item_id: "msg_1" },
  { type: "response.output_text.delta", delta: text.slice(9), item_id: "msg_1" },
  { type: "response.output_text.annotation.added", annotation, annotation_index: 0, item_id: "msg_1" },
  { type: "response.output_text.done", text, item_id: "msg_1" },
  { type: "response.completed", response: responsesBody },
].map((event, sequence_number) => sse({ ...event, sequence_number }, event.type));

const { type: _, ...url_citation } = annotation;
const head = { id: "c", created: 1, model: "gpt-test-1" };
const chatBody = {
  ...head,
  object: "chat.completion",
  choices: [
    {
      index: 0,
      finish_reason: "stop",
      logprobs: null,
      message: { role: "assistant", content: text, refusal: null, annotations: [{ type: "url_citation", url_citation }] },
    },
  ],
};
const chatChunk = (delta: object, finish_reason: string | null = null) =>
  sse({ ...head, object: "chat.completion.chunk", choices: [{ index: 0, delta, finish_reason }] });
const chatEvents = [
  chatChunk({ role: "assistant", content: text.slice(0, 9) }),
  chatChunk({ content: text.slice(9) }),
  chatChunk({ annotations: [{ type: "url_citation", url_citation }] }),
  chatChunk({}, "stop"),
  sse("[DONE]"),
];

const found = {
  type: "web_search_result_location",
  cited_text: "Tea is a plant.",
  url: page.url,
  title: "Tea",
  encrypted_index: "e",
};
const anthropicBody = {
  id: "msg_1",
  type: "message",
  role: "assistant",
  model: "claude-test-1",
  content: [
    { type: "text", text: "So: ", citations: null },
    { type: "text", text: "tea is a plant", citations: [found] },
    { type: "text", text: ".", citations: null },
  ],
  stop_reason: "end_turn",
  stop_sequence: null,
  usage: { input_tokens: 1, output_tokens: 1 },
};
const anthropicEvents = [
  { type: "message_start", message: { ...anthropicBody, content: [], stop_reason: null } },
  ...anthropicBody.content.flatMap((block, index) => [
    { type: "content_block_start", index, content_block: { type: "text", text: "" } },
    { type: "content_block_delta", index, delta: { type: "text_delta", text: block.text } },
    ...(block.citations ?? []).map((citation) => ({
      type: "content_block_delta",
      index,
      delta: { type: "citations_delta", citation },
    })),
    { type: "content_block_stop", index },
  ]),
  { type: "message_delta", delta: { stop_reason: "end_turn", stop_sequence: null }, usage: { output_tokens: 1 } },
  { type: "message_stop" },
].map((event) => sse(event, event.type));

async function events(stream: AsyncIterable<CallEvent>): Promise<CallEvent[]> {
  const all: CallEvent[] = [];
  for await (const event of stream) all.push(event);
  return all;
}

describe.each([
  {
    name: "openai",
    model: () => openai({ apiKey: "k", baseURL: `${server.url}/v1`, maxRetries: 0 })("gpt-test"),
    body: responsesBody,
    stream: responsesEvents,
    expected: { ...page, claim: link },
  },
  {
    name: "openai-chat",
    model: () => openaiChat({ apiKey: "k", baseURL: `${server.url}/v1`, maxRetries: 0 })("gpt-test"),
    body: chatBody,
    stream: chatEvents,
    expected: { ...page, claim: link },
  },
  {
    name: "anthropic",
    model: () => anthropic({ apiKey: "k", baseURL: server.url, maxRetries: 0 })("claude-test"),
    body: anthropicBody,
    stream: anthropicEvents,
    expected: { ...page, quote: "Tea is a plant.", claim: "tea is a plant" },
  },
])("$name", ({ model, body, stream, expected }) => {
  it("ties the pages to the text, streamed and not", async () => {
    const ask = call({ model: model() }, () => "Tea?");
    server.reply({ json: body }, { sse: stream });
    const plain = await ask();
    const shown = plain.webCitations.map(({ textRange, ...rest }) => ({
      ...rest,
      claim: plain.text.slice(textRange.start, textRange.end),
    }));
    expect(shown).toEqual([expected]);
    expect(plain.citations).toEqual([]);
    const answer = ask.stream();
    const told = (await events(answer)).flatMap((event) => (event.type === "web-citation" ? [event.citation] : []));
    expect(told).toEqual(plain.webCitations);
    expect((await answer.response()).webCitations).toEqual(plain.webCitations);
    expect((await answer.response()).content).toEqual(plain.content);
  });

  it("keeps them in messages through JSON", async () => {
    server.reply({ json: body });
    const first = await call({ model: model() }, () => "Tea?")();
    const kept = JSON.parse(JSON.stringify(first.messages)) as typeof first.messages;
    await call({ model: model() }, () => [...kept, { role: "user" as const, content: "And coffee?" }])();
    const again = JSON.stringify(server.requests[1]?.body);
    // Anthropic reads again what it had read; OpenAI takes no notes on an answer that it was given.
    expect(again.includes("encrypted_index")).toBe(body === anthropicBody);
    expect(again).not.toContain("webCitations");
    // Another provider gets the words alone.
    const other = openai({ apiKey: "k" })("x").encode?.({ messages: kept, params: {} });
    expect(JSON.stringify(other)).not.toContain("encrypted_index");
  });

  it("comes out of a cache as it went in", async () => {
    const ask = call({ model: withCache(model(), memoryCache()) }, () => "Tea?");
    server.reply({ json: body });
    const first = await ask();
    const told = (await events(ask.stream())).flatMap((event) => (event.type === "web-citation" ? [event.citation] : []));
    expect(told).toEqual(first.webCitations);
    expect(server.requests).toHaveLength(1);
  });
});

describe("beside the call's own sources", () => {
  const model = () => {
    const written = 'Tea is green [1 "Tea is green"]. See the page.';
    const at = written.indexOf("the page");
    return fake([
      { type: "text", text: "Well. " },
      { type: "text", text: written, webCitations: [{ ...page, range: { start: at, end: at + 8 } }] },
    ]);
  };
  // The double tells of sources alone.
  const telling = () => {
    const inner = model();
    return {
      ...inner,
      async *stream(...args: Parameters<typeof inner.stream>) {
        let part = 0;
        for await (const event of inner.stream(...args)) {
          if (event.type === "text-end" && part++ === 1) {
            const at = 'Tea is green [1 "Tea is green"]. See the page.'.indexOf("the page");
            yield { type: "web-citation" as const, citation: { ...page, range: { start: at, end: at + 8 } } };
          }
          yield event;
        }
      },
    };
  };

  it("stand where they stood once the quotes are out of the text", async () => {
    const ask = call({ model: telling() }, () => ({ messages: "?", sources: [{ text: "Tea is green." }] }));
    const { text: clean, webCitations, citations, content } = await ask();
    expect(clean).toBe("Well. Tea is green [1]. See the page.");
    expect(citations).toHaveLength(1);
    expect(webCitations.map(({ textRange: { start, end } }) => clean.slice(start, end))).toEqual(["the page"]);
    const told = (await events(ask.stream())).flatMap((event) => (event.type === "web-citation" ? [event.citation] : []));
    expect(told).toEqual(webCitations);
    // A second reading, of what was kept, says the same.
    expect(content[0]).toMatchObject({ webCitations: [{ range: webCitations[0]?.textRange }] });
  });

  it("reach front ends, each page once", async () => {
    const twice = fake([{ type: "text", text: "Tea.", webCitations: [page] }]);
    const stream = (format: "ui" | "events") =>
      call({ model: withCache(twice, memoryCache()) }, () => "?")
        .stream()
        .toResponse({ format })
        .text();
    // A cache tells a stream what a response holds.
    const cached = withCache(twice, memoryCache());
    await call({ model: cached }, () => "?")();
    const ui = await call({ model: cached }, () => "?")
      .stream()
      .toResponse({ format: "ui" })
      .text();
    expect(ui).toContain(
      `data: {"type":"source-url","sourceId":"https://example.org/tea","url":"https://example.org/tea","title":"Tea"}`,
    );
    expect(ui).toContain('"type":"data-web-citation"');
    expect(await stream("events")).toContain('"webCitations":[{"url":"https://example.org/tea"');
  });
});
