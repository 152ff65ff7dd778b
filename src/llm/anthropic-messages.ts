// Anthropic's Messages API, as pure converters. Sources go as search results with citations on, cut into sentences, since a block of
// text is the least that the API cites. https://docs.anthropic.com/en/api/messages, …/build-with-claude/search-results
import type { Anthropic } from "@anthropic-ai/sdk";
import { oneLine, withoutInvisible } from "../cite/invisible.ts";
import { InvalidResponseError } from "../errors.ts";
import type { ProviderErrorPlace } from "../util/provider-errors.ts";
import { splitSentences } from "../util/sentences.ts";
import type { TextRange } from "../values.ts";
import { refuseParams } from "./connection.ts";
import type {
  FinishReason,
  ModelRequest,
  ModelResponse,
  NativeCitation,
  ReasoningPart,
  RequestMessage,
  SourcePart,
  TextPart,
  Usage,
} from "./model.ts";

/** Sent when `maxTokens` is left out: the API demands a number, and every model takes this one. */
const DEFAULT_MAX_TOKENS = 4096;

/** The body of `POST /v1/messages`. Throws a `ConfigurationError` for `seed`, which the API does not have. */
export function encodeMessages(model: string, request: ModelRequest): Anthropic.MessageCreateParamsNonStreaming {
  const { system, messages, params, extra } = request;
  refuseParams("Anthropic's Messages API", params, { seed: "Leave it out; temperature: 0 comes nearest." });
  return {
    model,
    max_tokens: params.maxTokens ?? DEFAULT_MAX_TOKENS,
    ...(system !== undefined && { system }),
    messages: messages.map(encodeMessage),
    ...(params.temperature !== undefined && { temperature: params.temperature }),
    ...(params.topP !== undefined && { top_p: params.topP }),
    ...(params.topK !== undefined && { top_k: params.topK }),
    ...(params.stopSequences !== undefined && { stop_sequences: params.stopSequences }),
    ...extra?.body,
  };
}

/** The API refuses empty text, so empty parts are left out. Reasoning goes back only to the provider that signed it. */
function encodeMessage(message: RequestMessage): Anthropic.MessageParam {
  const content: Anthropic.ContentBlockParam[] = [];
  for (const part of message.content) {
    if (part.type === "text" && part.text !== "") content.push({ type: "text", text: part.text });
    if (part.type === "source") content.push(encodeSource(part));
    if (
      part.type === "reasoning" &&
      part.raw !== undefined &&
      message.role === "assistant" &&
      message.model?.startsWith("anthropic/")
    ) {
      content.push(part.raw as Anthropic.ThinkingBlockParam | Anthropic.RedactedThinkingBlockParam);
    }
  }
  const only = content.length === 1 ? content[0] : undefined;
  return { role: message.role, content: only?.type === "text" ? only.text : content };
}

function encodeSource({ index, source }: SourcePart): Anthropic.SearchResultBlockParam {
  const name = `source ${index + 1}`;
  return {
    type: "search_result",
    source: oneLine(source.source ?? "") || name,
    title: oneLine(source.title ?? "") || oneLine(source.source ?? "") || name,
    content: sourceBlocks(source.text).map(({ start, end }) => ({
      type: "text",
      text: withoutInvisible(source.text.slice(start, end)),
    })),
    citations: { enabled: true },
  };
}

/** The blocks a source is sent as: its sentences with the white space behind each; together they are the whole text. */
export function sourceBlocks(text: string): TextRange[] {
  // A block must hold something that can be read, and hidden characters are not sent.
  const sentences = splitSentences(text).filter(({ start, end }) => withoutInvisible(text.slice(start, end)).trim() !== "");
  const starts = sentences.map(({ start }, i) => (i === 0 ? 0 : start));
  return starts.map((start, i) => ({ start, end: starts[i + 1] ?? text.length }));
}

/** The sources of a request in the order in which the API counts them. */
export function sourcesOf(request: ModelRequest): SourcePart[] {
  return request.messages.flatMap(({ content }) => content.filter((part): part is SourcePart => part.type === "source"));
}

/** A message of the API as our response. `sources` are those of the request, to which citations refer. */
export function decodeMessage(
  raw: Anthropic.Message,
  sources: readonly SourcePart[],
  place: ProviderErrorPlace,
  requestId?: string,
): ModelResponse<Anthropic.Message> {
  if (!Array.isArray(raw.content))
    throw new InvalidResponseError(`${place.provider} sent a message without content.`, { ...place, raw });
  return {
    model: raw.model,
    content: raw.content.flatMap((block) => decodeBlock(block, sources)),
    finishReason: finishReasons.get(raw.stop_reason ?? "") ?? "other",
    usage: decodeUsage(raw.usage),
    requestId,
    raw,
  };
}

function decodeBlock(block: Anthropic.ContentBlock, sources: readonly SourcePart[]): (TextPart | ReasoningPart)[] {
  if (block.type === "thinking") return [{ type: "reasoning", text: block.thinking, raw: block }];
  if (block.type === "redacted_thinking") return [{ type: "reasoning", text: "", raw: block }];
  if (block.type !== "text") return [];
  const citations = (block.citations ?? []).flatMap((citation) => decodeCitation(citation, sources) ?? []);
  return [{ type: "text", text: block.text, ...(citations.length > 0 && { citations }) }];
}

/** Citations of documents and of the provider's own web search have no source in the call; `raw` has them. */
export function decodeCitation(citation: Anthropic.TextCitation, sources: readonly SourcePart[]): NativeCitation | undefined {
  if (citation.type !== "search_result_location") return undefined;
  const part = sources[citation.search_result_index];
  if (part === undefined) return undefined;
  const blocks = sourceBlocks(part.source.text);
  const start = blocks[citation.start_block_index]?.start;
  const end = blocks[citation.end_block_index - 1]?.end;
  const found: NativeCitation = { index: part.index, quote: citation.cited_text };
  return start === undefined || end === undefined ? found : { ...found, range: { start, end } };
}

const finishReasons = new Map<string, FinishReason>([
  ["end_turn", "stop"],
  ["stop_sequence", "stop"],
  ["max_tokens", "length"],
  ["model_context_window_exceeded", "length"],
  ["tool_use", "tool-calls"],
  ["refusal", "refusal"],
]);

/** `input_tokens` counts neither what was read from the cache nor what was written to it; ours counts all three. */
function decodeUsage(usage: Partial<Anthropic.Usage> | undefined): Usage {
  if (typeof usage?.input_tokens !== "number") return {};
  const { cache_read_input_tokens: read, cache_creation_input_tokens: written, output_tokens_details: details } = usage;
  return {
    inputTokens: usage.input_tokens + (read ?? 0) + (written ?? 0),
    ...(usage.output_tokens !== undefined && { outputTokens: usage.output_tokens }),
    ...(typeof read === "number" && { cacheReadTokens: read }),
    ...(typeof written === "number" && { cacheWriteTokens: written }),
    ...(typeof details?.thinking_tokens === "number" && { reasoningTokens: details.thinking_tokens }),
  };
}
