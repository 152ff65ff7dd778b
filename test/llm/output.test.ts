// Structured output: the schema as it is sent, the answer as it is read, and what happens when it does not fit.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { ContentFilterError, InvalidOutputError, RefusalError } from "../../src/errors.ts";
import { call } from "../../src/llm/call.ts";
import type { Model } from "../../src/llm/model.ts";
import { partialJson } from "../../src/llm/partial-json.ts";
import { jsonSchema, jsonSchemaOf } from "../../src/llm/schema.ts";
import { strictSchema } from "../../src/llm/strict-schema.ts";
import { fake } from "./fake.ts";

const Book = z.object({ title: z.string(), year: z.int().optional(), by: z.array(z.object({ name: z.string() })) });
const emma = { title: "Emma", by: [{ name: "Austen" }] };

describe("output", () => {
  it("asks natively for the strict schema, and gives the checked value", async () => {
    const model = fake(JSON.stringify({ ...emma, year: null }));
    const response = await call({ model, output: Book }, (genre: string) => `A ${genre} book`)("good");
    expect(response.output).toEqual(emma);
    expect(model.requests[0]?.output).toMatchObject({
      type: "schema",
      strict: true,
      schema: { required: ["title", "year", "by"], additionalProperties: false },
    });
  });

  it("asks by a tool or in words for models without", async () => {
    const byTool = fake([{ type: "tool-call", id: "1", name: "answer", input: emma }]);
    const response = await call({ model: byTool, output: Book, outputMode: "tool" }, () => "?")();
    expect(response).toMatchObject({ output: emma, toolCalls: [], finishReason: "stop", text: JSON.stringify(emma) });
    expect(byTool.requests[0]).toMatchObject({ toolChoice: { tool: "answer" }, tools: [{ name: "answer" }] });
    const inWords = fake(`\`\`\`json\n${JSON.stringify(emma)}\n\`\`\``);
    expect((await call({ model: inWords, output: Book, outputMode: "json" }, () => "?")()).output).toEqual(emma);
    expect(inWords.requests[0]).toMatchObject({ output: { type: "json" }, system: expect.stringContaining("JSON Schema") });
  });

  it("wraps what is no object, and unwraps it", async () => {
    const list = z.array(z.enum(["a", "b"]));
    const model = fake('{"value":["a","b"]}');
    expect((await call({ model, output: list }, () => "?")()).output).toEqual(["a", "b"]);
    expect(model.requests[0]?.output).toMatchObject({ schema: { type: "object", required: ["value"] } });
    const either = z.union([
      z.object({ kind: z.literal("n"), n: z.number().optional() }),
      z.object({ kind: z.literal("s"), s: z.string() }),
    ]);
    const one = await call({ model: fake('{"value":{"kind":"n","n":null}}'), output: either }, () => "?")();
    expect(one.output).toEqual({ kind: "n" });
  });

  it("shows the model what is wrong and asks again, then gives up by name", async () => {
    const wrong = fake('{"title":1,"by":[]}');
    const failure = await call({ model: wrong, output: Book, outputRetries: 2 }, () => "?")().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(InvalidOutputError);
    expect(failure).toMatchObject({ text: '{"title":1,"by":[]}', issues: [{ path: "title" }] });
    expect(wrong.requests).toHaveLength(3);
    expect(JSON.stringify(wrong.requests[1]?.messages)).toContain("title: Invalid input: expected string, received number");
    const prose = call({ model: fake("I would say Emma."), output: Book, outputRetries: 0 }, () => "?")();
    await expect(prose).rejects.toThrow(/does not fit the schema: It is no JSON/);
  });

  it("names a refusal", async () => {
    const refusing = fake("I cannot help with that.");
    const model = {
      ...refusing,
      generate: async () => ({
        ...(await refusing.generate({ messages: [], params: {} }, {})),
        finishReason: "refusal" as const,
      }),
    };
    await expect(call({ model, output: Book }, () => "?")()).rejects.toThrow(RefusalError);
  });

  it("names a filter that cut the answer off", async () => {
    const said = fake('{"title":"Em');
    const plain = await said.generate({ messages: [], params: {} }, {});
    const model = { ...said, generate: async () => ({ ...plain, finishReason: "content-filter" as const }) };
    await expect(call({ model, output: Book }, () => "?")()).rejects.toThrow(ContentFilterError);
    expect((await call({ model }, () => "?")()).finishReason).toBe("content-filter");
  });

  it("gives the value while it is being written", async () => {
    const stream = call({ model: fake(JSON.stringify(emma)), output: Book }, () => "?").stream();
    const seen: string[] = [];
    for await (const event of stream) if (event.type === "output") seen.push(JSON.stringify(event.output));
    expect(seen).toContain('{"title":"Em"}');
    expect(seen.at(-1)).toBe(JSON.stringify(emma));
    expect((await stream.response()).output).toEqual(emma);
  });

  it("tells that it asks again, so that what came before is not taken for the answer", async () => {
    const answers = [fake('{"title":1,"by":[]}'), fake(JSON.stringify(emma))];
    let asked = 0;
    const model = {
      ...(answers[0] as Model),
      stream: (...args: Parameters<Model["stream"]>) => (answers[asked++] as Model).stream(...args),
    };
    const stream = call({ model, output: Book }, () => "?").stream();
    let text = "";
    for await (const event of stream) {
      if (event.type === "step") text = "";
      if (event.type === "text") text += event.text;
    }
    expect(text).toBe((await stream.response()).text);
    expect(text).toBe(JSON.stringify(emma));
  });

  it("shows a list while it is written, without what was put around it", async () => {
    const stream = call({ model: fake('{"value":["one","two"]}'), output: z.array(z.string()) }, () => "?").stream();
    const seen: string[] = [];
    for await (const event of stream) if (event.type === "output") seen.push(JSON.stringify(event.output));
    expect(seen[0]).toBe('["o"]');
    expect(seen.at(-1)).toBe('["one","two"]');
    expect((await stream.response()).output).toEqual(["one", "two"]);
  });

  it("takes a prompt's own schema, and one given as JSON Schema", async () => {
    const own = call({ model: fake('{"n":1}') }, () => ({ messages: "?", output: z.object({ n: z.number() }) }));
    expect((await own()).output.n).toBe(1);
    const plain = jsonSchema<{ n: number }>({ type: "object", properties: { n: { type: "number" } }, required: ["n"] });
    expect((await call({ model: fake('{"n":1}'), output: plain }, () => "?")()).output).toEqual({ n: 1 });
  });
});

describe("strictSchema()", () => {
  it("keeps definitions, and rewrites references to a root that is wrapped", () => {
    type Tree = { name: string; children?: Tree[] | undefined };
    const Tree: z.ZodType<Tree> = z.lazy(() => z.object({ name: z.string(), children: z.array(Tree).optional() }));
    const { schema, strict, restore } = strictSchema(jsonSchemaOf(Tree, "test"));
    expect(strict).toBe(true);
    const tree = { name: "a", children: [{ name: "b", children: null }] };
    const wrapped = (schema.properties as object) && "value" in (schema.properties as object) ? { value: tree } : tree;
    expect(restore(wrapped)).toEqual({ name: "a", children: [{ name: "b" }] });
  });

  it("rewrites references to a root that is wrapped", () => {
    const { schema, restore } = strictSchema({ anyOf: [{ type: "string" }, { type: "array", items: { $ref: "#" } }] });
    expect(JSON.stringify(schema)).toContain('"$ref":"#/properties/value"');
    expect(restore({ value: ["a", ["b"]] })).toEqual(["a", ["b"]]);
  });

  it("says where strict mode cannot say it", () => {
    expect(strictSchema(jsonSchemaOf(z.record(z.string(), z.number()), "test")).strict).toBe(false);
    expect(strictSchema(jsonSchemaOf(z.object({ a: z.string().nullable() }), "test")).restore({ a: null })).toEqual({ a: null });
  });
});

describe("partialJson()", () => {
  const json = fc.jsonValue({ maxDepth: 4 }).filter((value) => value !== null && typeof value === "object");
  const cuts = fc.array(fc.nat(), { maxLength: 20 });

  it("reads any JSON, cut anywhere, to what JSON.parse reads", () => {
    fc.assert(
      fc.property(json, cuts, fc.boolean(), (value, at, spaced) => {
        const text = JSON.stringify(value, null, spaced ? 2 : undefined);
        const places = [...new Set(at.map((n) => n % (text.length + 1)))].sort((a, b) => a - b);
        const reader = partialJson();
        let start = 0;
        for (const place of [...places, text.length]) {
          reader.push(text.slice(start, place));
          start = place;
        }
        expect(reader.value).toEqual(JSON.parse(text));
      }),
    );
  });

  it("takes anything without throwing", () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (pieces) => {
        const reader = partialJson();
        for (const piece of pieces) reader.push(piece);
      }),
    );
  });
});
