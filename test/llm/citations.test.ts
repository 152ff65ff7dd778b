// Sources in, checked citations out, on every kind of provider, streamed and not.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { anthropic } from "../../src/llm/anthropic.ts";
import { call } from "../../src/llm/call.ts";
import type { Model } from "../../src/llm/model.ts";
import { openai, openaiChat } from "../../src/llm/openai.ts";
import type { CallEvent, CallStream } from "../../src/llm/stream.ts";
import { type Loopback, loopback } from "../helpers/loopback.ts";
import { anthropicProtocol, chatProtocol, type Protocol, responsesProtocol } from "../helpers/loopback-protocols.ts";
import { fake } from "./fake.ts";

let server: Loopback;
beforeAll(async () => {
  server = await loopback();
});
afterAll(() => server.close());

const hits = [
  {
    id: 1,
    text: "# Refunds\n\nRefunds take five days. They go to the card that paid.",
    title: "Refunds",
    source: "refunds.md",
    start: 100,
  },
  { id: 2, text: "Shipping is free.\nReturns cost  “three”\neuros.", score: 0.5 },
  { id: 3, text: "Nothing here." },
];

async function collect(stream: CallStream<(typeof hits)[number]>) {
  const events: CallEvent<(typeof hits)[number]>[] = [];
  for await (const event of stream) events.push(event);
  return events;
}

describe.each<{ protocol: Protocol; model: () => Model }>([
  { protocol: responsesProtocol, model: () => openai({ apiKey: "k", baseURL: `${server.url}/v1` })("m") },
  { protocol: chatProtocol, model: () => openaiChat({ apiKey: "k", baseURL: `${server.url}/v1` })("m") },
])("numbered: $protocol.name", ({ protocol, model }) => {
  const said = {
    text: [
      "Refunds take five days [1 ",
      '"take five',
      ' days"]. Returns cost three euros [2: "cost “three” euros',
      '"]. Also [1]',
      "[2] x [7].",
    ],
  };

  it("sends the sources fenced before the question and asks for quotes", async () => {
    server.reply({ json: protocol.json(said) });
    await call({ model: model(), system: "Be brief." }, (q: string) => ({ messages: q, sources: hits }))("How long?");
    const sent = JSON.stringify(server.requests[0]!.body);
    expect(sent).toMatch(/<source-[0-9a-f]{8} n=\\"1\\" title=\\"Refunds\\" from=\\"refunds.md\\">\\n# Refunds/);
    expect(sent.indexOf("How long?")).toBeGreaterThan(sent.indexOf("Nothing here."));
    expect(sent).toContain("Be brief.\\n\\nThe user's message begins with numbered sources");
  });

  it.each([1, 7, 4096])("reads and checks the marks, streamed in pieces of %i too", async (pieces) => {
    server.reply({ json: protocol.json(said) }, { sse: protocol.events(said), pieces });
    const ask = call({ model: model() }, () => ({ messages: "?", sources: hits }));
    const answer = await ask();
    expect(answer.text).toBe("Refunds take five days [1]. Returns cost three euros [2]. Also [1][2] x [7].");
    expect(
      answer.citations.map(({ source, quote, verified, textRange }) => [
        source.id,
        quote,
        verified,
        answer.text.slice(textRange.start, textRange.end),
      ]),
    ).toEqual([
      [1, "take five days", "exact", "Refunds take five days"],
      [2, "cost  “three”\neuros", "normalised", "Returns cost three euros"],
      [1, "", "none", "Also"],
      [2, "", "none", "Also"],
    ]);
    const [first, second] = answer.citations;
    expect(first!.source).toBe(hits[0]);
    expect(hits[0]!.text.slice(first!.sourceRange!.start, first!.sourceRange!.end)).toBe(first!.quote);
    expect(first!.documentRange).toEqual({ start: 100 + first!.sourceRange!.start, end: 100 + first!.sourceRange!.end });
    expect(second!.documentRange).toBeUndefined();

    const events = await collect(ask.stream());
    expect(events.flatMap((event) => (event.type === "text" ? event.text : [])).join("")).toBe(answer.text);
    expect(events.flatMap((event) => (event.type === "citation" ? event.citation : []))).toEqual(answer.citations);
    const last = events.at(-1)!;
    const { raw: _, steps: __, ...whole } = answer;
    expect(last).toMatchObject({ type: "finish", response: whole });
    const firstCitation = events.findIndex(({ type }) => type === "citation");
    const textBefore = events.slice(0, firstCitation).flatMap((event) => (event.type === "text" ? event.text : []));
    expect(textBefore.join("")).toBe("Refunds take five days [1]");
  });
});

describe("native: anthropic", () => {
  const said = {
    text: ["Refunds take ", "five days"],
    citations: [
      { source: 0, from: 1, to: 2, quote: "Refunds take five days. " },
      { source: 1, from: 5, to: 9, quote: "Returns cost nothing." },
    ],
  };

  it("sends sources as search results, and skips a blank one without moving the others", async () => {
    server.reply({
      json: anthropicProtocol.json({ text: ["ok"], citations: [{ source: 1, from: 0, to: 1, quote: "Shipping is free.\n" }] }),
    });
    const sources = [hits[0]!, { id: 9, text: " \n" }, hits[1]!];
    const answer = await call({ model: anthropic({ apiKey: "k", baseURL: server.url })("m") }, () => ({
      messages: "How?",
      sources,
    }))();
    expect(server.requests[0]!.body).toEqual({
      model: "m",
      max_tokens: 16_384,
      messages: [
        {
          role: "user",
          content: [
            {
              type: "search_result",
              source: "refunds.md",
              title: "Refunds",
              citations: { enabled: true },
              content: [
                { type: "text", text: "# Refunds\n\n" },
                { type: "text", text: "Refunds take five days. " },
                { type: "text", text: "They go to the card that paid." },
              ],
            },
            {
              type: "search_result",
              source: "source 3",
              title: "source 3",
              citations: { enabled: true },
              content: [
                { type: "text", text: "Shipping is free.\n" },
                { type: "text", text: "Returns cost  “three”\neuros." },
              ],
            },
            { type: "text", text: "How?" },
          ],
        },
      ],
    });
    expect(answer.citations).toMatchObject([{ index: 2, verified: "exact", quote: "Shipping is free." }]);
    expect(answer.citations[0]!.source).toBe(hits[1]);
  });

  it.each([1, 4096])("checks what it cites, streamed in pieces of %i too", async (pieces) => {
    server.reply({ json: anthropicProtocol.json(said) }, { sse: anthropicProtocol.events(said), pieces });
    const ask = call({ model: anthropic({ apiKey: "k", baseURL: server.url })("m") }, () => ({ messages: "?", sources: hits }));
    const answer = await ask();
    expect(answer.citations).toEqual([
      {
        source: hits[0],
        index: 0,
        quote: "Refunds take five days.",
        verified: "exact",
        textRange: { start: 0, end: 22 },
        sourceRange: { start: 11, end: 34 },
        documentRange: { start: 111, end: 134 },
      },
      { source: hits[1], index: 1, quote: "Returns cost nothing.", verified: "none", textRange: { start: 0, end: 22 } },
    ]);
    const events = await collect(ask.stream());
    expect(events.flatMap((event) => (event.type === "citation" ? event.citation : []))).toEqual(answer.citations);
    const { raw: _, steps: __, ...whole } = answer;
    expect(events.at(-1)).toMatchObject({ type: "finish", response: whole });
  });
});

describe("in a conversation", () => {
  it("marks of earlier answers are taken out, since they count other sources", async () => {
    const first = fake('Five days [1 "take five days"]. See `a[1]`.');
    const answer = await call({ model: first }, () => ({ messages: "How long?", sources: hits }))();
    const history = JSON.parse(JSON.stringify(answer.messages));
    expect(history[1].content[0]).toEqual({
      type: "text",
      text: "Five days [1]. See `a[1]`.",
      citations: [{ index: 0, quote: "take five days" }],
    });
    const second = fake("ok");
    await call({ model: second }, () => ({ messages: [...history, { role: "user", content: "And?" }], sources: [hits[2]!] }))();
    const sent = second.requests[0]!.messages;
    expect(sent[1]!.content).toEqual([{ type: "text", text: "Five days. See `a[1]`." }]);
    expect(sent[0]!.content).toHaveLength(1);
    expect(sent[2]!.content).toHaveLength(2);
  });

  it("an empty list of sources is told to the model; none at all changes nothing", async () => {
    const model = fake("It is so [1].");
    const empty = await call({ model }, () => ({ messages: "Q", sources: [] }))();
    expect(model.requests[0]!.messages[0]!.content).toMatchObject([
      { text: "(No sources were found for this message.)" },
      { text: "Q" },
    ]);
    expect(empty).toMatchObject({ text: "It is so [1].", citations: [] });
    await call({ model }, () => "Q")();
    expect(model.requests[1]!.messages[0]!.content).toEqual([{ type: "text", text: "Q" }]);
    expect(model.requests[1]!.system).toBeUndefined();
  });
});
