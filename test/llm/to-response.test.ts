// Streams as HTTP responses: what a browser gets, and what happens when it goes away.
import { expect, it } from "vitest";
import { z } from "zod";
import { RateLimitError } from "../../src/errors.ts";
import { call } from "../../src/llm/call.ts";
import type { Model } from "../../src/llm/model.ts";
import type { ToResponseOptions } from "../../src/llm/to-response.ts";
import { tool } from "../../src/llm/tool.ts";
import { fake } from "./fake.ts";

const sources = [
  { text: "Tea is brewed.", title: "Tea", source: "https://tea.example/brew", secret: "row" },
  { text: "Coffee is roasted.", source: "coffee.md" },
];
const answered = fake([
  { type: "reasoning", text: "hm\nhm" },
  {
    type: "text",
    text: 'Tea is brewed [1: "Tea is brewed."]. Coffee too [2: "Coffee is roasted."]. Tea [1: "brewed"].\n\ndata: no event',
  },
]);
const stream = (model: Model) => call({ model }, (question: string) => ({ messages: question, sources })).stream("well?");

interface Event {
  event: string | undefined;
  data: string;
}

/** Reads server-sent events as a browser does. */
async function read(response: Response): Promise<Event[]> {
  return (await response.text())
    .split("\n\n")
    .filter((block) => block !== "")
    .map((block) => {
      const lines = block.split("\n");
      const field = (name: string) => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
      expect(lines.every((line) => /^(event|data): /.test(line))).toBe(true);
      return { event: field("event"), data: field("data") ?? "" };
    });
}

it("sends our own events, named by their type, without the user's rows", async () => {
  const response = stream(answered).toResponse({ headers: { "x-mine": "1", "cache-control": "no-store" } });
  expect(response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
  expect(response.headers.get("x-mine")).toBe("1");
  expect(response.headers.get("cache-control")).toBe("no-store");
  const events = await read(response);
  const plain = await stream(answered).response();
  const of = (type: string) => events.filter(({ event }) => event === type).map(({ data }) => JSON.parse(data));
  expect(
    of("text")
      .map(({ text }) => text)
      .join(""),
  ).toBe(plain.text);
  expect(
    of("reasoning")
      .map(({ text }) => text)
      .join(""),
  ).toBe("hm\nhm");
  expect(of("citation")).toHaveLength(3);
  expect(of("citation")[0]).toMatchObject({ index: 0, quote: "Tea is brewed.", verified: "exact", source: { title: "Tea" } });
  expect(of("finish")).toEqual([
    expect.objectContaining({ text: plain.text, finishReason: "stop", usage: plain.usage, model: plain.model }),
  ]);
  expect(events.at(-1)?.event).toBe("finish");
  expect(JSON.stringify(events)).not.toContain("row");
});

it("speaks the protocol of existing chat front ends", async () => {
  const response = stream(answered).toResponse({ format: "ui" });
  expect(response.headers.get("x-vercel-ai-ui-message-stream")).toBe("v1");
  const events = await read(response);
  expect(events.pop()?.data).toBe("[DONE]");
  const parts = events.map(({ data }) => JSON.parse(data) as { type: string; id?: string; delta?: string });
  expect(parts.slice(0, 2)).toEqual([{ type: "start", messageId: expect.any(String) }, { type: "start-step" }]);
  expect(parts.slice(-2)).toMatchObject([{ type: "finish-step" }, { type: "finish", messageMetadata: { finishReason: "stop" } }]);
  // Every delta lies between the start and the end of its id, and each id is opened once.
  const open = new Set<string>();
  const used = new Set<string>();
  for (const { type, id = "" } of parts) {
    if (/^(text|reasoning)-start$/.test(type)) {
      expect(used.has(id)).toBe(false);
      used.add(id);
      open.add(id);
    }
    if (/-delta$/.test(type)) expect(open.has(id)).toBe(true);
    if (/^(text|reasoning)-end$/.test(type)) expect(open.delete(id)).toBe(true);
  }
  expect(open.size).toBe(0);
  const text = parts
    .filter(({ type }) => type === "text-delta")
    .map(({ delta }) => delta)
    .join("");
  expect(text).toBe((await stream(answered).response()).text);
  expect(parts.filter(({ type }) => type.startsWith("source"))).toEqual([
    { type: "source-url", sourceId: "0", url: "https://tea.example/brew", title: "Tea" },
    { type: "source-document", sourceId: "1", mediaType: "text/plain", title: "coffee.md", filename: "coffee.md" },
  ]);
  expect(parts.filter(({ type }) => type === "data-citation")).toHaveLength(3);
});

it("gives each step of a call with tools its own, and what a tool gave as a value", async () => {
  const models = [
    fake([
      { type: "text", text: "Let me look." },
      { type: "tool-call", id: "1", name: "look", input: {} },
    ]),
    fake("Three."),
  ];
  let asked = 0;
  const model: Model = { ...(models[0] as Model), stream: (...args) => (models[asked++] as Model).stream(...args) };
  const look = tool({ name: "look", run: () => ({ copies: 3 }) });
  const response = call({ model, tools: [look], maxSteps: 2 }, () => "?")
    .stream()
    .toResponse({ format: "ui" });
  const parts = (await read(response)).slice(0, -1).map(({ data }) => JSON.parse(data) as { type: string; output?: unknown });
  const types = parts.map(({ type }) => type).filter((type, i, all) => type !== all[i - 1]);
  expect(types).toEqual(
    "start start-step text-start text-delta text-end tool-input-start tool-input-delta tool-input-available tool-output-available finish-step start-step text-start text-delta text-end finish-step finish".split(
      " ",
    ),
  );
  expect(parts.find(({ type }) => type === "tool-output-available")?.output).toEqual({ copies: 3 });
});

for (const format of ["events", "ui"] satisfies ToResponseOptions["format"][]) {
  it(`sends a growing output in linear size, and all of it (${format})`, async () => {
    const size = async (items: number) => {
      const list = Array.from({ length: items }, (_, i) => `item ${1000 + i}`);
      const stream = call({ model: fake(JSON.stringify({ list })), output: z.object({ list: z.array(z.string()) }) }, () => "?");
      const events = await read(stream.stream().toResponse({ format }));
      const outputs = events.filter(({ event, data }) => event === "output" || data.includes('"data-output"'));
      expect(outputs.length).toBeGreaterThan(20);
      const last = JSON.parse(outputs.at(-1)?.data ?? "") as { output?: unknown; data?: unknown };
      expect(last.output ?? last.data).toEqual({ list });
      return outputs.reduce((sum, { data }) => sum + data.length, 0);
    };
    expect((await size(800)) / (await size(200))).toBeLessThan(6);
  });
}

it("tells of an error in the last event, in words that give nothing away", async () => {
  const failing: Model = {
    ...fake("x"),
    async *stream() {
      yield { type: "text", text: "so far" };
      throw new RateLimitError("key sk-123 at host internal is limited", { provider: "fake" });
    },
  };
  const own = await read(stream(failing).toResponse());
  expect(own.map(({ event }) => event)).toEqual(["text", "error"]);
  expect(JSON.parse(own[1]?.data ?? "")).toEqual({
    message: "The answer could not be completed.",
    name: "RateLimitError",
    retryable: true,
  });
  const ui = await read(stream(failing).toResponse({ format: "ui", onError: () => "Please wait." }));
  expect(ui.slice(-3).map(({ data }) => data)).toEqual([
    '{"type":"text-end","id":"0"}',
    '{"type":"error","errorText":"Please wait."}',
    "[DONE]",
  ]);
});

for (const format of ["events", "ui"] satisfies ToResponseOptions["format"][]) {
  it(`asks when it is read, no faster than it is read, and stops when the reader goes away (${format})`, async () => {
    let given = 0;
    let closed = false;
    const endless: Model = {
      ...fake("x"),
      async *stream() {
        try {
          for (;;) {
            given++;
            yield { type: "text", text: "more " };
          }
        } finally {
          closed = true;
        }
      },
    };
    const response = stream(endless).toResponse({ format });
    expect(given).toBe(0);
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    for (let i = 0; i < 5; i++) await reader.read();
    expect(given).toBeLessThan(12);
    await reader.cancel();
    expect(closed).toBe(true);
  });
}
