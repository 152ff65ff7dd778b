// What calls infer, and what must not compile. Checked by tsc; never run.
import type { Anthropic } from "@anthropic-ai/sdk";
import type { OpenAI } from "openai";
import { z } from "zod";
import { anthropic } from "../../src/llm/anthropic.ts";
import { call } from "../../src/llm/call.ts";
import { type ExtractiveRaw, extractive } from "../../src/llm/extractive.ts";
import { openai, openaiChat } from "../../src/llm/openai.ts";
import { tool } from "../../src/llm/tool.ts";

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
