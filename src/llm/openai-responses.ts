// OpenAI's Responses API, as pure converters: our request to theirs, their response and stream events to ours.
// https://platform.openai.com/docs/api-reference/responses
import type { OpenAI } from "openai";
import { InvalidResponseError } from "../errors.ts";
import { httpError, type ProviderErrorPlace } from "../util/provider-errors.ts";
import { refuseParams, type StreamDecoder } from "./connection.ts";
import type { FinishReason, ModelRequest, ModelResponse, ReasoningPart, RequestMessage, TextPart, Usage } from "./model.ts";
import { textOf, userTexts } from "./text.ts";

type Response = OpenAI.Responses.Response;
type StreamEvent = OpenAI.Responses.ResponseStreamEvent;
type Item = OpenAI.Responses.ResponseOutputItem;

/** The body of `POST /responses`. Throws a `ConfigurationError` for `topK`, `seed` and `stopSequences`, which the API does not have. */
export function encodeResponses(model: string, request: ModelRequest): OpenAI.Responses.ResponseCreateParamsNonStreaming {
  const { system, messages, params, extra } = request;
  const instead = "Leave it out, or use openaiChat() or another provider that has it.";
  refuseParams("OpenAI's Responses API", params, { topK: instead, seed: instead, stopSequences: instead });
  return {
    model,
    ...(system !== undefined && { instructions: system }),
    input: messages.map(encodeMessage),
    ...(params.maxTokens !== undefined && { max_output_tokens: params.maxTokens }),
    ...(params.temperature !== undefined && { temperature: params.temperature }),
    ...(params.topP !== undefined && { top_p: params.topP }),
    ...extra?.body,
  };
}

/** Reasoning of earlier turns is not sent back: the API takes it only together with the very items that followed it. */
function encodeMessage(message: RequestMessage): OpenAI.Responses.EasyInputMessage {
  if (message.role === "assistant") return { role: "assistant", content: textOf(message) };
  const texts = userTexts(message);
  return { role: "user", content: texts.length === 1 ? texts[0]! : texts.map((text) => ({ type: "input_text", text })) };
}

/** A response of the API as ours. Throws a `ProviderError` for one that failed. */
export function decodeResponse(raw: Response, place: ProviderErrorPlace, requestId?: string): ModelResponse<Response> {
  if (raw.error) throw httpError({ body: { error: raw.error } }, place);
  if (!Array.isArray(raw.output))
    throw new InvalidResponseError(`${place.provider} sent a response without output.`, { ...place, raw });
  return {
    model: raw.model,
    content: raw.output.flatMap(decodeItem),
    finishReason: finishReason(raw),
    usage: decodeUsage(raw.usage),
    requestId,
    raw,
  };
}

function decodeItem(item: Item): (TextPart | ReasoningPart)[] {
  if (item.type === "message") {
    return item.content.map((part) => ({ type: "text", text: part.type === "refusal" ? part.refusal : part.text }));
  }
  if (item.type !== "reasoning") return [];
  const texts = item.content?.length ? item.content : item.summary;
  return [{ type: "reasoning", text: texts.map(({ text }) => text).join("\n\n"), raw: item }];
}

function finishReason(raw: Response): FinishReason {
  if (raw.status === "incomplete") {
    const reason = raw.incomplete_details?.reason;
    return reason === "max_output_tokens" ? "length" : reason === "content_filter" ? "content-filter" : "other";
  }
  if (raw.output.some((item) => item.type === "message" && item.content.some((part) => part.type === "refusal")))
    return "refusal";
  if (raw.output.some((item) => item.type === "function_call" || item.type === "custom_tool_call")) return "tool-calls";
  return raw.status === undefined || raw.status === "completed" ? "stop" : "other";
}

function decodeUsage(usage: OpenAI.Responses.ResponseUsage | null | undefined): Usage {
  if (!usage) return {};
  // Compatible servers and older recordings lack the details that the SDK's types promise.
  const input = usage.input_tokens_details as Partial<OpenAI.Responses.ResponseUsage.InputTokensDetails> | undefined;
  const output = usage.output_tokens_details as Partial<OpenAI.Responses.ResponseUsage.OutputTokensDetails> | undefined;
  return {
    inputTokens: usage.input_tokens,
    outputTokens: usage.output_tokens,
    ...(typeof input?.cached_tokens === "number" && { cacheReadTokens: input.cached_tokens }),
    ...(typeof input?.cache_write_tokens === "number" && { cacheWriteTokens: input.cache_write_tokens }),
    ...(typeof output?.reasoning_tokens === "number" && { reasoningTokens: output.reasoning_tokens }),
  };
}

/** The SDK puts `output_text` on a response that did not come as a stream; its type promises it for both. */
function withOutputText(raw: Response): Response {
  const parts = (raw.output ?? []).flatMap((item) => (item.type === "message" ? item.content : []));
  return { ...raw, output_text: parts.map((part) => (part.type === "output_text" ? part.text : "")).join("") };
}

/** Decodes one stream. The last event carries the whole response, which is what `finish` holds. */
export function responsesDecoder(
  place: ProviderErrorPlace,
  requestId: () => string | undefined,
): StreamDecoder<StreamEvent, Response> {
  return {
    push(event) {
      switch (event.type) {
        case "response.output_text.delta":
        case "response.refusal.delta":
          return [{ type: "text", text: event.delta }];
        case "response.output_text.done":
        case "response.refusal.done":
          return [{ type: "text-end" }];
        case "response.reasoning_summary_part.added":
          return event.summary_index > 0 ? [{ type: "reasoning", text: "\n\n" }] : [];
        case "response.reasoning_summary_text.delta":
        case "response.reasoning_text.delta":
          return [{ type: "reasoning", text: event.delta }];
        case "response.completed":
        case "response.incomplete":
          return [{ type: "finish", response: decodeResponse(withOutputText(event.response), place, requestId()) }];
        case "response.failed":
          throw httpError({ body: { error: event.response.error ?? { message: "the response failed" } } }, place);
        case "error":
          throw httpError({ body: { error: { message: event.message, code: event.code } } }, place);
        default:
          return [];
      }
    },
  };
}
