// OpenAI's Responses API, as pure converters: our request to theirs, their response to ours.
// https://platform.openai.com/docs/api-reference/responses
import type { OpenAI } from "openai";
import { ConfigurationError, InvalidResponseError } from "../errors.ts";
import { httpError, type ProviderErrorPlace } from "../util/provider-errors.ts";
import { refuseParams } from "./connection.ts";
import type {
  AssistantMessage,
  AssistantPart,
  FinishReason,
  ModelRequest,
  ModelResponse,
  ModelTool,
  RequestMessage,
  ToolCallPart,
  Usage,
  UserPart,
} from "./model.ts";
import { type UrlCitation, withPages } from "./openai-web.ts";
import { documentText, mediaUrl, parseInput, systemText, userParts } from "./text.ts";

type Response = OpenAI.Responses.Response;
type Item = OpenAI.Responses.ResponseOutputItem;

/** The body of `POST /responses`. Throws a `ConfigurationError` for `topK`, `seed` and `stopSequences`, which the API does not have. */
export function encodeResponses(model: string, request: ModelRequest): OpenAI.Responses.ResponseCreateParamsNonStreaming {
  const { system, messages, params, extra, tools, output, reasoning } = request;
  if (typeof reasoning === "object")
    throw new ConfigurationError(
      'OpenAI\'s Responses API counts no tokens of reasoning. Give a level, such as reasoning: "low".',
    );
  const instead = "Leave it out, or use openaiChat() or another provider that has it.";
  refuseParams("OpenAI's Responses API", params, { topK: instead, seed: instead, stopSequences: instead });
  const custom = customCalls(messages);
  // The API takes `json_object` only where its input, instructions left aside, speaks of JSON.
  const isInInput = system !== undefined && output?.type === "json";
  return {
    model,
    ...(system !== undefined && !isInInput && { instructions: systemText(system) }),
    input: [
      ...(isInInput ? [{ role: "developer" as const, content: systemText(system) }] : []),
      ...messages.flatMap((message) => encodeMessage(message, custom)),
    ],
    ...(params.maxTokens !== undefined && { max_output_tokens: params.maxTokens }),
    ...(params.temperature !== undefined && { temperature: params.temperature }),
    ...(params.topP !== undefined && { top_p: params.topP }),
    ...(tools !== undefined && tools.length > 0 && { tools: tools.map(encodeTool), ...encodeChoice(request) }),
    ...(reasoning !== undefined && { reasoning: { effort: reasoning, ...(reasoning !== "none" && { summary: "auto" }) } }),
    ...(output !== undefined && { text: { format: encodeOutput(output) } }),
    ...extra?.body,
  };
}

function encodeTool(tool: ModelTool): OpenAI.Responses.Tool {
  if (tool.type === "provider") return tool.tool as unknown as OpenAI.Responses.Tool;
  const { name, description, inputSchema: parameters, strict } = tool;
  // The API is strict unless it is told not to be, and refuses a schema that does not allow it.
  return { type: "function", name, ...(description !== undefined && { description }), parameters, strict: strict ?? false };
}

function encodeChoice({ toolChoice, parallelToolCalls }: ModelRequest) {
  return {
    ...(toolChoice !== undefined && {
      tool_choice: typeof toolChoice === "string" ? toolChoice : { type: "function" as const, name: toolChoice.tool },
    }),
    ...(parallelToolCalls !== undefined && { parallel_tool_calls: parallelToolCalls }),
  };
}

function encodeOutput(output: NonNullable<ModelRequest["output"]>): OpenAI.Responses.ResponseFormatTextConfig {
  return output.type === "json" ? { type: "json_object" } : { ...output, type: "json_schema" };
}

type InputItem = OpenAI.Responses.ResponseInputItem;

/** @param custom Ids of the calls of tools that take text: their results have a type of their own. */
function encodeMessage(message: RequestMessage, custom: ReadonlySet<string>): InputItem[] {
  return message.role === "assistant" ? encodeAssistant(message) : encodeUser(userParts(message.content), custom);
}

function customCalls(messages: readonly RequestMessage[]): Set<string> {
  const own = messages.filter((message) => message.role === "assistant" && message.model?.startsWith("openai/") === true);
  const calls = own.flatMap(({ content }) => content.filter((part) => part.type === "tool-call"));
  return new Set(calls.filter(({ raw }) => (raw as Item | undefined)?.type === "custom_tool_call").map(({ id }) => id));
}

/**
 * Reasoning goes back only where the tool call that it led to follows it, with what was said on the way: the API takes it together with those
 * very items, and has no use for it once there is an answer. A call whose reasoning does not go back loses its id, by which the API would
 * look for it; what the provider ran itself has to have one, and is left out then.
 */
function encodeAssistant(message: AssistantMessage): InputItem[] {
  const own = message.model?.startsWith("openai/") === true;
  const items: InputItem[] = [];
  let isComplete = true;
  let text = "";
  const flush = () => {
    if (text !== "") items.push({ role: "assistant", content: text });
    text = "";
  };
  for (const [i, part] of message.content.entries()) {
    if (part.type === "text" && !(own && part.raw !== undefined && leadsToCall(message.content, i))) text += part.text;
    else {
      flush();
      if (part.type === "tool-call") items.push(encodeCall(part, own, isComplete));
      else if (own && part.raw !== undefined) {
        if (part.type === "provider" ? isComplete : leadsToCall(message.content, i)) items.push(part.raw as InputItem);
        else if (part.type === "reasoning") isComplete = false;
      }
    }
  }
  flush();
  return items;
}

/** Whether a call comes next, but for what can go back unchanged. */
function leadsToCall(content: readonly AssistantPart[], at: number): boolean {
  const next = content
    .slice(at + 1)
    .find((part) => part.type === "tool-call" || (part.type === "text" && part.raw === undefined));
  return next?.type === "tool-call";
}

function encodeCall({ id, name, input, raw }: ToolCallPart, own: boolean, isComplete: boolean): InputItem {
  if (own && raw !== undefined) return (isComplete ? raw : { ...raw, id: undefined }) as InputItem;
  return { type: "function_call", call_id: id, name, arguments: typeof input === "string" ? input : JSON.stringify(input) };
}

/** Results of tools are items of their own. */
function encodeUser(content: readonly UserPart[], custom: ReadonlySet<string>): InputItem[] {
  const results: InputItem[] = [];
  const rest: UserPart[] = [];
  for (const part of content) {
    if (part.type !== "tool-result") {
      rest.push(part);
      continue;
    }
    const error: UserPart[] = part.isError === true ? [{ type: "text", text: "Error:" }] : [];
    const type = custom.has(part.id) ? "custom_tool_call_output" : "function_call_output";
    results.push({ type, call_id: part.id, output: encodeContent([...error, ...part.content]) });
  }
  return rest.length === 0 ? results : [...results, { role: "user", content: encodeContent(rest) }];
}

function encodeContent(parts: readonly UserPart[]) {
  const [only] = parts;
  if (parts.length === 0) return "";
  return parts.length === 1 && only?.type === "text" ? only.text : parts.flatMap(encodePart);
}

function encodePart(
  part: UserPart,
): (OpenAI.Responses.ResponseInputText | OpenAI.Responses.ResponseInputImage | OpenAI.Responses.ResponseInputFile)[] {
  switch (part.type) {
    case "text":
      return [{ type: "input_text", text: part.text }];
    case "image":
      return [{ type: "input_image", image_url: mediaUrl(part.source), detail: "auto" }];
    case "document": {
      const { source, title, context } = part;
      if ("text" in source) return [{ type: "input_text", text: documentText(source.text, part) }];
      return [
        ...(context === undefined ? [] : [{ type: "input_text" as const, text: context }]),
        "url" in source
          ? { type: "input_file", file_url: source.url }
          : { type: "input_file", filename: title ?? "document.pdf", file_data: mediaUrl(source) },
      ];
    }
    case "audio":
      throw new ConfigurationError("OpenAI's Responses API takes no audio. Use openaiChat(), whose API does.");
    default:
      throw new ConfigurationError(`A user's turn cannot hold a part of type "${part.type}".`);
  }
}

/** A response of the API as ours. Throws a `ProviderError` for one that failed. */
export function decodeResponse(raw: Response, place: ProviderErrorPlace, requestId?: string): ModelResponse<Response> {
  if (raw.error) throw httpError({ body: { error: raw.error } }, { ...place, requestId });
  if (!Array.isArray(raw.output))
    throw new InvalidResponseError(`${place.provider} sent a response without output.`, { ...place, raw, requestId });
  return {
    model: raw.model,
    content: raw.output.flatMap((item, i) => decodeItem(item, isOnTheWay(raw.output, i))),
    finishReason: finishReason(raw),
    usage: decodeUsage(raw.usage),
    requestId,
    raw,
  };
}

/** Whether this was said between reasoning and a call. */
function isOnTheWay(output: readonly Item[], at: number): boolean {
  const isCall = ({ type }: Item) => type === "function_call" || type === "custom_tool_call";
  return output.slice(0, at).some(({ type }) => type === "reasoning") && output.slice(at + 1).some(isCall);
}

function decodeItem(item: Item, isKept: boolean): AssistantPart[] {
  if (item.type === "message") {
    const kept = isKept && item.content.length === 1 && { raw: item };
    return item.content.map((part) =>
      part.type === "refusal"
        ? { type: "text", text: part.refusal, ...kept }
        : { type: "text", text: part.text, ...withPages(part.text, urlCitations(part.annotations)), ...kept },
    );
  }
  if (item.type === "function_call" || item.type === "custom_tool_call") return [toolCall(item)];
  if (item.type !== "reasoning") return [{ type: "provider", raw: item }];
  const texts = item.content?.length ? item.content : item.summary;
  return [{ type: "reasoning", text: texts.map(({ text }) => text).join("\n\n"), raw: item }];
}

/** Those of the web; citations of files have no place but `raw`. */
export function urlCitations(annotations: readonly unknown[] | null | undefined): UrlCitation[] {
  return ((annotations ?? []) as ({ type: string } & UrlCitation)[]).filter(({ type }) => type === "url_citation");
}

export function toolCall(
  item: OpenAI.Responses.ResponseFunctionToolCall | OpenAI.Responses.ResponseCustomToolCall,
): ToolCallPart {
  const input = item.type === "function_call" ? parseInput(item.arguments) : item.input;
  return { type: "tool-call", id: item.call_id, name: item.name, input, raw: item };
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
