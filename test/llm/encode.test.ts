import { describe, expect, it } from "vitest";
import { ConfigurationError } from "../../src/errors.ts";
import { encodeMessages, sourceBlocks } from "../../src/llm/anthropic-messages.ts";
import type { ModelRequest } from "../../src/llm/model.ts";
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
