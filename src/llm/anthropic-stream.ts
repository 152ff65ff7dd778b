// The events of Anthropic's stream, as a pure converter: each becomes ours, and all together the message they spell.
// https://docs.anthropic.com/en/docs/build-with-claude/streaming
import type { Anthropic } from "@anthropic-ai/sdk";
import { InvalidResponseError } from "../errors.ts";
import type { ProviderErrorPlace } from "../util/provider-errors.ts";
import { decodeCitation, decodeMessage } from "./anthropic-messages.ts";
import type { StreamDecoder } from "./connection.ts";
import type { ModelEvent, SourcePart } from "./model.ts";

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

  function* delta(block: Anthropic.ContentBlock, index: number, change: Delta): Generator<ModelEvent<Anthropic.Message>> {
    if (change.type === "text_delta" && block.type === "text") {
      block.text += change.text;
      yield { type: "text", text: change.text };
    } else if (change.type === "citations_delta" && block.type === "text") {
      block.citations = [...(block.citations ?? []), change.citation];
      const citation = decodeCitation(change.citation, sources);
      if (citation !== undefined) yield { type: "native-citation", citation };
    } else if (change.type === "thinking_delta" && block.type === "thinking") {
      block.thinking += change.thinking;
      yield { type: "reasoning", text: change.thinking };
    } else if (change.type === "signature_delta" && block.type === "thinking") {
      block.signature = change.signature;
    } else if (change.type === "input_json_delta") {
      inputs.set(index, (inputs.get(index) ?? "") + change.partial_json);
    }
  }

  return {
    *push(event) {
      if (event.type === "message_start") {
        message = structuredClone(event.message);
        return;
      }
      if (message === undefined)
        throw new InvalidResponseError(`${place.provider} sent "${event.type}" before "message_start".`, { ...place });
      if (event.type === "content_block_start") {
        message.content[event.index] = structuredClone(event.content_block);
        if (event.content_block.type === "text" && event.content_block.text !== "")
          yield { type: "text", text: event.content_block.text };
      } else if (event.type === "content_block_delta") {
        const block = message.content[event.index];
        if (block !== undefined) yield* delta(block, event.index, event.delta);
      } else if (event.type === "content_block_stop") {
        const block = message.content[event.index];
        const json = inputs.get(event.index);
        if (block !== undefined && json !== undefined && "input" in block) block.input = parseInput(json);
        if (block?.type === "text") yield { type: "text-end" };
      } else if (event.type === "message_delta") {
        Object.assign(message, event.delta);
        // Counts are totals so far, and what a later event leaves out or gives as null stands as it was.
        const counted = Object.entries(event.usage ?? {}).filter(([, value]) => value !== null && value !== undefined);
        Object.assign(message.usage, Object.fromEntries(counted));
      } else if (event.type === "message_stop") {
        yield { type: "finish", response: decodeMessage(message, sources, place, requestId()) };
      }
    },
  };
}

/** A tool's input that the model did not finish (the answer hit its limit) is kept as the text it is. */
function parseInput(json: string): unknown {
  try {
    return json === "" ? {} : (JSON.parse(json) as unknown);
  } catch {
    return json;
  }
}
