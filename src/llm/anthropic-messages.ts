// Anthropic's Messages API, as pure converters. Sources go as search results with citations on, cut into sentences, since a block of
// text is the least that the API cites. https://docs.anthropic.com/en/api/messages, …/build-with-claude/search-results
import type { Anthropic } from "@anthropic-ai/sdk";
import { oneLine, withoutInvisible } from "../cite/invisible.ts";
import { ConfigurationError, InvalidResponseError } from "../errors.ts";
import type { ProviderErrorPlace } from "../util/provider-errors.ts";
import { splitSentences } from "../util/sentences.ts";
import type { TextRange } from "../values.ts";
import { defaultMaxTokens, encodeOutputConfig, encodeThinking } from "./anthropic-thinking.ts";
import { refuseParams } from "./connection.ts";
import type {
  AssistantPart,
  CacheMark,
  FinishReason,
  MediaSource,
  ModelRequest,
  ModelResponse,
  ModelTool,
  NativeCitation,
  NativeWebCitation,
  RequestMessage,
  SourcePart,
  SystemPrompt,
  TextPart,
  ToolCallPart,
  Usage,
  UserPart,
} from "./model.ts";

/** The body of `POST /v1/messages`. Throws a `ConfigurationError` for `seed`, which the API does not have. */
export function encodeMessages(model: string, request: ModelRequest): Anthropic.MessageCreateParamsNonStreaming {
  const { system, messages, params, extra, tools, reasoning } = request;
  refuseParams("Anthropic's Messages API", params, { seed: "Leave it out; temperature: 0 comes nearest." });
  return {
    model,
    max_tokens: params.maxTokens ?? defaultMaxTokens(model, reasoning),
    ...(system !== undefined && { system: encodeSystem(system) }),
    messages: messages.map(encodeMessage),
    ...(params.temperature !== undefined && { temperature: params.temperature }),
    ...(params.topP !== undefined && { top_p: params.topP }),
    ...(params.topK !== undefined && { top_k: params.topK }),
    ...(params.stopSequences !== undefined && { stop_sequences: params.stopSequences }),
    ...(tools !== undefined && tools.length > 0 && { tools: tools.map(encodeTool), ...encodeChoice(request) }),
    ...(reasoning !== undefined && { thinking: encodeThinking(model, reasoning) }),
    ...encodeOutputConfig(model, request),
    ...extra?.body,
  };
}

function encodeSystem(system: SystemPrompt): string | Anthropic.TextBlockParam[] {
  return typeof system === "string" ? system : system.map(({ text, cache }) => ({ type: "text", text, ...cached(cache) }));
}

function encodeTool(tool: ModelTool): Anthropic.ToolUnion {
  if (tool.type === "provider") return tool.tool as unknown as Anthropic.ToolUnion;
  return {
    name: tool.name,
    ...(tool.description !== undefined && { description: tool.description }),
    input_schema: tool.inputSchema as Anthropic.Tool.InputSchema,
    ...(tool.strict === true && { strict: true }),
    ...cached(tool.cache),
  };
}

function encodeChoice({ toolChoice, parallelToolCalls }: ModelRequest): { tool_choice?: Anthropic.ToolChoice } {
  const one = parallelToolCalls === undefined ? {} : { disable_parallel_tool_use: !parallelToolCalls };
  if (toolChoice === "none") return { tool_choice: { type: "none" } };
  if (toolChoice === undefined && parallelToolCalls === undefined) return {};
  if (typeof toolChoice === "object") return { tool_choice: { type: "tool", name: toolChoice.tool, ...one } };
  return { tool_choice: { type: toolChoice === "required" ? "any" : "auto", ...one } };
}

function cached(mark: CacheMark | undefined): { cache_control?: Anthropic.CacheControlEphemeral } {
  return mark === undefined ? {} : { cache_control: { type: "ephemeral", ttl: mark } };
}

/** The API refuses empty text, so empty parts are left out. Reasoning goes back only to the provider that signed it. */
function encodeMessage(message: RequestMessage): Anthropic.MessageParam {
  const own = message.role === "assistant" && message.model?.startsWith("anthropic/") === true;
  // The API wants the results of tools before anything else.
  const parts: readonly (AssistantPart | UserPart | SourcePart)[] =
    message.role === "assistant"
      ? message.content
      : message.content.toSorted((a, b) => Number(isResult(b)) - Number(isResult(a)));
  const content = parts.flatMap((part) => encodePart(part, own));
  const only = content.length === 1 ? content[0] : undefined;
  const plain = only?.type === "text" && only.cache_control === undefined && only.citations === undefined;
  return { role: message.role, content: plain ? only.text : content };
}

const isResult = (part: UserPart | SourcePart) => part.type === "tool-result";

/** @param own Whether this provider wrote the turn, and so gets its own blocks back. */
function encodePart(part: AssistantPart | UserPart | SourcePart, own: boolean): Anthropic.ContentBlockParam[] {
  switch (part.type) {
    case "text":
      return part.text === "" ? [] : [{ type: "text", text: part.text, ...cached(part.cache), ...(own && cited(part)) }];
    case "source":
      return [encodeSource(part)];
    case "image":
      return [{ type: "image", source: encodeMedia(part.source) as Anthropic.ImageBlockParam["source"], ...cached(part.cache) }];
    case "document":
      return [
        {
          type: "document",
          source:
            "text" in part.source
              ? { type: "text", media_type: "text/plain", data: part.source.text }
              : (encodeMedia(part.source) as Anthropic.DocumentBlockParam["source"]),
          ...(part.title !== undefined && { title: part.title }),
          ...(part.context !== undefined && { context: part.context }),
          ...cached(part.cache),
        },
      ];
    case "audio":
      throw new ConfigurationError(
        "Anthropic's Messages API takes no audio. Ask another provider's model, or send what was said as text.",
      );
    case "tool-call":
      // The API takes objects alone; arguments that the model did not finish are shown to it as they are.
      return [
        { type: "tool_use", id: part.id, name: part.name, input: isObject(part.input) ? part.input : { invalid: part.input } },
      ];
    case "tool-result":
      return [
        {
          type: "tool_result",
          tool_use_id: part.id,
          content: part.content.flatMap((each) => encodePart(each, own)) as Anthropic.TextBlockParam[],
          ...(part.isError === true && { is_error: true }),
          ...cached(part.cache),
        },
      ];
    default:
      return own && part.raw !== undefined ? [part.raw as Anthropic.ContentBlockParam] : [];
  }
}

/** What the model read on the web goes back with the text that rests on it: the API gives the page's words to the model again. */
function cited({ webCitations = [] }: TextPart): { citations?: Anthropic.TextCitationParam[] } {
  const raw = webCitations.flatMap((citation) =>
    citation.raw === undefined ? [] : (citation.raw as Anthropic.TextCitationParam),
  );
  return raw.length === 0 ? {} : { citations: raw };
}

function encodeMedia(source: MediaSource): object {
  if ("url" in source) return { type: "url", url: source.url };
  return { type: "base64", media_type: source.mediaType, data: source.data };
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
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
    throw new InvalidResponseError(`${place.provider} sent a message without content.`, { ...place, raw, requestId });
  return {
    model: raw.model,
    content: raw.content.flatMap((block) => decodeBlock(block, sources)),
    finishReason: finishReasons.get(raw.stop_reason ?? "") ?? "other",
    usage: decodeUsage(raw.usage),
    requestId,
    raw,
  };
}

function decodeBlock(block: Anthropic.ContentBlock, sources: readonly SourcePart[]): AssistantPart[] {
  if (block.type === "thinking") return [{ type: "reasoning", text: block.thinking, raw: block }];
  if (block.type === "redacted_thinking") return [{ type: "reasoning", text: "", raw: block }];
  if (block.type === "tool_use") return [toolCall(block)];
  if (block.type !== "text") return [{ type: "provider", raw: block }];
  const all = block.citations ?? [];
  const citations = all.flatMap((citation) => decodeCitation(citation, sources) ?? []);
  const webCitations = all.flatMap((citation) => decodeWebCitation(citation) ?? []);
  return [
    {
      type: "text",
      text: block.text,
      ...(citations.length > 0 && { citations }),
      ...(webCitations.length > 0 && { webCitations }),
    },
  ];
}

export function toolCall({ id, name, input }: Anthropic.ToolUseBlock): ToolCallPart {
  return { type: "tool-call", id, name, input };
}

/** Citations of documents have no source in the call; `raw` has them. */
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

/** One of the provider's own search. */
export function decodeWebCitation(citation: Anthropic.TextCitation): NativeWebCitation | undefined {
  if (citation.type !== "web_search_result_location") return undefined;
  const { url, title, cited_text: quote } = citation;
  return { url, ...(title && { title }), ...(quote && { quote }), raw: citation };
}

const finishReasons = new Map<string, FinishReason>([
  ["end_turn", "stop"],
  ["stop_sequence", "stop"],
  ["max_tokens", "length"],
  ["model_context_window_exceeded", "length"],
  ["tool_use", "tool-calls"],
  ["refusal", "refusal"],
  ["pause_turn", "paused"],
]);

/** `input_tokens` counts neither what was read from the cache nor what was written to it; ours counts all three. */
function decodeUsage(usage: Partial<Anthropic.Usage> | undefined): Usage {
  if (typeof usage?.input_tokens !== "number") return {};
  const { cache_read_input_tokens: read, cache_creation_input_tokens: written, output_tokens_details: details } = usage;
  const hour = usage.cache_creation?.ephemeral_1h_input_tokens ?? 0;
  return {
    inputTokens: usage.input_tokens + (read ?? 0) + (written ?? 0),
    ...(usage.output_tokens !== undefined && { outputTokens: usage.output_tokens }),
    ...(typeof read === "number" && { cacheReadTokens: read }),
    ...(typeof written === "number" && { cacheWriteTokens: written }),
    ...(hour > 0 && { cacheWriteHourTokens: hour }),
    ...(typeof details?.thinking_tokens === "number" && { reasoningTokens: details.thinking_tokens }),
  };
}
