// What a call returns, and how it is made of a model's response: text, and citations looked up in their sources.
import { parseCitations } from "../cite/parse.ts";
import { citationResolver } from "../cite/resolve.ts";
import type { Citation, Source, TextRange } from "../values.ts";
import { costOf } from "./cost.ts";
import type {
  AssistantMessage,
  FailedModel,
  FinishReason,
  Message,
  ModelResponse,
  ReasoningPart,
  TextPart,
  Usage,
} from "./model.ts";
import { textOf } from "./text.ts";

/** An answer. `S` is the type of the call's own sources, `Raw` that of the provider's response. */
export interface CallResponse<S extends Source = Source, Raw = unknown> {
  /** The whole text. From models that get numbered sources: with marks `[n]`, without the quotes that came in them. */
  text: string;
  /** In the order of the text. Empty where the call had no sources. */
  citations: Citation<S>[];
  finishReason: FinishReason;
  usage: Usage;
  /** US dollars, by the package's table of prices; undefined for a model that is not in it. See `costOf()`. */
  cost: number | undefined;
  /** The model that answered, as the provider names it. */
  model: string;
  /** The model that was asked, `provider/name`. */
  modelId: string;
  /** The provider's id of the request, for its support. */
  requestId?: string | undefined;
  /** The assistant's turn: text and reasoning. */
  content: AssistantMessage["content"];
  /** The conversation with the assistant's turn, without sources: plain values that survive JSON, for the next call's `messages`. */
  messages: Message[];
  /** The provider's own response, untouched. */
  raw: Raw;
  /** Models that were asked before and failed, with their errors; left out where there are none. See `withFallback()`. */
  failures?: readonly FailedModel[] | undefined;
}

/** What is known of a call when its response comes. */
export interface CallFacts<S extends Source> {
  /** Of the model asked, `provider/name`. */
  modelId: string;
  citations: "native" | "numbered";
  messages: Message[];
  sources: readonly S[];
}

export function callResponse<S extends Source, Raw>(response: ModelResponse<Raw>, facts: CallFacts<S>): CallResponse<S, Raw> {
  const native = facts.citations === "native" || facts.sources.length === 0;
  const { text, content, citations } = native ? readNative(response, facts.sources) : readNumbered(response, facts.sources);
  const turn: AssistantMessage = { role: "assistant", model: facts.modelId, content };
  return {
    text,
    citations,
    finishReason: response.finishReason,
    usage: response.usage,
    cost: costOf({ usage: response.usage, model: response.model, modelId: facts.modelId }),
    model: response.model,
    modelId: facts.modelId,
    ...(response.requestId !== undefined && { requestId: response.requestId }),
    content,
    messages: content.length === 0 ? facts.messages : [...facts.messages, turn],
    raw: response.raw,
    ...(response.failures !== undefined && { failures: response.failures }),
  };
}

interface Reading<S extends Source> {
  text: string;
  content: (TextPart | ReasoningPart)[];
  citations: Citation<S>[];
}

function readNative<S extends Source>({ content }: ModelResponse, sources: readonly S[]): Reading<S> {
  const text = textOf({ content });
  const resolve = citationResolver(sources);
  const citations: Citation<S>[] = [];
  let start = 0;
  for (const part of content) {
    if (part.type !== "text") continue;
    const textRange = trimmed(text, start, start + part.text.length);
    for (const { index, quote, range } of part.citations ?? []) {
      const citation = resolve({ index, quote, textRange, sourceRange: range });
      if (citation !== undefined) citations.push(citation);
    }
    start += part.text.length;
  }
  return { text, content, citations };
}

/** Marks may run over the parts' borders, so all text becomes one part, where the first stood. */
function readNumbered<S extends Source>({ content }: ModelResponse, sources: readonly S[]): Reading<S> {
  const { text, citations: raw } = parseCitations(textOf({ content }), sources.length);
  const resolve = citationResolver(sources);
  const citations = raw.flatMap((citation) => resolve(citation) ?? []);
  const quoted = citations.map(({ index, quote }) => ({ index, quote }));
  const part: TextPart = { type: "text", text, ...(quoted.length > 0 && { citations: quoted }) };
  const first = content.findIndex(({ type }) => type === "text");
  return { text, citations, content: content.flatMap((each, i) => (i === first ? part : each.type === "text" ? [] : each)) };
}

/** A range without the white space at its ends. */
export function trimmed(text: string, start: number, end: number): TextRange {
  const inside = text.slice(start, end);
  const from = start + (inside.length - inside.trimStart().length);
  return { start: from, end: Math.max(from, start + inside.trimEnd().length) };
}
