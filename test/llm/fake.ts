// A model that says what it is told and remembers what it was asked.
import type { Model, ModelEvent, ModelOptions, ModelRequest, ModelResponse } from "../../src/llm/model.ts";

export interface FakeModel extends Model<{ fake: true }> {
  requests: ModelRequest[];
  signals: (AbortSignal | undefined)[];
}

/** `content` is the answer; a string is one part of text, streamed in pieces of three units. */
export function fake(
  content: string | ModelResponse["content"],
  citations: Model["citations"] = "numbered",
  id = "fake/one",
): FakeModel {
  const requests: ModelRequest[] = [];
  const signals: (AbortSignal | undefined)[] = [];
  const parts: ModelResponse["content"] = typeof content === "string" ? [{ type: "text", text: content }] : content;
  const calls = parts.some(({ type }) => type === "tool-call");
  const response: ModelResponse<{ fake: true }> = {
    model: "one-2025",
    content: parts,
    finishReason: calls ? "tool-calls" : "stop",
    usage: { inputTokens: 1, outputTokens: 2 },
    raw: { fake: true },
  };
  const note = (request: ModelRequest, { signal }: ModelOptions) => {
    requests.push(structuredClone(request));
    signals.push(signal);
    signal?.throwIfAborted();
  };
  return {
    id,
    citations,
    requests,
    signals,
    async generate(request, options) {
      note(request, options);
      return response;
    },
    async *stream(request, options): AsyncGenerator<ModelEvent<{ fake: true }>> {
      note(request, options);
      for (const part of parts) {
        if (part.type === "tool-call") {
          yield { type: "tool-call-start", id: part.id, name: part.name };
          yield { type: "tool-input", id: part.id, text: JSON.stringify(part.input) };
          yield { type: "tool-call", call: part };
        }
        if (part.type !== "text" && part.type !== "reasoning") continue;
        const pieces = part.text.match(/[\s\S]{1,3}/g) ?? [];
        for (const text of pieces) yield { type: part.type === "reasoning" ? "reasoning" : "text", text };
        if (part.type === "reasoning") continue;
        for (const citation of part.citations ?? []) yield { type: "native-citation", citation };
        yield { type: "text-end" };
      }
      yield { type: "finish", response };
    },
  };
}
