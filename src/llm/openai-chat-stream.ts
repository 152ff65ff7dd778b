// Puts a chat completion together from the chunks of its stream, so that `raw` of a stream looks like `raw` of a plain call.
import type { OpenAI } from "openai";

type Completion = OpenAI.Chat.ChatCompletion;
type Chunk = OpenAI.Chat.ChatCompletionChunk;
type Fields = Record<string, unknown>;

/** Takes the chunks in order; `completion` is `undefined` until one has said why the model stopped. */
export function chatAssembler(): { add(chunk: Chunk): void; completion(): Completion | undefined } {
  const head: Fields = {};
  const choices: Fields[] = [];
  return {
    add(chunk) {
      // Loops over keys, and no copies: this is done for each token.
      const fields = chunk as unknown as Fields;
      for (const key in fields) {
        const value = fields[key];
        if (key !== "choices" && key !== "object" && value !== null && value !== undefined) head[key] = value;
      }
      for (const delta of (chunk.choices ?? []) as unknown as Fields[]) {
        const index = delta.index as number;
        choices[index] ??= { index, message: {} };
        const choice = choices[index];
        for (const key in delta)
          if (key !== "index" && key !== "delta" && (delta[key] !== null || !(key in choice))) choice[key] = delta[key];
        merge(choice.message as Fields, delta.delta as Fields | undefined);
      }
    },
    completion() {
      if (!choices[0]?.finish_reason) return undefined;
      const complete = choices.map((choice) => ({
        logprobs: null,
        ...choice,
        message: { role: "assistant", content: null, refusal: null, ...withoutIndices(choice.message as Fields) },
      }));
      // The one cast: built field by field from chunks, whose fields are the completion's.
      return { ...head, object: "chat.completion", choices: complete } as unknown as Completion;
    },
  };
}

/** Texts grow, lists are merged by their members' `index`, anything else is replaced. */
function merge(into: Fields, delta: Fields | undefined): void {
  for (const key in delta) {
    const value = delta[key];
    const present = into[key];
    if (value === null || value === undefined) into[key] ??= value;
    else if (typeof value === "string" && typeof present === "string" && !isFixed(key)) into[key] = present + value;
    else if (Array.isArray(value)) into[key] = mergeList(asList(present), value);
    else if (Array.isArray(present) && typeof value === "string") present.push(...asList(value));
    else if (typeof value === "object" && isFields(present)) merge(present, value as Fields);
    else into[key] = structuredClone(value);
  }
}

/** Mistral's content is text at one time and a list of parts at another. */
function asList(present: unknown): unknown[] {
  if (Array.isArray(present)) return present;
  return typeof present === "string" && present !== "" ? [{ type: "text", text: present }] : [];
}

/** Strings that are sent whole, and by some servers in every chunk. */
function isFixed(key: string): boolean {
  return key === "role" || key === "id" || key === "type" || key === "name" || key === "format";
}

function mergeList(present: unknown[], values: unknown[]): unknown[] {
  for (const value of values) {
    const begun = isFields(value) && typeof value.index === "number" ? present.find((each) => isSame(each, value)) : undefined;
    if (isFields(begun)) merge(begun, value as Fields);
    else present.push(structuredClone(value));
  }
  return present;
}

/** Blocks of different types may bear the same number. */
function isSame(begun: unknown, piece: Fields): boolean {
  if (!isFields(begun) || begun.index !== piece.index) return false;
  return begun.type === piece.type || piece.type === undefined || piece.type === null || begun.type === undefined;
}

function withoutIndices(message: Fields): Fields {
  const calls = message.tool_calls;
  if (!Array.isArray(calls)) return message;
  return { ...message, tool_calls: calls.map(({ index: _, ...call }: Fields) => call) };
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
