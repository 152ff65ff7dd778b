// The events of OpenAI's Responses API, as a pure converter: each becomes ours, and the last has the whole response.
// https://platform.openai.com/docs/api-reference/responses-streaming
import type { OpenAI } from "openai";
import { httpError, type ProviderErrorPlace } from "../util/provider-errors.ts";
import type { StreamDecoder } from "./connection.ts";
import { decodeResponse, toolCall, urlCitations } from "./openai-responses.ts";
import { webCitations } from "./openai-web.ts";

type Response = OpenAI.Responses.Response;
type StreamEvent = OpenAI.Responses.ResponseStreamEvent;

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
  /** The pieces of a call's arguments name its item; everything else, the call. */
  const calls = new Map<string, string>();
  const here = () => ({ ...place, requestId: requestId() });
  /** Of the text that is being written. */
  const annotations: unknown[] = [];
  return {
    push(event) {
      switch (event.type) {
        case "response.output_text.delta":
        case "response.refusal.delta":
          return [{ type: "text", text: event.delta }];
        case "response.output_text.annotation.added":
          annotations.push(event.annotation);
          return [];
        case "response.output_text.done": {
          const pages = webCitations(event.text, urlCitations(annotations.splice(0)));
          return [...pages.map((citation) => ({ type: "web-citation" as const, citation })), { type: "text-end" }];
        }
        case "response.refusal.done":
          return [{ type: "text-end" }];
        case "response.reasoning_summary_part.added":
          return event.summary_index > 0 ? [{ type: "reasoning", text: "\n\n" }] : [];
        case "response.reasoning_summary_text.delta":
        case "response.reasoning_text.delta":
          return [{ type: "reasoning", text: event.delta }];
        case "response.output_item.added": {
          const { item } = event;
          if (item.type !== "function_call" && item.type !== "custom_tool_call") return [];
          calls.set(item.id ?? "", item.call_id);
          return [{ type: "tool-call-start", id: item.call_id, name: item.name }];
        }
        case "response.function_call_arguments.delta":
        case "response.custom_tool_call_input.delta":
          return [{ type: "tool-input", id: calls.get(event.item_id) ?? "", text: event.delta }];
        case "response.output_item.done": {
          const { item } = event;
          return item.type === "function_call" || item.type === "custom_tool_call"
            ? [{ type: "tool-call", call: toolCall(item) }]
            : [];
        }
        case "response.completed":
        case "response.incomplete":
          return [{ type: "finish", response: decodeResponse(withOutputText(event.response), place, requestId()) }];
        case "response.failed":
          throw httpError({ body: { error: event.response.error ?? { message: "the response failed" } } }, here());
        case "error":
          throw httpError({ body: { error: { message: event.message, code: event.code } } }, here());
        default:
          return [];
      }
    },
  };
}
