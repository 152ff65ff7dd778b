// What servers that speak Chat Completions do otherwise than OpenAI: how they say what a model thought, and how they tell tool calls apart.
import { randomUUID } from "node:crypto";
import type { OpenAI } from "openai";
import { contentHash } from "../util/hash.ts";
import type { ReasoningPart } from "./model.ts";

/** What such servers add to a message or a delta: how the model thinks. */
export interface ReasoningFields {
  reasoning?: string | null;
  reasoning_content?: string | null;
  /** OpenRouter: blocks with signatures, which models want to see again. */
  reasoning_details?: unknown[] | null;
}

type Message = ReasoningFields & { content?: unknown };

/** What the model thought, in the words that are new. Mistral puts them among the parts of the content. */
export function reasoningText({ reasoning_content, reasoning, content }: Message): string {
  const own = reasoning_content ?? reasoning;
  if (own || !Array.isArray(content)) return own ?? "";
  const parts = content as { type?: string; thinking?: { text?: string }[] }[];
  return parts
    .flatMap(({ type, thinking }) => (type === "thinking" ? (thinking ?? []) : []))
    .map(({ text }) => text ?? "")
    .join("");
}

/** Text, which Mistral sends as a list of parts for models that reason. */
export function contentText(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content.map((part: { type?: string; text?: string }) => (part.type === "text" ? (part.text ?? "") : "")).join("");
}

/** The reasoning of a message, with what goes back to the server. */
export function reasoningPart(message: Message): ReasoningPart | undefined {
  const text = reasoningText(message);
  const { reasoning_details, reasoning_content } = message;
  const raw = reasoning_details?.length ? { reasoning_details } : reasoning_content ? { reasoning_content } : undefined;
  return text === "" && raw === undefined ? undefined : { type: "reasoning", text, ...(raw !== undefined && { raw }) };
}

/**
 * What of it goes into the turn that is sent back: signed blocks always; words (DeepSeek, Kimi) where tools were called, since they are asked for
 * there and refused elsewhere.
 */
export function reasoningBack({ raw }: ReasoningPart, hasCalls: boolean): ReasoningFields {
  const fields = (raw ?? {}) as ReasoningFields;
  if (!fields.reasoning_details) return hasCalls ? fields : {};
  return { reasoning_details: (fields.reasoning_details as ({ id?: unknown } | null)[]).map(withoutStoredId) };
}

/** OpenRouter keeps nothing of OpenAI's under these ids, and a request with one fails. */
function withoutStoredId(block: { id?: unknown } | null): unknown {
  if (typeof block?.id !== "string" || !block.id.startsWith("rs_")) return block;
  const { id: _, ...rest } = block;
  return rest;
}

type CallPiece = OpenAI.Chat.ChatCompletionChunk.Choice.Delta.ToolCall;

/**
 * Numbers the pieces of one stream's tool calls by the call that they belong to, and names calls that have no id. Servers that send calls whole
 * number all of them 0 (Gemini), or none.
 */
export function callPlaces(): (piece: CallPiece) => void {
  const calls: { index: number | undefined; id: string }[] = [];
  return (piece) => {
    const index = piece.index as number | undefined;
    const at = calls.findLastIndex((call) => index === undefined || call.index === index);
    const begins = at === -1 || (piece.function?.name && piece.id ? piece.id !== calls[at]?.id : false);
    if (begins) {
      piece.id = callId(piece.id);
      calls.push({ index, id: piece.id });
    } else if (piece.id) piece.id = (calls[at] as { id: string }).id;
    piece.index = begins ? calls.length - 1 : at;
  };
}

/** The id under which a call is sent. Mistral takes nine letters and digits, so others' are made into such. */
export function sentCallId(id: string, provider: string): string {
  return provider !== "mistral" || /^[a-zA-Z0-9]{9}$/.test(id) ? id : contentHash(id).slice(0, 9);
}

/** The server's, or one of our own: a call has to be told from others when its result goes back. */
export function callId(id: string | null | undefined): string {
  return id || `call_${randomUUID()}`;
}
