// What calls infer, and what must not compile. Checked by tsc; never run.
import type { Anthropic } from "@anthropic-ai/sdk";
import type { OpenAI } from "openai";
import { z } from "zod";
import { anthropic } from "../../src/llm/anthropic.ts";
import { call } from "../../src/llm/call.ts";
import { type ExtractiveRaw, extractive } from "../../src/llm/extractive.ts";
import type { ToolCall } from "../../src/llm/inferred.ts";
import type { ToolCallPart } from "../../src/llm/model.ts";
import { openai, openaiChat } from "../../src/llm/openai.ts";
import type { CallResponse } from "../../src/llm/response.ts";
import { searchTool } from "../../src/llm/search-tool.ts";
import { type AnyTool, providerTool, tool } from "../../src/llm/tool.ts";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function is<_T extends true>(): void {}

interface Hit {
  text: string;
  score: number;
  document: { slug: string };
}
declare const hits: Hit[];

export async function inferred(): Promise<void> {
  const ask = call({ model: "anthropic/claude-sonnet-5-5" }, async (question: string, limit = 8) => ({
    system: "Answer from the sources alone.",
    sources: hits.slice(0, limit),
    messages: question,
  }));
  is<Equal<Parameters<typeof ask>, [question: string, limit?: number | undefined]>>();
  const answer = await ask("How?");
  is<Equal<(typeof answer.citations)[number]["source"], Hit>>();
  is<Equal<typeof answer.raw, Anthropic.Message>>();
  answer.citations[0]?.source.document.slug satisfies string | undefined;

  const other = await ask.with({ model: "openai/gpt-5-mini" })("How?", 3);
  is<Equal<typeof other.raw, OpenAI.Responses.Response>>();
  const same = await ask.with({ temperature: 0 })("How?");
  is<Equal<typeof same.raw, Anthropic.Message>>();
  for await (const event of ask.stream("How?")) {
    if (event.type === "citation") is<Equal<typeof event.citation.source, Hit>>();
    if (event.type === "finish") is<Equal<typeof event.response.raw, Anthropic.Message>>();
  }

  const Book = z.object({ title: z.string(), year: z.number().optional() });
  const book = await call({ model: "openai/gpt-5", output: Book }, () => "Hi")();
  is<Equal<typeof book.output, { title: string; year?: number | undefined }>>();
  is<Equal<typeof book.raw, OpenAI.Responses.Response>>();
  is<Equal<typeof answer.output, undefined>>();
  const own = await call({ model: "groq/x" }, () => ({ messages: "Hi", output: z.array(z.string()) }))();
  is<Equal<typeof own.output, string[]>>();
  is<Equal<typeof own.raw, OpenAI.Chat.ChatCompletion>>();
  const later = await ask.with({ output: Book })("How?");
  is<Equal<typeof later.output.title, string>>();
  const resumed = await book.resume("And another?");
  is<Equal<typeof resumed.output.title, string>>();
  tool({ name: "x", input: Book, run: ({ title }) => title satisfies string });

  const chat = await call({ model: "openai-chat/gpt-4o" }, () => "Hi")();
  is<Equal<typeof chat.raw, OpenAI.Chat.ChatCompletion>>();
  is<Equal<(typeof chat.citations)[number]["source"]["text"], string>>();
  const quoted = await call({ model: "extractive" }, () => "Hi")();
  is<Equal<typeof quoted.raw, ExtractiveRaw>>();
  const name: string = "openai/gpt-5";
  const unknown = await call({ model: name }, () => "Hi")();
  is<Equal<typeof unknown.raw, unknown>>();

  is<Equal<Awaited<ReturnType<typeof fromValue>>["raw"], Anthropic.Message>>();
  const chosen = await call({ model: openai()("gpt-5") }, (big: boolean) => ({
    messages: "Hi",
    model: big ? anthropic()("big") : openaiChat()("small"),
  }))(true);
  is<Equal<typeof chosen.raw, OpenAI.Responses.Response | Anthropic.Message | OpenAI.Chat.ChatCompletion>>();
  const inPrompt = await call({}, () => ({ messages: "Hi", model: extractive() }))();
  is<Equal<typeof inPrompt.raw, ExtractiveRaw>>();

  // History of an earlier call goes into the next as it is, and so does what was parsed from JSON as messages.
  call({ model: "extractive" }, () => [...answer.messages, { role: "user", content: "And?" }]);
  call({ model: "extractive" }, () => ({ messages: [{ role: "user", content: "And?" }], sources: undefined }));
}

const lookUp = tool({
  name: "look_up",
  input: z.object({ title: z.string(), copies: z.coerce.number().default(1) }),
  run: ({ title, copies }) => [title satisfies string, copies satisfies number],
});
const book = tool({ name: "book", input: z.object({ seat: z.number() }) });
const now = tool({ name: "now", run: () => "noon" });

export async function toolCalls(): Promise<void> {
  // The calls of the tools that were given, told apart by name. Arguments are what the schema takes, since nothing has checked them.
  const ask = call({ model: "openai/gpt-5", tools: [lookUp, book, now, providerTool({ type: "web_search" })] }, (q: string) => q);
  const answer = await ask("?");
  const [first] = answer.toolCalls;
  is<Equal<NonNullable<typeof first>["name"], "look_up" | "book" | "now">>();
  if (first?.name === "look_up") is<Equal<typeof first.input, { title: string; copies?: unknown }>>();
  if (first?.name === "book") is<Equal<typeof first.input, { seat: number }>>();
  if (first?.name === "now") is<Equal<typeof first.input, Record<string, never>>>();
  const next = await answer.resume(await answer.runTools());
  is<Equal<typeof next.toolCalls, typeof answer.toolCalls>>();
  for await (const event of ask.stream("?")) {
    if (event.type === "tool-call-start") is<Equal<typeof event.name, "look_up" | "book" | "now">>();
    if (event.type === "tool-call" && event.call.name === "book") event.call.input.seat satisfies number;
    if (event.type === "finish") is<Equal<typeof event.response.toolCalls, typeof answer.toolCalls>>();
  }

  // Tools that the prompt makes for its arguments, and those of a list that is only known when it runs.
  const made = await call({ model: "openai/gpt-5" }, (rows: number) => ({ messages: "?", tools: rows > 1 ? [book] : [now] }))(2);
  is<Equal<(typeof made.toolCalls)[number]["name"], "book" | "now">>();
  const some: AnyTool[] = [lookUp, book];
  const any = await call({ model: "openai/gpt-5", tools: some }, () => "?")();
  is<Equal<(typeof any.toolCalls)[number]["input"], unknown>>();
  const none = await call({ model: "openai/gpt-5" }, () => "?")();
  is<Equal<typeof none.toolCalls, ToolCallPart[]>>();
  const found = await call({ model: "openai/gpt-5", tools: [searchTool({ search: async () => [] })] }, () => "?")();
  is<Equal<(typeof found.toolCalls)[number]["input"], { query: string }>>();

  // with() puts other tools in their place and leaves the other types as they were.
  const other = await ask.with({ tools: [book] })("?");
  is<Equal<typeof other.toolCalls, ToolCall<"book", { seat: number }>[]>>();
  is<Equal<typeof other.raw, OpenAI.Responses.Response>>();
  const cooler = await ask.with({ temperature: 0 })("?");
  is<Equal<typeof cooler.toolCalls, typeof answer.toolCalls>>();
  // What with() says goes before what the prompt returns.
  const both = call({ model: "openai/gpt-5" }, () => ({ messages: "?", output: z.string() })).with({ output: z.number() });
  is<Equal<Awaited<ReturnType<typeof both>>["output"], number>>();
  // Any call's response and events are a response and events.
  answer satisfies CallResponse;
  (await ask.stream("?").response()) satisfies CallResponse;
}

export async function refusedOfToolCalls(): Promise<void> {
  const answer = await call({ model: "openai/gpt-5", tools: [lookUp, book] }, () => "?")();
  for (const made of answer.toolCalls) {
    // @ts-expect-error no such tool among them
    if (made.name === "boook") return;
    // @ts-expect-error only known once the name is
    made.input.seat;
    // @ts-expect-error another tool's argument
    if (made.name === "book") made.input.title;
    // @ts-expect-error a number has no such method
    if (made.name === "book") made.input.seat.trim();
  }
  // @ts-expect-error a tool has a name
  tool({ input: z.object({}), run: () => 1 });
  // @ts-expect-error an input is a schema
  tool({ name: "x", input: { type: "object" } });
  // @ts-expect-error tools are tools
  call({ model: "openai/gpt-5", tools: [{ name: "x" }] }, () => "?");
  // @ts-expect-error tools are a list
  call({ model: "openai/gpt-5", tools: lookUp }, () => "?");
}

function fromValue() {
  return call({ model: anthropic()("claude-sonnet-5-5") }, () => "Hi")();
}

export function refused(): void {
  const ask = call({ model: "extractive" }, (question: string) => question);
  // @ts-expect-error the prompt takes a string
  ask(1);
  // @ts-expect-error the prompt takes an argument
  ask();
  // @ts-expect-error no such setting
  call({ model: "extractive", temprature: 1 }, () => "Hi");
  // @ts-expect-error a tool's run takes what its schema gives
  tool({ name: "x", input: z.object({ a: z.number() }), run: ({ b }) => b });
  // @ts-expect-error an output is a schema
  call({ model: "extractive", output: { type: "object" } }, () => "Hi");
  // @ts-expect-error no such setting
  ask.with({ top_p: 1 });
  // @ts-expect-error a prompt returns messages
  call({ model: "extractive" }, () => 5);
  // @ts-expect-error a config has messages
  call({ model: "extractive" }, () => ({ system: "S" }));
  // @ts-expect-error a source has a text
  call({ model: "extractive" }, () => ({ messages: "Hi", sources: [{ title: "no text" }] }));
  // @ts-expect-error no such role
  call({ model: "extractive" }, () => [{ role: "robot", content: "Hi" }]);
  // @ts-expect-error a model is a name or a model
  call({ model: 5 }, () => "Hi");
  // @ts-expect-error Anthropic's client has no responses
  openai({ client: {} as Anthropic });
}
