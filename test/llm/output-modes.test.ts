// Structured output over every API, in every mode, through the real SDKs: what is sent, and that what fits it comes back as the value.
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { anthropic } from "../../src/llm/anthropic.ts";
import { call } from "../../src/llm/call.ts";
import type { Model } from "../../src/llm/model.ts";
import { openai, openaiChat } from "../../src/llm/openai.ts";
import type { Schema } from "../../src/llm/schema.ts";
import type { OutputMode } from "../../src/llm/settings.ts";
import { tool } from "../../src/llm/tool.ts";
import { type Loopback, loopback } from "../helpers/loopback.ts";
import { anthropicProtocol, chatProtocol, type Protocol, responsesProtocol, type Said } from "../helpers/loopback-protocols.ts";

let server: Loopback;
beforeAll(async () => {
  server = await loopback();
});
afterAll(() => server.close());

// biome-ignore lint/suspicious/noExplicitAny: the body of a request, looked into.
type Loose = any;

const apis: { protocol: Protocol; model: () => Model; sent: (body: Loose, mode: OutputMode) => Loose }[] = [
  {
    protocol: responsesProtocol,
    model: () => openai({ apiKey: "k", baseURL: `${server.url}/v1`, maxRetries: 0 })("gpt-test"),
    sent: (body, mode) => (mode === "native" ? body.text.format.schema : body.tools.at(-1).parameters),
  },
  {
    protocol: chatProtocol,
    model: () => openaiChat({ apiKey: "k", baseURL: `${server.url}/v1`, maxRetries: 0 })("gpt-test"),
    sent: (body, mode) => (mode === "native" ? body.response_format.json_schema.schema : body.tools.at(-1).function.parameters),
  },
  {
    protocol: anthropicProtocol,
    model: () => anthropic({ apiKey: "k", baseURL: server.url, maxRetries: 0 })("claude-test"),
    sent: (body, mode) => (mode === "native" ? body.output_config.format.schema : body.tools.at(-1).input_schema),
  },
];

interface Tree {
  name: string;
  children?: Tree[] | undefined;
}
const Tree: z.ZodType<Tree> = z.object({
  name: z.string(),
  get children() {
    return z.array(Tree).optional();
  },
});
const Either = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("word"), word: z.string() }),
  z.object({ kind: z.literal("number"), number: z.number().min(1).max(9), unit: z.string().optional() }),
]);

/** A schema, a value of it, and how a model that keeps to the strict schema writes it. */
const schemas: { name: string; schema: Schema; value: unknown; written: object }[] = [
  {
    name: "an object with members that may be left out",
    schema: z.object({ title: z.string(), year: z.int().optional(), tags: z.array(z.string()).optional() }),
    value: { title: "Emma", tags: ["a"] },
    written: { title: "Emma", year: null, tags: ["a"] },
  },
  {
    name: "a tree, which refers to itself",
    schema: Tree,
    value: { name: "a", children: [{ name: "b" }] },
    written: { name: "a", children: [{ name: "b", children: null }] },
  },
  {
    name: "a union",
    schema: Either,
    value: { kind: "number", number: 3 },
    written: { value: { kind: "number", number: 3, unit: null } },
  },
  {
    name: "a list of unions",
    schema: z.array(Either),
    value: [{ kind: "word", word: "w" }],
    written: { value: [{ kind: "word", word: "w" }] },
  },
  { name: "a word", schema: z.enum(["yes", "no"]), value: "yes", written: { value: "yes" } },
];

/** What providers refuse in strict mode. */
function faults(schema: Loose, root: Loose = schema, at = "#"): string[] {
  if (typeof schema !== "object" || schema === null) return [];
  if (Array.isArray(schema)) return schema.flatMap((each, i) => faults(each, root, `${at}/${i}`));
  const found: string[] = [];
  if (schema.type === "object") {
    if (schema.additionalProperties !== false) found.push(`${at}: open`);
    const names = Object.keys(schema.properties ?? {});
    if (names.some((name) => !schema.required?.includes(name))) found.push(`${at}: a member may be left out`);
  }
  for (const key of ["oneOf", "allOf", "default"]) if (key in schema && !at.endsWith("/properties")) found.push(`${at}: ${key}`);
  if (typeof schema.$ref === "string") {
    const target = schema.$ref
      .split("/")
      .slice(1)
      .reduce((found: Loose, step: string) => found?.[step], root);
    if (target === undefined) found.push(`${at}: ${schema.$ref} leads nowhere`);
  }
  return [...found, ...Object.entries(schema).flatMap(([key, each]) => faults(each, root, `${at}/${key}`))];
}

describe.each(apis)("$protocol.name", ({ protocol, model, sent }) => {
  const says = (said: Said) => [{ json: protocol.json(said) }, { sse: protocol.events(said) }] as const;

  describe.each(schemas)("$name", ({ schema, value, written }) => {
    it.each(["native", "tool", "json"] as const)("%s", async (outputMode) => {
      const text = JSON.stringify(written);
      const said: Said =
        outputMode === "tool"
          ? { text: [], calls: [{ id: "c1", name: "answer", input: written }] }
          : { text: [text.slice(0, 5), text.slice(5)] };
      server.reply(...says(said));
      const ask = call({ model: model(), output: schema, outputMode, outputRetries: 0 }, () => "?");
      const plain = await ask();
      expect(plain.output).toEqual(value);
      const stream = ask.stream();
      let last: unknown;
      for await (const event of stream) if (event.type === "output") last = structuredClone(event.output);
      // The one that grows still has the nulls of strict mode.
      expect(last).toEqual("value" in written ? written.value : written);
      const { raw: _, steps: __, ...whole } = await stream.response();
      const { raw: ___, steps: ____, ...same } = plain;
      expect(whole).toEqual(same);
      const body = server.requests[0]?.body;
      if (outputMode === "json") expect(JSON.stringify(body)).toContain("JSON Schema");
      else expect(faults(sent(body, outputMode))).toEqual([]);
    });
  });

  it("takes the output by a tool beside tools of the call's own, streamed and not", async () => {
    const look = vi.fn(({ title }: { title: string }) => ({ title, copies: 3 }));
    const stock = tool({ name: "stock", description: "Copies.", input: z.object({ title: z.string() }), run: look });
    const output = z.object({ copies: z.number() });
    const ask = call({ model: model(), tools: [stock], output, outputMode: "tool", maxSteps: 4 }, () => "How many of Emma?");
    const first: Said = { text: [], reasoning: "hm", calls: [{ id: "c1", name: "stock", input: { title: "Emma" } }] };
    const wrong: Said = { text: [], calls: [{ id: "c2", name: "answer", input: { copies: "three" } }] };
    const last: Said = { text: [], calls: [{ id: "c3", name: "answer", input: { copies: 3 } }] };
    for (const kind of [0, 1]) {
      server.reply(...[first, wrong, last].map((said) => says(said)[kind] as ReturnType<typeof says>[0]));
      const answer = kind === 0 ? await ask() : await ask.stream().response();
      expect(answer).toMatchObject({ output: { copies: 3 }, toolCalls: [], finishReason: "stop", text: '{"copies":3}' });
      expect(answer.steps).toHaveLength(3);
      // Each call that goes back has its result, and the output's is no call.
      const again = JSON.stringify(server.requests[2]?.body);
      expect(again).not.toContain('"c2"');
      expect(again.match(/"c1"/g)?.length).toBeGreaterThanOrEqual(2);
      expect(again).toContain("expected number, received string");
      // And neither is it in the conversation that is kept.
      expect(JSON.stringify(answer.messages)).not.toContain('"answer"');
      server.reply(says(last)[0]);
      expect((await answer.resume("And of Persuasion?")).output.copies).toBe(3);
    }
    expect(look).toHaveBeenCalledTimes(2);
  });

  it("leaves calls of the call's own tools to the caller, and gives the output when they are answered", async () => {
    const stock = tool({ name: "stock", input: z.object({ title: z.string() }), run: () => "3" });
    const output = z.object({ copies: z.number() });
    const first: Said = { text: [], calls: [{ id: "c1", name: "stock", input: { title: "Emma" } }] };
    for (const outputMode of ["native", "tool"] as const) {
      const last: Said =
        outputMode === "tool"
          ? { text: [], calls: [{ id: "c3", name: "answer", input: { copies: 3 } }] }
          : { text: ['{"copies":3}'] };
      server.reply(says(first)[0], says(last)[0]);
      const answer = await call({ model: model(), tools: [stock], output, outputMode }, () => "?")();
      expect(answer.toolCalls.map(({ name }) => name)).toEqual(["stock"]);
      expect(answer.output).toBeUndefined();
      expect((await answer.resume(await answer.runTools())).output).toEqual({ copies: 3 });
    }
  });
});
