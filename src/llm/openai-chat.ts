// OpenAI's Chat Completions API and those that are compatible with it, as pure converters.
// https://platform.openai.com/docs/api-reference/chat
import type { OpenAI } from "openai";
import { ConfigurationError, InvalidResponseError } from "../errors.ts";
import type { ProviderErrorPlace } from "../util/provider-errors.ts";
import { refuseParams, type StreamDecoder } from "./connection.ts";
import type {
  AssistantMessage,
  AssistantPart,
  FinishReason,
  ModelEvent,
  ModelRequest,
  ModelResponse,
  ModelTool,
  RequestMessage,
  ToolCallPart,
  ToolChoice,
  Usage,
  UserPart,
} from "./model.ts";
import { chatAssembler } from "./openai-chat-stream.ts";
import {
  callId,
  callPlaces,
  contentText,
  type ReasoningFields,
  reasoningBack,
  reasoningPart,
  reasoningText,
  sentCallId,
} from "./openai-dialects.ts";
import { withPages } from "./openai-web.ts";
import { documentText, mediaUrl, parseInput, systemText, textOf, userParts } from "./text.ts";

type Completion = OpenAI.Chat.ChatCompletion;
type Chunk = OpenAI.Chat.ChatCompletionChunk;

/** How the server calls the limit of the answer's length. */
export type MaxTokensField = "max_completion_tokens" | "max_tokens";

/** The body of `POST /chat/completions`. Throws a `ConfigurationError` for `topK`, which the API does not have. */
export function encodeChat(
  model: string,
  request: ModelRequest,
  maxTokensField: MaxTokensField,
  provider = "openai-chat",
): OpenAI.Chat.ChatCompletionCreateParamsNonStreaming {
  const { system, messages, params, extra, tools, output, reasoning } = request;
  if (typeof reasoning === "object")
    throw new ConfigurationError(
      'The Chat Completions API counts no tokens of reasoning. Give a level, such as reasoning: "low".',
    );
  refuseParams("The Chat Completions API", params, {
    topK: "A compatible server that has it takes it as extra: { body: { top_k: 40 } }.",
  });
  const turns = messages.flatMap((message) => encodeMessage(message, provider));
  if (system !== undefined) turns.unshift({ role: "system", content: systemText(system) });
  // Assigned one by one: spreading what mostly is not there took half of the time of a call.
  const body: OpenAI.Chat.ChatCompletionCreateParamsNonStreaming = { model, messages: turns };
  if (params.maxTokens !== undefined) body[maxTokensField] = params.maxTokens;
  if (params.temperature !== undefined) body.temperature = params.temperature;
  if (params.topP !== undefined) body.top_p = params.topP;
  if (params.seed !== undefined) body.seed = params.seed;
  if (params.stopSequences !== undefined) body.stop = params.stopSequences;
  if (tools !== undefined && tools.length > 0) Object.assign(body, { tools: tools.map(encodeTool) }, encodeChoice(request));
  if (reasoning !== undefined) body.reasoning_effort = reasoning;
  if (output !== undefined) body.response_format = encodeOutput(output);
  return extra?.body === undefined ? body : Object.assign(body, extra.body);
}

function encodeTool(tool: ModelTool): OpenAI.Chat.ChatCompletionTool {
  if (tool.type === "provider") return tool.tool as unknown as OpenAI.Chat.ChatCompletionTool;
  const { name, description, inputSchema: parameters, strict } = tool;
  return {
    type: "function",
    function: { name, ...(description !== undefined && { description }), parameters, ...(strict !== undefined && { strict }) },
  };
}

function encodeChoice({ toolChoice, parallelToolCalls }: ModelRequest) {
  return {
    ...(toolChoice !== undefined && { tool_choice: encodeToolChoice(toolChoice) }),
    ...(parallelToolCalls !== undefined && { parallel_tool_calls: parallelToolCalls }),
  };
}

function encodeToolChoice(choice: ToolChoice): OpenAI.Chat.ChatCompletionToolChoiceOption {
  return typeof choice === "string" ? choice : { type: "function", function: { name: choice.tool } };
}

function encodeOutput(output: NonNullable<ModelRequest["output"]>) {
  if (output.type === "json") return { type: "json_object" as const };
  const { type: _, ...format } = output;
  return { type: "json_schema" as const, json_schema: format };
}

function encodeMessage(message: RequestMessage, provider: string): OpenAI.Chat.ChatCompletionMessageParam[] {
  return message.role === "assistant" ? encodeAssistant(message, provider) : encodeUser(userParts(message.content), provider);
}

function encodeAssistant(message: AssistantMessage, provider: string): OpenAI.Chat.ChatCompletionMessageParam[] {
  const text = textOf(message);
  const own = message.model?.startsWith(`${provider}/`) === true;
  const calls = message.content.flatMap((part) => (part.type === "tool-call" ? encodeCall(part, own, provider) : []));
  const thought = message.content.find((part) => part.type === "reasoning");
  const back = own && thought !== undefined ? reasoningBack(thought, calls.length > 0) : {};
  if (calls.length === 0) return text === "" ? [] : [{ role: "assistant", content: text, ...back }];
  return [{ role: "assistant", content: text === "" ? null : text, tool_calls: calls, ...back }];
}

/** What the server put beside a call (Gemini's signatures of its thinking) goes back to it. */
function encodeCall(
  { id, name, input, raw }: ToolCallPart,
  own: boolean,
  provider: string,
): OpenAI.Chat.ChatCompletionMessageToolCall {
  if (own && raw !== undefined) return raw as OpenAI.Chat.ChatCompletionMessageToolCall;
  return {
    id: sentCallId(id, provider),
    type: "function",
    function: { name, arguments: typeof input === "string" ? input : JSON.stringify(input) },
  };
}

/** Results of tools are turns of their own, of text alone; images that came with them follow in the user's turn. */
function encodeUser(content: readonly UserPart[], provider: string): OpenAI.Chat.ChatCompletionMessageParam[] {
  const turns: OpenAI.Chat.ChatCompletionMessageParam[] = [];
  const rest: UserPart[] = [];
  for (const part of content) {
    if (part.type !== "tool-result") {
      rest.push(part);
      continue;
    }
    const media = part.content.filter(({ type }) => type !== "text");
    const said = part.content.flatMap((each) => (each.type === "text" ? each.text : [])).join("\n\n");
    const text = said === "" && media.length > 0 ? "The result is in the next message." : said;
    const tool_call_id = sentCallId(part.id, provider);
    turns.push({ role: "tool", tool_call_id, content: part.isError === true ? `Error: ${text}` : text });
    rest.push(...media);
  }
  if (rest.length === 0) return turns;
  // Text goes as one string: not every compatible server takes a list of parts.
  const isText = rest.every(({ type }) => type === "text");
  const user = isText ? textOf({ content: rest }, "\n\n") : rest.flatMap(encodePart);
  turns.push({ role: "user", content: user });
  return turns;
}

function encodePart(part: UserPart): OpenAI.Chat.ChatCompletionContentPart[] {
  switch (part.type) {
    case "text":
      return [{ type: "text", text: part.text }];
    case "image":
      return [{ type: "image_url", image_url: { url: mediaUrl(part.source) } }];
    case "audio":
      return [{ type: "input_audio", input_audio: { data: part.source.data, format: audioFormat(part.source.mediaType) } }];
    case "document": {
      const { source, title, context } = part;
      if ("text" in source) return [{ type: "text", text: documentText(source.text, part) }];
      if ("url" in source)
        throw new ConfigurationError("The Chat Completions API takes no address of a document. Send its bytes, or use openai().");
      return [
        ...(context === undefined ? [] : [{ type: "text" as const, text: context }]),
        { type: "file", file: { filename: title ?? "document.pdf", file_data: mediaUrl(source) } },
      ];
    }
    default:
      throw new ConfigurationError(`A user's turn cannot hold a part of type "${part.type}".`);
  }
}

function audioFormat(mediaType: string): "wav" | "mp3" {
  if (/mp3|mpeg/.test(mediaType)) return "mp3";
  if (/wav/.test(mediaType)) return "wav";
  throw new ConfigurationError(`The Chat Completions API takes audio as wav or mp3, not as "${mediaType}".`);
}

/** A completion as our response. Throws an `InvalidResponseError` for one without a choice. */
export function decodeChat(raw: Completion, place: ProviderErrorPlace, requestId?: string): ModelResponse<Completion> {
  const choice = raw.choices?.[0];
  if (choice?.message === undefined) {
    throw new InvalidResponseError(`${place.provider} sent a completion without a choice.`, { ...place, raw, requestId });
  }
  const message: OpenAI.Chat.ChatCompletionMessage & ReasoningFields = choice.message;
  const reasoning = reasoningPart(message);
  const content: AssistantPart[] = reasoning === undefined ? [] : [reasoning];
  const text = contentText(message.content) + (message.refusal ?? "");
  const pages = (message.annotations ?? []).flatMap(({ url_citation: page }) => page ?? []);
  if (text !== "") content.push({ type: "text", text, ...withPages(text, pages) });
  content.push(...toolCalls(message));
  return {
    model: raw.model,
    content,
    finishReason: message.refusal ? "refusal" : finishReason(choice.finish_reason),
    usage: decodeUsage(raw.usage),
    requestId,
    raw,
  };
}

function toolCalls(message: OpenAI.Chat.ChatCompletionMessage): ToolCallPart[] {
  return (message.tool_calls ?? [])
    .map((call) => (call.id ? call : { ...call, id: callId(call.id) }))
    .map((call) => ({
      type: "tool-call",
      id: call.id,
      ...(call.type === "custom"
        ? { name: call.custom.name, input: call.custom.input }
        : { name: call.function.name, input: parseInput(call.function.arguments) }),
      raw: call,
    }));
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
  // Some count reasoning in the total alone: xAI, which tells how much it was, and Gemini, which does not. It is billed as output.
  const beyond = usage.total_tokens - usage.prompt_tokens - usage.completion_tokens;
  const isApart = beyond > 0 && (reasoning === undefined || reasoning === beyond);
  return {
    inputTokens: usage.prompt_tokens,
    outputTokens: usage.completion_tokens + (isApart ? beyond : 0),
    ...(typeof input?.cached_tokens === "number" && { cacheReadTokens: input.cached_tokens }),
    ...(typeof input?.cache_write_tokens === "number" && { cacheWriteTokens: input.cache_write_tokens }),
    ...(typeof reasoning === "number" && { reasoningTokens: reasoning }),
  };
}

/** Decodes one stream. Usage comes after the finish reason, so the response is complete only when the events end. */
export function chatDecoder(place: ProviderErrorPlace, requestId: () => string | undefined): StreamDecoder<Chunk, Completion> {
  const assembler = chatAssembler();
  const placed = callPlaces();
  const started = new Map<number, string>();
  return {
    push(chunk) {
      for (const piece of chunk.choices?.[0]?.delta?.tool_calls ?? []) placed(piece);
      assembler.add(chunk);
      const events: ModelEvent<Completion>[] = [];
      const delta: (Chunk["choices"][number]["delta"] & ReasoningFields) | undefined = chunk.choices?.[0]?.delta;
      const reasoning = delta === undefined ? "" : reasoningText(delta);
      if (reasoning !== "") events.push({ type: "reasoning", text: reasoning });
      const text = contentText(delta?.content) + (delta?.refusal ?? "");
      if (text !== "") events.push({ type: "text", text });
      for (const { index, id, function: called } of delta?.tool_calls ?? []) {
        if (id && !started.has(index)) {
          started.set(index, id);
          events.push({ type: "tool-call-start", id, name: called?.name ?? "" });
        }
        if (called?.arguments) events.push({ type: "tool-input", id: started.get(index) ?? "", text: called.arguments });
      }
      return events;
    },
    end() {
      const raw = assembler.completion();
      if (raw === undefined) return [];
      const response = decodeChat(raw, place, requestId());
      const calls = response.content.filter((part) => part.type === "tool-call");
      const pages = response.content.flatMap((part) => (part.type === "text" ? (part.webCitations ?? []) : []));
      const cited = pages.map((citation) => ({ type: "web-citation" as const, citation }));
      return [
        ...cited,
        { type: "text-end" },
        ...calls.map((call) => ({ type: "tool-call" as const, call })),
        { type: "finish", response },
      ];
    },
  };
}
