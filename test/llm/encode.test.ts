import { describe, expect, it } from "vitest";
import { ConfigurationError } from "../../src/errors.ts";
import { encodeMessages, sourceBlocks } from "../../src/llm/anthropic-messages.ts";
import type { ModelRequest, RequestMessage } from "../../src/llm/model.ts";
import { encodeChat } from "../../src/llm/openai-chat.ts";
import { encodeResponses } from "../../src/llm/openai-responses.ts";

const params = { maxTokens: 9, temperature: 0.5, topP: 0.9 };
const request: ModelRequest = {
  system: "Be brief.",
  messages: [
    { role: "user", content: [{ type: "text", text: "a" }] },
    {
      role: "assistant",
      model: "anthropic/m",
      content: [
        { type: "reasoning", text: "t", raw: { type: "thinking", thinking: "t", signature: "s" } },
        { type: "text", text: "b" },
      ],
    },
    {
      role: "user",
      content: [
        { type: "text", text: "c" },
        { type: "text", text: "d" },
      ],
    },
  ],
  params,
  extra: { body: { metadata: { user: "u" }, temperature: 1 } },
};

describe("requests", () => {
  it("of OpenAI's Responses API", () => {
    expect(encodeResponses("m", request)).toEqual({
      model: "m",
      instructions: "Be brief.",
      input: [
        { role: "user", content: "a" },
        { role: "assistant", content: "b" },
        {
          role: "user",
          content: [
            { type: "input_text", text: "c" },
            { type: "input_text", text: "d" },
          ],
        },
      ],
      max_output_tokens: 9,
      temperature: 1,
      top_p: 0.9,
      metadata: { user: "u" },
    });
  });

  it("speaks of JSON in the input of Responses, where the API looks for the word", () => {
    const body = encodeResponses("m", { ...request, system: "Answer with JSON.", output: { type: "json" } });
    expect(body.instructions).toBeUndefined();
    expect((body.input as unknown[])[0]).toEqual({ role: "developer", content: "Answer with JSON." });
  });

  it("of Chat Completions", () => {
    const body = encodeChat("m", { ...request, params: { ...params, seed: 3, stopSequences: ["x"] } }, "max_completion_tokens");
    expect(body).toEqual({
      model: "m",
      messages: [
        { role: "system", content: "Be brief." },
        { role: "user", content: "a" },
        { role: "assistant", content: "b" },
        { role: "user", content: "c\n\nd" },
      ],
      max_completion_tokens: 9,
      temperature: 1,
      top_p: 0.9,
      seed: 3,
      stop: ["x"],
      metadata: { user: "u" },
    });
    expect(encodeChat("m", request, "max_tokens")).toMatchObject({ max_tokens: 9 });
  });

  it("of Anthropic's Messages API", () => {
    expect(encodeMessages("m", { ...request, params: { ...params, topK: 4, stopSequences: ["x"] } })).toEqual({
      model: "m",
      max_tokens: 9,
      system: "Be brief.",
      messages: [
        { role: "user", content: "a" },
        {
          role: "assistant",
          content: [
            { type: "thinking", thinking: "t", signature: "s" },
            { type: "text", text: "b" },
          ],
        },
        {
          role: "user",
          content: [
            { type: "text", text: "c" },
            { type: "text", text: "d" },
          ],
        },
      ],
      temperature: 1,
      top_p: 0.9,
      top_k: 4,
      stop_sequences: ["x"],
      metadata: { user: "u" },
    });
  });

  it("refuse what the API does not have, and say what to do", () => {
    const only = (more: ModelRequest["params"]): ModelRequest => ({ ...request, params: more });
    for (const name of ["topK", "seed", "stopSequences"] as const) {
      const value = name === "stopSequences" ? ["x"] : 1;
      expect(() => encodeResponses("m", only({ [name]: value }))).toThrow(`no parameter "${name}"`);
    }
    expect(() => encodeChat("m", only({ topK: 1 }), "max_tokens")).toThrow(/extra: \{ body/);
    expect(() => encodeMessages("m", only({ seed: 1 }))).toThrow(ConfigurationError);
    const sourced: ModelRequest = {
      ...request,
      messages: [{ role: "user", content: [{ type: "source", index: 0, source: { text: "x" } }] }],
    };
    expect(() => encodeChat("m", sourced, "max_tokens")).toThrow(/renderSources/);
    expect(() => encodeResponses("m", sourced)).toThrow(ConfigurationError);
  });

  it("cut a source into blocks that together are the whole text", () => {
    for (const text of ["One. Two.\n\n- three\n- four", "  lead. tail  ", "x", "\u200b\u200b A. \u200b\n\n B."]) {
      const blocks = sourceBlocks(text);
      expect(blocks.map(({ start, end }) => text.slice(start, end)).join("")).toBe(text);
      for (const { start, end } of blocks) expect(text.slice(start, end).replace(/[\s\u200b]/g, "")).not.toBe("");
    }
    expect(sourceBlocks("One. Two.\n\n- three\n- four").length).toBe(4);
  });
});

describe("tools, media and output in a request", () => {
  const tools: NonNullable<ModelRequest["tools"]> = [
    { type: "function", name: "look", description: "Looks.", inputSchema: { type: "object" }, strict: true },
    { type: "provider", tool: { type: "web_search" } },
  ];
  const image = { type: "image" as const, source: { data: "aGk=", mediaType: "image/png" } };
  const asked: ModelRequest = {
    messages: [
      { role: "user", content: [{ type: "text", text: "q" }, image] },
      {
        role: "assistant",
        model: "other/m",
        content: [
          { type: "reasoning", text: "hm", raw: { type: "reasoning", id: "rs" } },
          { type: "tool-call", id: "c1", name: "look", input: { a: 1 }, raw: { foreign: true } },
        ],
      },
      {
        role: "user",
        content: [
          { type: "text", text: "and?" },
          { type: "tool-result", id: "c1", name: "look", content: [{ type: "text", text: "no" }], isError: true },
        ],
      },
    ],
    tools,
    toolChoice: { tool: "look" },
    parallelToolCalls: false,
    reasoning: "low",
    output: { type: "schema", name: "answer", schema: { type: "object" }, strict: true },
    params: {},
  };

  it("of OpenAI's Responses API", () => {
    expect(encodeResponses("m", asked)).toEqual({
      model: "m",
      input: [
        {
          role: "user",
          content: [
            { type: "input_text", text: "q" },
            { type: "input_image", image_url: "data:image/png;base64,aGk=", detail: "auto" },
          ],
        },
        { type: "function_call", call_id: "c1", name: "look", arguments: '{"a":1}' },
        {
          type: "function_call_output",
          call_id: "c1",
          output: [
            { type: "input_text", text: "Error:" },
            { type: "input_text", text: "no" },
          ],
        },
        { role: "user", content: "and?" },
      ],
      tools: [
        { type: "function", name: "look", description: "Looks.", parameters: { type: "object" }, strict: true },
        { type: "web_search" },
      ],
      tool_choice: { type: "function", name: "look" },
      parallel_tool_calls: false,
      reasoning: { effort: "low", summary: "auto" },
      text: { format: { type: "json_schema", name: "answer", schema: { type: "object" }, strict: true } },
    });
  });

  it("of Chat Completions", () => {
    expect(encodeChat("m", asked, "max_tokens")).toEqual({
      model: "m",
      messages: [
        {
          role: "user",
          content: [
            { type: "text", text: "q" },
            { type: "image_url", image_url: { url: "data:image/png;base64,aGk=" } },
          ],
        },
        {
          role: "assistant",
          content: null,
          tool_calls: [{ id: "c1", type: "function", function: { name: "look", arguments: '{"a":1}' } }],
        },
        { role: "tool", tool_call_id: "c1", content: "Error: no" },
        { role: "user", content: "and?" },
      ],
      tools: [
        { type: "function", function: { name: "look", description: "Looks.", parameters: { type: "object" }, strict: true } },
        { type: "web_search" },
      ],
      tool_choice: { type: "function", function: { name: "look" } },
      parallel_tool_calls: false,
      reasoning_effort: "low",
      response_format: { type: "json_schema", json_schema: { name: "answer", schema: { type: "object" }, strict: true } },
    });
  });

  it("leave out a search of OpenAI's whose reasoning does not go back, since the API would look for it", () => {
    const search = { type: "provider" as const, raw: { type: "web_search_call", id: "ws_1" } };
    const thought = { type: "reasoning" as const, text: "", raw: { type: "reasoning", id: "rs_1", summary: [] } };
    const answer = { type: "text" as const, text: "Tea." };
    const items = (...content: Extract<RequestMessage, { role: "assistant" }>["content"]) =>
      encodeResponses("m", { messages: [{ role: "assistant", model: "openai/m", content }], params: {} }).input;
    expect(items(thought, search, answer)).toEqual([{ role: "assistant", content: "Tea." }]);
    expect(items(search, answer)).toEqual([search.raw, { role: "assistant", content: "Tea." }]);
    const made = {
      type: "tool-call" as const,
      id: "c",
      name: "x",
      input: {},
      raw: { type: "function_call", id: "fc_1", call_id: "c" },
    };
    expect(items(thought, search, thought, made)).toEqual([thought.raw, search.raw, thought.raw, made.raw]);
  });

  it("answer a tool of OpenAI's that takes text in its own type", () => {
    const raw = { type: "custom_tool_call", id: "ct_1", call_id: "c", name: "sql", input: "select 1" };
    const { input } = encodeResponses("m", {
      messages: [
        {
          role: "assistant",
          model: "openai/m",
          content: [{ type: "tool-call", id: "c", name: "sql", input: "select 1", raw }],
        },
        { role: "user", content: [{ type: "tool-result", id: "c", name: "sql", content: [{ type: "text", text: "1" }] }] },
      ],
      params: {},
    });
    expect(input).toEqual([raw, { type: "custom_tool_call_output", call_id: "c", output: "1" }]);
  });

  it("give a document's title and context to every API, and a result that is no text", () => {
    const pdf = { type: "document" as const, source: { data: "aGk=", mediaType: "application/pdf" }, context: "Of 2024." };
    const text = { type: "document" as const, source: { text: "T" }, title: "Terms", context: "Of 2025." };
    const given = {
      messages: [
        { role: "user" as const, content: [pdf, text] },
        { role: "assistant" as const, content: [{ type: "tool-call" as const, id: "1", name: "look", input: {} }] },
        {
          role: "user" as const,
          content: [{ type: "tool-result" as const, id: "1", name: "look", content: [pdf], isError: true }],
        },
      ],
      params: {},
    };
    const file = "data:application/pdf;base64,aGk=";
    expect(encodeResponses("m", given).input).toMatchObject([
      {
        content: [
          { type: "input_text", text: "Of 2024." },
          { type: "input_file", file_data: file },
          { type: "input_text", text: "Terms\n\nOf 2025.\n\nT" },
        ],
      },
      {},
      { output: [{ text: "Error:" }, { text: "Of 2024." }, { type: "input_file", file_data: file }] },
    ]);
    expect(encodeChat("m", given, "max_tokens").messages).toMatchObject([
      { content: [{ text: "Of 2024." }, { type: "file", file: { file_data: file } }, { text: "Terms\n\nOf 2025.\n\nT" }] },
      {},
      { role: "tool", content: "Error: The result is in the next message." },
      { role: "user", content: [{ text: "Of 2024." }, { type: "file" }] },
    ]);
    expect(encodeMessages("claude-sonnet-4-5", given).messages).toMatchObject([
      {
        content: [
          { type: "document", context: "Of 2024." },
          { title: "Terms", context: "Of 2025." },
        ],
      },
      {},
      { content: [{ type: "tool_result", is_error: true, content: [{ type: "document", context: "Of 2024." }] }] },
    ]);
  });

  it("of Anthropic's Messages API, results first", () => {
    expect(encodeMessages("claude-sonnet-4-5", asked)).toEqual({
      model: "claude-sonnet-4-5",
      max_tokens: 4096 + 2048,
      messages: [
        {
          role: "user",
          content: [
            { type: "text", text: "q" },
            { type: "image", source: { type: "base64", media_type: "image/png", data: "aGk=" } },
          ],
        },
        { role: "assistant", content: [{ type: "tool_use", id: "c1", name: "look", input: { a: 1 } }] },
        {
          role: "user",
          content: [
            { type: "tool_result", tool_use_id: "c1", content: [{ type: "text", text: "no" }], is_error: true },
            { type: "text", text: "and?" },
          ],
        },
      ],
      tools: [{ name: "look", description: "Looks.", input_schema: { type: "object" }, strict: true }, { type: "web_search" }],
      tool_choice: { type: "tool", name: "look", disable_parallel_tool_use: true },
      thinking: { type: "enabled", budget_tokens: 2048 },
      output_config: { format: { type: "json_schema", schema: { type: "object" } } },
    });
  });

  it("tells Claude how much to think in the words of its generation", () => {
    const encoded = (model: string, reasoning: ModelRequest["reasoning"]) =>
      encodeMessages(model, { messages: [], params: {}, ...(reasoning && { reasoning }) });
    const old = [
      "claude-3-7-sonnet-latest",
      "claude-sonnet-4-20250514",
      "claude-opus-4-1",
      "anthropic.claude-sonnet-4-5-20250929-v1:0",
      "claude-opus-4-5@20251101",
    ];
    for (const model of old) {
      expect(encoded(model, "low"), model).toMatchObject({
        max_tokens: 4096 + 2048,
        thinking: { type: "enabled", budget_tokens: 2048 },
      });
      expect(encoded(model, "low").output_config, model).toBeUndefined();
      expect(encoded(model, undefined).max_tokens, model).toBe(4096);
    }
    for (const model of [
      "claude-sonnet-4-6",
      "claude-opus-4-8",
      "claude-sonnet-5",
      "us.anthropic.claude-opus-5-5",
      "claude-fable-5-1",
    ]) {
      const asked = encoded(model, "medium");
      expect(asked, model).toMatchObject({
        max_tokens: 16_384,
        thinking: { type: "adaptive" },
        output_config: { effort: "medium" },
      });
      expect(encoded(model, "minimal").output_config?.effort, model).toBe("low");
      expect(encoded(model, "xhigh").max_tokens, model).toBe(4096 + 32_768);
      expect(encoded(model, "none").thinking, model).toEqual({ type: "disabled" });
      expect(encoded(model, { budgetTokens: 3000 }).thinking, model).toEqual({ type: "enabled", budget_tokens: 3000 });
    }
  });

  it("gives each provider its own items back, and reasoning only before the call that it led to", () => {
    const raw = { type: "function_call", id: "fc", call_id: "c1", name: "look", arguments: "{}" };
    const thought = { type: "reasoning" as const, text: "hm", raw: { type: "reasoning", id: "rs", summary: [] } };
    const turn = (content: ModelRequest["messages"][number]["content"]): ModelRequest => ({
      messages: [{ role: "assistant", model: "openai/m", content } as ModelRequest["messages"][number]],
      params: {},
    });
    const call = { type: "tool-call" as const, id: "c1", name: "look", input: {}, raw };
    expect(encodeResponses("m", turn([thought, call])).input).toEqual([thought.raw, raw]);
    expect(encodeResponses("m", turn([thought, { type: "text", text: "a" }])).input).toEqual([
      { role: "assistant", content: "a" },
    ]);
    const searched = { type: "provider" as const, raw: { type: "web_search_call", id: "ws" } };
    expect(encodeResponses("m", turn([searched])).input).toEqual([searched.raw]);
    expect(encodeChat("m", turn([searched, thought]), "max_tokens").messages).toEqual([]);
  });

  it("refuses what an API does not take", () => {
    const audio = { type: "audio" as const, source: { data: "aGk=", mediaType: "audio/wav" } };
    const heard: ModelRequest = { messages: [{ role: "user", content: [audio] }], params: {} };
    expect(() => encodeResponses("m", heard)).toThrow(ConfigurationError);
    expect(() => encodeMessages("m", heard)).toThrow(ConfigurationError);
    expect(encodeChat("m", heard, "max_tokens").messages).toEqual([
      { role: "user", content: [{ type: "input_audio", input_audio: { data: "aGk=", format: "wav" } }] },
    ]);
    const counted: ModelRequest = { messages: [], params: {}, reasoning: { budgetTokens: 9 } };
    expect(() => encodeResponses("m", counted)).toThrow(/counts no tokens/);
    expect(() => encodeChat("m", counted, "max_tokens")).toThrow(/counts no tokens/);
  });

  it("caches a system prompt in parts, where the provider is told what to cache", () => {
    const system = [
      { type: "text" as const, text: "Rules.", cache: "1h" as const },
      { type: "text" as const, text: "Be brief." },
    ];
    const asked: ModelRequest = { system, messages: [], params: {} };
    expect(encodeMessages("m", asked).system).toEqual([
      { type: "text", text: "Rules.", cache_control: { type: "ephemeral", ttl: "1h" } },
      { type: "text", text: "Be brief." },
    ]);
    expect(encodeResponses("m", asked).instructions).toBe("Rules.\n\nBe brief.");
    expect(encodeChat("m", asked, "max_tokens").messages).toEqual([{ role: "system", content: "Rules.\n\nBe brief." }]);
  });

  it("tells Anthropic of limits in words, since its schemas take none", () => {
    const schema = {
      type: "object",
      properties: {
        maximum: { type: "integer", minimum: 1, maximum: 5, description: "Stars." },
        tags: { type: "array", minItems: 2, items: { type: "string", minLength: 3 } },
        kind: { enum: [{ minimum: 1 }, "minimum"] },
      },
      required: ["maximum", "tags"],
    };
    const asked: ModelRequest = { messages: [], params: {}, output: { type: "schema", name: "output", schema, strict: true } };
    expect(encodeMessages("m", asked).output_config?.format?.schema).toEqual({
      type: "object",
      properties: {
        maximum: { type: "integer", description: "Stars. (minimum: 1, maximum: 5)" },
        tags: { type: "array", description: "(minItems: 2)", items: { type: "string", description: "(minLength: 3)" } },
        kind: { enum: [{ minimum: 1 }, "minimum"] },
      },
      required: ["maximum", "tags"],
    });
  });
});
