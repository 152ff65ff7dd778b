// The recorded requests, said in this package's words and encoded again: everything that bears meaning has to come out as it was sent.
// What differs in form alone is levelled on both sides by `level`, each with its reason; what has no word of ours goes through `extra`, and is
// listed. Skipped where DRIZZLE_RAG_WIRE is unset.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { anthropic } from "../../src/llm/anthropic.ts";
import type {
  AssistantPart,
  CacheMark,
  Model,
  ModelRequest,
  ModelTool,
  RequestMessage,
  ToolChoice,
  UserPart,
} from "../../src/llm/model.ts";
import { openai, openaiChat } from "../../src/llm/openai.ts";

const folder = process.env.DRIZZLE_RAG_WIRE;
if (!folder) console.warn("wire-requests.test.ts: skipped, DRIZZLE_RAG_WIRE is not set.");

// biome-ignore lint/suspicious/noExplicitAny: a recorded body is whatever was recorded.
type Loose = any;
type Reader = (body: Loose) => { request: ModelRequest; model: (extra: ModelRequest["extra"]) => Model };

/** Our request, and what of the body none of our words says: sent through `extra`. */
function split(body: Loose, named: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(body).filter(([key]) => !named.includes(key)));
}

const functionTool = (name: string, description: string, inputSchema: Loose, strict?: boolean, cache?: CacheMark): ModelTool => ({
  type: "function",
  name,
  ...(description != null && { description }),
  inputSchema,
  ...(strict != null && { strict }),
  ...(cache && { cache }),
});
const given = <T>(value: T | null | undefined): value is T => value !== undefined && value !== null;
const list = (content: Loose): Loose[] => (typeof content === "string" ? [{ type: "text", text: content }] : (content ?? []));
const bytes = (url: string) => {
  const [, mediaType = "", data = ""] = /^data:([^;]+);base64,(.*)$/s.exec(url) ?? [];
  return data === "" ? { url } : { data, mediaType };
};

/** Turns of one role are one turn of ours: the APIs with an item for each thing have several. */
function turns(items: { role: "user" | "assistant"; parts: Loose[] }[], model: string): RequestMessage[] {
  const made: { role: "user" | "assistant"; content: Loose[] }[] = [];
  for (const { role, parts } of items) {
    const last = made.at(-1);
    const goesOn = last?.role === role && (role === "assistant" || parts[0]?.type === "tool-result");
    if (goesOn) last.content.push(...parts);
    else made.push({ role, content: [...parts] });
  }
  return made.map(({ role, content }) =>
    role === "user" ? { role, content: content as UserPart[] } : { role, content: content as AssistantPart[], model },
  );
}

// — Anthropic ————————————————————————————————————————————————————————————————————————————————————————————————————————————————

const mark = (part: Loose): { cache?: CacheMark } => (part.cache_control ? { cache: part.cache_control.ttl ?? "5m" } : {});

/** What the model read on the web, as it was decoded when it answered. */
const pages = (citations: Loose[] | null | undefined) =>
  citations?.length ? { webCitations: citations.map((raw) => ({ url: raw.url, raw })) } : {};

function anthropicPart(part: Loose): UserPart | AssistantPart {
  switch (part.type) {
    case "text":
      return { type: "text", text: part.text, ...mark(part), ...pages(part.citations) };
    case "image":
    case "document": {
      const { source } = part;
      const media = source.type === "url" ? { url: source.url } : { data: source.data, mediaType: source.media_type };
      return { type: part.type, source: media, ...mark(part) };
    }
    case "tool_use":
      return { type: "tool-call", id: part.id, name: part.name, input: part.input };
    case "tool_result": {
      const content = list(part.content).map(anthropicPart) as Loose[];
      return {
        type: "tool-result",
        id: part.tool_use_id,
        name: "",
        content,
        ...(part.is_error && { isError: true }),
        ...mark(part),
      };
    }
    case "thinking":
      return { type: "reasoning", text: part.thinking, raw: part };
    default:
      return { type: "provider", raw: part };
  }
}

const anthropicChoice = ({ type, name }: Loose): ToolChoice =>
  type === "tool" ? { tool: name } : type === "any" ? "required" : type;

const readAnthropic: Reader = (body) => ({
  request: {
    ...(body.system && { system: body.system.map((part: Loose) => ({ type: "text", text: part.text, ...mark(part) })) }),
    messages: body.messages.map(({ role, content }: Loose) => ({
      role,
      content: list(content).map(anthropicPart),
      ...(role === "assistant" && { model: "anthropic/m" }),
    })),
    ...(body.tools && {
      tools: body.tools.map((each: Loose) =>
        each.input_schema
          ? functionTool(each.name, each.description, each.input_schema, undefined, mark(each).cache)
          : { type: "provider", tool: each },
      ),
    }),
    ...(body.tool_choice && { toolChoice: anthropicChoice(body.tool_choice) }),
    ...(body.tool_choice?.disable_parallel_tool_use && { parallelToolCalls: false }),
    ...(body.thinking && { reasoning: { budgetTokens: body.thinking.budget_tokens } }),
    params: {
      maxTokens: body.max_tokens,
      temperature: body.temperature,
      topP: body.top_p,
      topK: body.top_k,
      stopSequences: body.stop_sequences,
    },
  },
  model: () => anthropic({ apiKey: "k" })(body.model),
});

function levelAnthropic(body: Loose): Loose {
  // Marks are for five minutes unless they say otherwise; `null` says nothing; a text is a list of one part; what did not fail needs no word.
  return replaced(body, (key, value) => {
    if (key === "cache_control" && value?.ttl === "5m") return { type: value.type };
    // Empty text is what the API refuses, and so do we, before it is sent.
    if (key === "content") return list(value).filter(({ type, text }) => type !== "text" || text !== "");
    if ((key === "cache_control" || key === "citations") && value === null) return undefined;
    if (key === "is_error" && value === false) return undefined;
    return value;
  });
}

// — OpenAI, Chat Completions —————————————————————————————————————————————————————————————————————————————————————————————————

function chatPart(part: Loose): UserPart {
  if (part.type === "input_audio")
    return { type: "audio", source: { data: part.input_audio.data, mediaType: `audio/${part.input_audio.format}` } };
  if (part.type === "file")
    return {
      type: "document",
      source: bytes(part.file.file_data) as Loose,
      ...(part.file.filename && { title: part.file.filename }),
    };
  if (part.type === "image_url") return { type: "image", source: bytes(part.image_url.url) as Loose };
  return { type: "text", text: part.text };
}

function chatTurn({ role, content, tool_calls, tool_call_id }: Loose): { role: "user" | "assistant"; parts: Loose[] } {
  if (role === "tool")
    return { role: "user", parts: [{ type: "tool-result", id: tool_call_id, name: "", content: list(content) }] };
  if (role === "user") return { role, parts: list(content).map(chatPart) };
  const calls = (tool_calls ?? []).map((made: Loose) => ({
    type: "tool-call",
    id: made.id,
    name: made.function.name,
    input: JSON.parse(made.function.arguments),
    raw: made,
  }));
  return { role: "assistant", parts: [...list(content), ...calls] };
}

const chatOutput = ({ type, json_schema }: Loose): ModelRequest["output"] =>
  type === "json_object" ? { type: "json" } : { ...json_schema, type: "schema" };

const readChat: Reader = (body) => ({
  request: {
    ...(body.messages[0].role === "system" && { system: body.messages[0].content }),
    messages: turns(body.messages.filter(({ role }: Loose) => role !== "system").map(chatTurn), "openai-chat/m"),
    ...(body.tools && {
      tools: body.tools.map(({ function: f }: Loose) => functionTool(f.name, f.description, f.parameters, f.strict)),
    }),
    ...(body.tool_choice && {
      toolChoice: typeof body.tool_choice === "string" ? body.tool_choice : { tool: body.tool_choice.function.name },
    }),
    ...(given(body.parallel_tool_calls) && { parallelToolCalls: body.parallel_tool_calls }),
    ...(body.response_format && { output: chatOutput(body.response_format) }),
    params: {
      maxTokens: body.max_completion_tokens ?? body.max_tokens,
      temperature: body.temperature,
      topP: body.top_p,
      seed: body.seed,
      stopSequences: body.stop,
    },
  },
  model: () =>
    openaiChat({ apiKey: "k", maxTokensField: body.max_tokens === undefined ? "max_completion_tokens" : "max_tokens" })(
      body.model,
    ),
});

function levelChat(body: Loose): Loose {
  return replaced(body, (key, value) => {
    // Notes on an answer are no part of a question; an answer that only calls tools has no text; a text is a list of one part.
    if (key === "annotations") return undefined;
    if (key === "content" && value === null) return undefined;
    if (key === "content" && Array.isArray(value) && value.every(({ type }: Loose) => type === "text"))
      return value.map(({ text }: Loose) => text).join("");
    return value;
  });
}

// — OpenAI, Responses ————————————————————————————————————————————————————————————————————————————————————————————————————————

function responsesPart(part: Loose): UserPart {
  if (part.type === "input_image") return { type: "image", source: bytes(part.image_url) as Loose };
  if (part.type === "input_file")
    return {
      type: "document",
      source: bytes(part.file_url ?? part.file_data) as Loose,
      ...(part.filename && { title: part.filename }),
    };
  return { type: "text", text: part.text };
}

function responsesTurn(item: Loose): { role: "user" | "assistant"; parts: Loose[] } {
  if (item.type === "function_call_output")
    return { role: "user", parts: [{ type: "tool-result", id: item.call_id, name: "", content: list(item.output) }] };
  if (item.role === "user") return { role: "user", parts: list(item.content).map(responsesPart) };
  if (item.type === "function_call")
    return {
      role: "assistant",
      parts: [{ type: "tool-call", id: item.call_id, name: item.name, input: JSON.parse(item.arguments), raw: item }],
    };
  if (item.type === "reasoning") return { role: "assistant", parts: [{ type: "reasoning", text: "", raw: item }] };
  return { role: "assistant", parts: list(item.content).map(({ text }: Loose) => ({ type: "text", text })) };
}

const readResponses: Reader = (body) => {
  const items = typeof body.input === "string" ? [{ role: "user", content: body.input }] : body.input;
  const choice = body.tool_choice;
  return {
    request: {
      ...(items[0].role === "developer" && { system: items[0].content }),
      messages: turns(items.filter(({ role }: Loose) => role !== "developer").map(responsesTurn), "openai/m"),
      ...(body.tools && {
        tools: body.tools.map((each: Loose) =>
          each.type === "function"
            ? functionTool(each.name, each.description, each.parameters, each.strict)
            : { type: "provider", tool: each },
        ),
      }),
      ...(choice &&
        choice.type !== "allowed_tools" && { toolChoice: typeof choice === "string" ? choice : { tool: choice.name } }),
      ...(given(body.parallel_tool_calls) && { parallelToolCalls: body.parallel_tool_calls }),
      ...(body.reasoning && { reasoning: body.reasoning.effort }),
      ...(body.text?.format && {
        output: body.text.format.type === "json_object" ? { type: "json" } : { ...body.text.format, type: "schema" as const },
      }),
      params: { maxTokens: body.max_output_tokens, temperature: body.temperature, topP: body.top_p },
    },
    model: () => openai({ apiKey: "k" })(body.model),
  };
};

function levelResponses(body: Loose): Loose {
  const { instructions, ...rest } = body;
  // The first item of a developer is the API's older way to say `instructions`.
  const items = typeof rest.input === "string" ? [{ role: "user", content: rest.input }] : rest.input;
  const input = instructions === undefined ? items : [{ role: "developer", content: instructions }, ...items];
  return replaced({ ...rest, input }, (key, value) => {
    if (key === "input") return merged(value.map(levelItem));
    // A medium's resolution is chosen by the API unless the request does.
    if (key === "detail" && value === "auto") return undefined;
    // We ask for the summary of what a model thought wherever it thinks.
    if (key === "reasoning") return { effort: value.effort };
    return value;
  });
}

/** The model's answer goes back as its text: ids and notes are of the answer that was given. */
function levelItem({ type, role, content, ...rest }: Loose): Loose {
  if (role === undefined) return { type, ...rest };
  const parts = list(content).map((part) => (role === "assistant" ? { type: "text", text: part.text } : part));
  const only = parts.every((part) => /text$/.test(part.type)) && (parts.length === 1 || role === "assistant");
  return { role, content: only ? parts.map(({ text }) => text).join("") : parts };
}

/** Reasoning that led to an answer in words is of no use to the API any more, and left out; see `encodeAssistant`. */
function merged(items: Loose[]): Loose[] {
  return items.filter((item, i) => {
    if (item.type !== "reasoning") return true;
    return items.slice(i + 1).find(({ type }) => type !== "reasoning")?.type === "function_call";
  });
}

/** A copy in which every member was put through `change`, innermost last; `undefined` takes it out. */
function replaced(value: Loose, change: (key: string, value: Loose) => Loose): Loose {
  if (Array.isArray(value)) return value.map((each) => replaced(each, change));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, member]) => [key, change(key, member)] as const)
      .filter(([, member]) => member !== undefined)
      .map(([key, member]) => [key, replaced(member, change)]),
  );
}

const named = {
  anthropic: [
    "model",
    "messages",
    "system",
    "tools",
    "tool_choice",
    "thinking",
    "max_tokens",
    "temperature",
    "top_p",
    "top_k",
    "stop_sequences",
  ],
  chat: [
    ...[
      "model",
      "messages",
      "tools",
      "tool_choice",
      "parallel_tool_calls",
      "response_format",
      "max_completion_tokens",
      "max_tokens",
    ],
    ...["temperature", "top_p", "seed", "stop"],
  ],
  responses: [
    ...[
      "model",
      "input",
      "tools",
      "tool_choice",
      "parallel_tool_calls",
      "reasoning",
      "text",
      "max_output_tokens",
      "temperature",
      "top_p",
    ],
  ],
};

describe.skipIf(!folder).each([
  { file: "anthropic", read: readAnthropic, level: levelAnthropic, known: named.anthropic, through: ["stream"] },
  { file: "openai-chat", read: readChat, level: levelChat, known: named.chat, through: ["stream", "stream_options"] },
  { file: "openai-compatible", read: readChat, level: levelChat, known: named.chat, through: [] },
  // A choice among some of the tools is the Responses API's alone.
  {
    file: "openai-responses",
    read: readResponses,
    level: levelResponses,
    known: named.responses,
    through: ["stream", "tool_choice"],
  },
])("$file, its requests", ({ file, read, level, known, through }) => {
  const path = join(folder ?? ".", `${file}.jsonl`);
  const lines = existsSync(path) ? readFileSync(path, "utf8").trim().split("\n") : [];

  it(`says all ${lines.length} of them`, () => {
    const outside = new Set<string>();
    for (const line of lines) {
      const { scenario, exchange, request: sent } = JSON.parse(line) as Loose;
      const body = sent.body;
      const { request, model } = read(body);
      const extra = split(body, known);
      if (body.tool_choice?.type === "allowed_tools") extra.tool_choice = body.tool_choice;
      for (const key of Object.keys(extra)) outside.add(key);
      const asked = { ...request, extra: { body: extra } };
      // As JSON: what is undefined is not sent.
      const encoded = JSON.parse(JSON.stringify(model(undefined).encode?.(asked)));
      expect(level(encoded), `${scenario} #${exchange}`).toEqual(level(body));
    }
    expect([...outside].sort()).toEqual([...through].sort());
  });
});
