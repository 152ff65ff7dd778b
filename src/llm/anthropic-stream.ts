// The events of Anthropic's stream, as a pure converter: each becomes ours, and all together the message they spell.
// https://docs.anthropic.com/en/docs/build-with-claude/streaming
import type { Anthropic } from "@anthropic-ai/sdk";
import { InvalidResponseError } from "../errors.ts";
import type { ProviderErrorPlace } from "../util/provider-errors.ts";
import { decodeCitation, decodeMessage, decodeWebCitation, toolCall } from "./anthropic-messages.ts";
import type { StreamDecoder } from "./connection.ts";
import type { ModelEvent, SourcePart } from "./model.ts";
import { parseInput } from "./text.ts";

type StreamEvent = Anthropic.RawMessageStreamEvent;
type Delta = Anthropic.RawContentBlockDelta;

/** Decodes one stream; `sources` are those of the request. `finish` comes with `message_stop`. */
export function messagesDecoder(
  sources: readonly SourcePart[],
  place: ProviderErrorPlace,
  requestId: () => string | undefined,
): StreamDecoder<StreamEvent, Anthropic.Message> {
  let message: Anthropic.Message | undefined;
  const inputs = new Map<number, string>();

  function delta(block: Anthropic.ContentBlock, index: number, change: Delta): ModelEvent<Anthropic.Message>[] {
    if (change.type === "text_delta" && block.type === "text") {
      block.text += change.text;
      return [{ type: "text", text: change.text }];
    }
    if (change.type === "citations_delta" && block.type === "text") {
      block.citations = [...(block.citations ?? []), change.citation];
      const citation = decodeCitation(change.citation, sources);
      if (citation !== undefined) return [{ type: "native-citation", citation }];
      const page = decodeWebCitation(change.citation);
      return page === undefined ? [] : [{ type: "web-citation", citation: page }];
    }
    if (change.type === "thinking_delta" && block.type === "thinking") {
      block.thinking += change.thinking;
      return [{ type: "reasoning", text: change.thinking }];
    }
    if (change.type === "signature_delta" && block.type === "thinking") block.signature = change.signature;
    if (change.type === "input_json_delta") {
      inputs.set(index, (inputs.get(index) ?? "") + change.partial_json);
      if (block.type === "tool_use" && change.partial_json !== "")
        return [{ type: "tool-input", id: block.id, text: change.partial_json }];
    }
    return [];
  }

  return {
    push(event) {
      // Pings, and what may be new.
      if (!event.type.startsWith("message_") && !event.type.startsWith("content_block_")) return [];
      if (event.type === "message_start") message = structuredClone(event.message);
      if (message === undefined)
        throw new InvalidResponseError(`${place.provider} sent "${event.type}" before "message_start".`, { ...place });
      switch (event.type) {
        case "content_block_start": {
          message.content[event.index] = structuredClone(event.content_block);
          const { content_block: block } = event;
          if (block.type === "tool_use") return [{ type: "tool-call-start", id: block.id, name: block.name }];
          return block.type === "text" && block.text !== "" ? [{ type: "text", text: block.text }] : [];
        }
        case "content_block_delta": {
          const block = message.content[event.index];
          return block === undefined ? [] : delta(block, event.index, event.delta);
        }
        case "content_block_stop": {
          const block = message.content[event.index];
          const json = inputs.get(event.index);
          if (block !== undefined && json !== undefined && "input" in block) block.input = parseInput(json);
          if (block?.type === "tool_use") return [{ type: "tool-call", call: toolCall(block) }];
          return block?.type === "text" ? [{ type: "text-end" }] : [];
        }
        case "message_delta": {
          Object.assign(message, event.delta);
          // Counts are totals so far, and what a later event leaves out or gives as null stands as it was.
          const counted = Object.entries(event.usage ?? {}).filter(([, value]) => value !== null && value !== undefined);
          Object.assign(message.usage, Object.fromEntries(counted));
          return [];
        }
        case "message_stop":
          return [{ type: "finish", response: decodeMessage(message, sources, place, requestId()) }];
        default:
          return [];
      }
    },
  };
}
