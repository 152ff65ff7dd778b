// Recorded traffic of the real providers, replayed through the real SDK clients: what comes out is held against the recorded body itself,
// read here by other code than the adapters'. Skipped where DRIZZLE_RAG_WIRE is unset.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ProviderError } from "../../src/errors.ts";
import { anthropic } from "../../src/llm/anthropic.ts";
import { call } from "../../src/llm/call.ts";
import type { Model, ModelRequest, ModelResponse, ToolCallPart } from "../../src/llm/model.ts";
import { openai, openaiChat } from "../../src/llm/openai.ts";

const folder = process.env.DRIZZLE_RAG_WIRE;
if (!folder) console.warn("wire.test.ts: skipped, DRIZZLE_RAG_WIRE is not set.");

interface Exchange {
  scenario: string;
  exchange: number;
  request: { path: string; body: { stream?: boolean } };
  response: { status: number; contentType: string; body: string };
}

/** What the recorded body says, whole or streamed. */
interface Expected {
  text: string;
  reasoning: string;
  /** Id, name and arguments, as text, of each. */
  calls: [string, string, string][];
  stop: string;
  usage: Record<string, number | undefined>;
  /** Address, title and words of each page of the web that is cited, and what of the answer rests on it. */
  pages: Page[];
}

type Page = { url: string; title: string | undefined; quote: string | undefined; claim: string };

// biome-ignore lint/suspicious/noExplicitAny: a recorded body is whatever was recorded.
type Loose = any;

const request: ModelRequest = { messages: [{ role: "user", content: [{ type: "text", text: "replayed" }] }], params: {} };
const joined = (list: Loose[], pick: (each: Loose) => string | null | undefined) => list.map((each) => pick(each) ?? "").join("");

function eventsOf(body: string): Loose[] {
  const data = body.split(/\r?\n/).filter((line) => line.startsWith("data: ") && line !== "data: [DONE]");
  return data.map((line) => JSON.parse(line.slice(6)));
}

const anthropicPages = (text: string, citations: Loose[]): Page[] =>
  citations
    .filter(({ type }) => type === "web_search_result_location")
    .map(({ url, title, cited_text }) => ({ url, title, quote: cited_text, claim: text.trim() }));

/** None of OpenAI's recordings has any; were there one, this is what it would say. */
const openaiPages = (text: string, annotations: Loose[]): Page[] =>
  annotations
    .map((each) => each.url_citation ?? each)
    .filter(({ url }) => url)
    .map(({ url, title, start_index, end_index }) => ({
      url,
      title,
      quote: undefined,
      claim: text.slice(start_index, end_index),
    }));

function expectAnthropic(body: string, streamed: boolean): Expected {
  if (!streamed) {
    const { content, stop_reason, usage } = JSON.parse(body);
    const text = joined(content, (block) => (block.type === "text" ? block.text : ""));
    const uses = content.filter(({ type }: Loose) => type === "tool_use");
    const calls = uses.map(({ id, name, input }: Loose) => [id, name, JSON.stringify(input)]);
    return {
      calls,
      text,
      reasoning: joined(content, (block) => block.thinking),
      stop: stop_reason,
      usage: anthropicUsage(usage),
      pages: content.flatMap((block: Loose) => anthropicPages(block.text ?? "", block.citations ?? [])),
    };
  }
  const events = eventsOf(body);
  const deltas = events.filter(({ type }) => type === "content_block_delta").map(({ delta }) => delta);
  const usage = { ...events.find(({ type }) => type === "message_start").message.usage };
  const end = events.find(({ type }) => type === "message_delta");
  for (const [key, value] of Object.entries(end.usage)) if (value !== null) usage[key] = value;
  const starts = events.filter(({ type, content_block }) => type === "content_block_start" && content_block.type === "tool_use");
  const calls = starts.map(({ index, content_block: { id, name } }): [string, string, string] => {
    const own = events.filter((event) => event.type === "content_block_delta" && event.index === index);
    return [id, name, joined(own, ({ delta }) => delta.partial_json) || "{}"];
  });
  const blocks = events.filter(({ type }) => type === "content_block_start").map(({ index }) => index);
  const pages = blocks.flatMap((index) => {
    const own = events.filter((event) => event.type === "content_block_delta" && event.index === index);
    return anthropicPages(
      joined(own, ({ delta }) => delta.text),
      own.flatMap(({ delta }) => delta.citation ?? []),
    );
  });
  return {
    pages,
    calls,
    text: joined(deltas, (delta) => delta.text),
    reasoning: joined(deltas, (delta) => delta.thinking),
    stop: end.delta.stop_reason,
    usage: anthropicUsage(usage),
  };
}

const anthropicUsage = (usage: Loose) => ({
  inputTokens: usage.input_tokens + (usage.cache_read_input_tokens || 0) + (usage.cache_creation_input_tokens || 0),
  outputTokens: usage.output_tokens,
  cacheReadTokens: usage.cache_read_input_tokens,
  cacheWriteTokens: usage.cache_creation_input_tokens,
  cacheWriteHourTokens: usage.cache_creation?.ephemeral_1h_input_tokens || undefined,
  reasoningTokens: usage.output_tokens_details?.thinking_tokens,
});

function expectChat(body: string, streamed: boolean): Expected {
  const usage = (given: Loose) => ({
    inputTokens: given?.prompt_tokens,
    outputTokens: given?.completion_tokens,
    cacheReadTokens: given?.prompt_tokens_details?.cached_tokens,
    cacheWriteTokens: given?.prompt_tokens_details?.cache_write_tokens,
    reasoningTokens: given?.completion_tokens_details?.reasoning_tokens,
  });
  if (!streamed) {
    const { choices, ...rest } = JSON.parse(body);
    const { message, finish_reason } = choices[0];
    const reasoning = message.reasoning ?? "";
    const made = message.tool_calls ?? [];
    return {
      calls: made.map((made: Loose) => [made.id, made.function.name, made.function.arguments]),
      text: (message.content ?? "") + (message.refusal ?? ""),
      reasoning,
      pages: openaiPages(message.content ?? "", message.annotations ?? []),
      stop: message.refusal ? "refused" : finish_reason,
      usage: usage(rest.usage),
    };
  }
  const events = eventsOf(body);
  const choices = events.flatMap((event) => event.choices);
  const refusal = joined(choices, ({ delta }) => delta.refusal);
  const pieces = choices.flatMap(({ delta }) => delta.tool_calls ?? []);
  const calls = [...new Set(pieces.map(({ index }) => index))].map((index): [string, string, string] => {
    const own = pieces.filter((piece) => piece.index === index);
    return [own[0].id, own[0].function.name, joined(own, (piece) => piece.function?.arguments)];
  });
  return {
    calls,
    pages: openaiPages(
      joined(choices, ({ delta }) => delta.content),
      choices.flatMap(({ delta }) => delta.annotations ?? []),
    ),
    text: joined(choices, ({ delta }) => delta.content) + refusal,
    reasoning: "",
    stop: refusal ? "refused" : choices.find(({ finish_reason }) => finish_reason).finish_reason,
    usage: usage(events.find((event) => event.usage)?.usage),
  };
}

function expectResponses(body: string, streamed: boolean): Expected {
  const events = streamed ? eventsOf(body) : [];
  const last = streamed ? events.at(-1).response : JSON.parse(body);
  const parts = last.output.flatMap((item: Loose) => (item.type === "message" ? item.content : []));
  const text = streamed
    ? joined(events, ({ type, delta }) => (/(output_text|refusal)\.delta$/.test(type) ? delta : ""))
    : joined(parts, (part) => part.text ?? part.refusal);
  const refused = parts.some(({ type }: Loose) => type === "refusal");
  const called = last.output.some(({ type }: Loose) => type === "function_call");
  const summaries = last.output.flatMap((item: Loose) =>
    item.type === "reasoning" ? [item.summary.map((s: Loose) => s.text).join("\n\n")] : [],
  );
  const made = last.output.filter(({ type }: Loose) => type === "function_call");
  return {
    calls: made.map((item: Loose) => [item.call_id, item.name, item.arguments]),
    pages: parts.flatMap((part: Loose) => openaiPages(part.text ?? "", part.annotations ?? [])),
    text,
    reasoning: summaries.join(""),
    stop: last.status === "incomplete" ? last.incomplete_details.reason : refused ? "refused" : called ? "function_call" : "stop",
    usage: {
      inputTokens: last.usage?.input_tokens,
      outputTokens: last.usage?.output_tokens,
      cacheReadTokens: last.usage?.input_tokens_details?.cached_tokens,
      cacheWriteTokens: last.usage?.input_tokens_details?.cache_write_tokens,
      reasoningTokens: last.usage?.output_tokens_details?.reasoning_tokens,
    },
  };
}

const finishReasons: Record<string, string> = {
  end_turn: "stop",
  stop_sequence: "stop",
  stop: "stop",
  max_tokens: "length",
  length: "length",
  max_output_tokens: "length",
  tool_use: "tool-calls",
  tool_calls: "tool-calls",
  function_call: "tool-calls",
  refusal: "refusal",
  refused: "refusal",
  content_filter: "content-filter",
  pause_turn: "paused",
};

const leaves: Record<string, string> = {
  authentication_error: "AuthenticationError",
  not_found_error: "NotFoundError",
  model_not_found: "NotFoundError",
  invalid_request_error: "BadRequestError",
};

const files: {
  file: string;
  model: (fetch: typeof globalThis.fetch) => Model;
  expected: (body: string, streamed: boolean) => Expected;
}[] = [
  { file: "anthropic", model: (fetch) => anthropic({ apiKey: "k", fetch, maxRetries: 0 })("m"), expected: expectAnthropic },
  { file: "openai-chat", model: (fetch) => openaiChat({ apiKey: "k", fetch, maxRetries: 0 })("m"), expected: expectChat },
  {
    file: "openai-compatible",
    model: (fetch) => openaiChat({ apiKey: "k", fetch, maxRetries: 0, baseURL: "http://x/v1" })("m"),
    expected: expectChat,
  },
  { file: "openai-responses", model: (fetch) => openai({ apiKey: "k", fetch, maxRetries: 0 })("m"), expected: expectResponses },
];

describe.skipIf(!folder).each(files)("$file", ({ file, model, expected }) => {
  const path = join(folder ?? ".", `${file}.jsonl`);
  const lines = existsSync(path) ? readFileSync(path, "utf8").trim().split("\n") : [];
  const exchanges = lines.map((line) => JSON.parse(line) as Exchange);

  it(`decodes all ${exchanges.length} exchanges as their bodies say`, async () => {
    expect(exchanges.length).toBeGreaterThan(0);
    let cited = 0;
    for (const { scenario, exchange, request: asked, response } of exchanges) {
      const name = `${scenario} #${exchange}`;
      const headers = { "content-type": response.contentType };
      const replayed = model(async () => new Response(response.body, { status: response.status, headers }));
      const streamed = asked.body.stream === true;
      const run = async () => (streamed ? await collect(replayed, name) : await replayed.generate(request, {}));
      if (response.status !== 200) {
        const error = await run().catch((e: unknown) => e);
        const body: Loose = JSON.parse(response.body);
        expect(error, name).toBeInstanceOf(ProviderError);
        expect(error, name).toMatchObject({ status: response.status, name: leaves[body.error.code] ?? leaves[body.error.type] });
        expect((error as Error).message, name).toContain(body.error.message);
        continue;
      }
      const want = expected(response.body, streamed);
      const got = await run();
      const texts = got.content.flatMap((part) => (part.type === "text" ? part.text : []));
      const reasoning = got.content.flatMap((part) => (part.type === "reasoning" ? part.text : []));
      expect(texts.join(""), name).toBe(want.text);
      expect(reasoning.join(""), name).toBe(want.reasoning);
      const calls = got.content.flatMap((part) => (part.type === "tool-call" ? [[part.id, part.name, part.input]] : []));
      expect(calls, name).toEqual(want.calls.map(([id, called, json]) => [id, called, json === "" ? {} : JSON.parse(json)]));
      expect(got.finishReason, name).toBe(finishReasons[want.stop]);
      const usage = Object.entries(want.usage).filter(([, value]) => value !== undefined && value !== null);
      expect(got.usage, name).toEqual(Object.fromEntries(usage));
      // The rest of what a call makes of it: the place of each page in the whole text, whichever way it came.
      const answered = call({ model: replayed }, () => "replayed");
      const { text, webCitations } = await (streamed ? answered.stream().response() : answered());
      const pages = webCitations.map(({ url, title, quote, textRange: { start, end } }) => ({
        url,
        title,
        quote,
        claim: text.slice(start, end),
      }));
      expect(pages, name).toEqual(want.pages);
      cited += pages.length;
    }
    // Anthropic's alone were recorded searching the web.
    expect(cited > 0).toBe(file === "anthropic");
  });
});

// Of the compatible servers none was recorded streaming.
describe.skipIf(!folder).each(files.filter(({ file }) => file !== "openai-compatible"))(
  "$file, its streams cut",
  ({ file, model }) => {
    const path = join(folder ?? ".", `${file}.jsonl`);
    const lines = existsSync(path) ? readFileSync(path, "utf8").trim().split("\n") : [];
    const streams = lines
      .map((line) => JSON.parse(line) as Exchange)
      .filter(({ request: asked, response }) => asked.body.stream === true && response.status === 200)
      .map(({ scenario, exchange, response }) => ({
        name: `${scenario} #${exchange}`,
        bytes: new TextEncoder().encode(response.body),
        type: response.contentType,
      }));
    /** Asks for the stream, which comes in pieces that end at these bytes; what is behind `end` does not come. */
    const replay = ({ bytes, type, name }: (typeof streams)[number], cuts: readonly number[], end = bytes.length) => {
      const places = [...new Set([...cuts.map((cut) => cut % end), end])].sort((a, b) => a - b).filter((place) => place > 0);
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          let start = 0;
          for (const place of places) {
            controller.enqueue(bytes.slice(start, place));
            start = place;
          }
          controller.close();
        },
      });
      const replayed = model(async () => new Response(body, { headers: { "content-type": type } }));
      return collect(replayed, name);
    };

    it(`reads ${streams.length} of them the same wherever they are cut`, async () => {
      for (const stream of streams) {
        const whole = await replay(stream, []);
        const everywhere = Array.from({ length: Math.min(stream.bytes.length, 3000) }, (_, i) => i);
        expect(await replay(stream, everywhere), stream.name).toEqual(whole);
      }
      await fc.assert(
        fc.asyncProperty(fc.constantFrom(...streams), fc.array(fc.nat(), { maxLength: 40 }), async (stream, cuts) => {
          expect(await replay(stream, cuts), stream.name).toEqual(await replay(stream, []));
        }),
        { numRuns: 60 },
      );
    });

    it("names the break of one that ends too early, or has all of it", async () => {
      await fc.assert(
        fc.asyncProperty(fc.constantFrom(...streams), fc.nat(), async (stream, at) => {
          const end = 1 + (at % (stream.bytes.length - 1));
          const outcome = await replay(stream, [], end).catch((error: unknown) => error);
          if (outcome instanceof Error) expect(outcome, `${stream.name} at ${end}`).toBeInstanceOf(ProviderError);
          else expect(outcome, `${stream.name} at ${end}`).toHaveProperty("finishReason");
        }),
        { numRuns: 150 },
      );
    });
  },
);

/** The streamed response; its events must spell the same text. */
async function collect(model: Model, name: string): Promise<ModelResponse> {
  let text = "";
  let reasoning = "";
  const started: [string, string][] = [];
  const inputs = new Map<string, string>();
  const calls: ToolCallPart[] = [];
  for await (const event of model.stream(request, {})) {
    if (event.type === "text") text += event.text;
    if (event.type === "reasoning") reasoning += event.text;
    if (event.type === "tool-call-start") started.push([event.id, event.name]);
    if (event.type === "tool-input") inputs.set(event.id, (inputs.get(event.id) ?? "") + event.text);
    if (event.type === "tool-call") calls.push(event.call);
    if (event.type !== "finish") continue;
    const parts = event.response.content;
    expect(text, name).toBe(parts.map((part) => (part.type === "text" ? part.text : "")).join(""));
    expect(reasoning, name).toBe(parts.map((part) => (part.type === "reasoning" ? part.text : "")).join(""));
    expect(calls, name).toEqual(parts.filter((part) => part.type === "tool-call"));
    expect(started, name).toEqual(calls.map((call) => [call.id, call.name]));
    for (const { id, input } of calls) expect(JSON.parse(inputs.get(id) ?? "{}"), name).toEqual(input);
    return event.response;
  }
  throw new Error(`${name}: no finish`);
}
