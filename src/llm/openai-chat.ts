// OpenAI's Chat Completions API and those that are compatible with it, as pure converters.
// https://platform.openai.com/docs/api-reference/chat
import type { OpenAI } from "openai";
import { InvalidResponseError } from "../errors.ts";
import type { ProviderErrorPlace } from "../util/provider-errors.ts";
import { refuseParams, type StreamDecoder } from "./connection.ts";
import type {
  FinishReason,
  ModelEvent,
  ModelRequest,
  ModelResponse,
  ReasoningPart,
  RequestMessage,
  TextPart,
  Usage,
} from "./model.ts";
import { chatAssembler } from "./openai-chat-stream.ts";
import { textOf, userTexts } from "./text.ts";

type Completion = OpenAI.Chat.ChatCompletion;
type Chunk = OpenAI.Chat.ChatCompletionChunk;

/** What compatible servers add to a message or a delta: how the model thinks, under one of two names. */
export interface ReasoningFields {
  reasoning?: string | null;
  reasoning_content?: string | null;
}

/** How the server calls the limit of the answer's length. */
export type MaxTokensField = "max_completion_tokens" | "max_tokens";

/** The body of `POST /chat/completions`. Throws a `ConfigurationError` for `topK`, which the API does not have. */
export function encodeChat(
  model: string,
  request: ModelRequest,
  maxTokensField: MaxTokensField,
): OpenAI.Chat.ChatCompletionCreateParamsNonStreaming {
  const { system, messages, params, extra } = request;
  refuseParams("The Chat Completions API", params, {
    topK: "A compatible server that has it takes it as extra: { body: { top_k: 40 } }.",
  });
  return {
    model,
    messages: [...(system === undefined ? [] : [{ role: "system" as const, content: system }]), ...messages.map(encodeMessage)],
    ...(params.maxTokens !== undefined && { [maxTokensField]: params.maxTokens }),
    ...(params.temperature !== undefined && { temperature: params.temperature }),
    ...(params.topP !== undefined && { top_p: params.topP }),
    ...(params.seed !== undefined && { seed: params.seed }),
    ...(params.stopSequences !== undefined && { stop: params.stopSequences }),
    ...extra?.body,
  };
}

/** Text goes as one string: not every compatible server takes a list of parts. */
function encodeMessage(message: RequestMessage): OpenAI.Chat.ChatCompletionMessageParam {
  if (message.role === "assistant") return { role: "assistant", content: textOf(message) };
  return { role: "user", content: userTexts(message).join("\n\n") };
}

/** A completion as our response. Throws an `InvalidResponseError` for one without a choice. */
export function decodeChat(raw: Completion, place: ProviderErrorPlace, requestId?: string): ModelResponse<Completion> {
  const choice = raw.choices?.[0];
  if (choice?.message === undefined) {
    throw new InvalidResponseError(`${place.provider} sent a completion without a choice.`, { ...place, raw, requestId });
  }
  const message: OpenAI.Chat.ChatCompletionMessage & ReasoningFields = choice.message;
  const reasoning = message.reasoning_content ?? message.reasoning;
  const content: (TextPart | ReasoningPart)[] = [];
  if (reasoning) content.push({ type: "reasoning", text: reasoning });
  const text = contentText(message.content) + (message.refusal ?? "");
  if (text !== "") content.push({ type: "text", text });
  return {
    model: raw.model,
    content,
    finishReason: message.refusal ? "refusal" : finishReason(choice.finish_reason),
    usage: decodeUsage(raw.usage),
    requestId,
    raw,
  };
}

/** Mistral sends a list of parts for models that reason. */
function contentText(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content.map((part: { type?: string; text?: string }) => (part.type === "text" ? (part.text ?? "") : "")).join("");
}

const finishReasons = new Map<string, FinishReason>([
  ["stop", "stop"],
  ["eos", "stop"],
  ["length", "length"],
  ["tool_calls", "tool-calls"],
  ["function_call", "tool-calls"],
  ["content_filter", "content-filter"],
]);

function finishReason(reason: string | null | undefined): FinishReason {
  return finishReasons.get(reason ?? "") ?? "other";
}

function decodeUsage(usage: OpenAI.CompletionUsage | null | undefined): Usage {
  if (!usage) return {};
  const input = usage.prompt_tokens_details;
  const reasoning = usage.completion_tokens_details?.reasoning_tokens;
  return {
    inputTokens: usage.prompt_tokens,
    outputTokens: usage.completion_tokens,
    ...(typeof input?.cached_tokens === "number" && { cacheReadTokens: input.cached_tokens }),
    ...(typeof input?.cache_write_tokens === "number" && { cacheWriteTokens: input.cache_write_tokens }),
    ...(typeof reasoning === "number" && { reasoningTokens: reasoning }),
  };
}

/** Decodes one stream. Usage comes after the finish reason, so the response is complete only when the events end. */
export function chatDecoder(place: ProviderErrorPlace, requestId: () => string | undefined): StreamDecoder<Chunk, Completion> {
  const assembler = chatAssembler();
  return {
    push(chunk) {
      assembler.add(chunk);
      const events: ModelEvent<Completion>[] = [];
      const delta: (Chunk["choices"][number]["delta"] & ReasoningFields) | undefined = chunk.choices?.[0]?.delta;
      const reasoning = delta?.reasoning_content ?? delta?.reasoning;
      if (reasoning) events.push({ type: "reasoning", text: reasoning });
      const text = contentText(delta?.content) + (delta?.refusal ?? "");
      if (text !== "") events.push({ type: "text", text });
      return events;
    },
    end() {
      const raw = assembler.completion();
      return raw === undefined ? [] : [{ type: "text-end" }, { type: "finish", response: decodeChat(raw, place, requestId()) }];
    },
  };
}
