// What a call returns, and how it is made of a model's response: text, and citations looked up in their sources.
import { parseCitations } from "../cite/parse.ts";
import { citationResolver } from "../cite/resolve.ts";
import type { Citation, Json, Source, TextRange, WebCitation } from "../values.ts";
import { costOf } from "./cost.ts";
import type { CallTypes } from "./inferred.ts";
import type {
  AssistantMessage,
  AssistantPart,
  FailedModel,
  FinishReason,
  Message,
  ModelResponse,
  NativeWebCitation,
  TextPart,
  ToolCallPart,
  ToolResultPart,
  Usage,
  UserPart,
} from "./model.ts";
import type { Prices } from "./prices.ts";
import type { CallStream } from "./stream.ts";
import { textOf } from "./text.ts";

/** What a response is answered with: text, or parts, such as the results of tools. */
export type Reply = string | UserPart | readonly UserPart[];

/** An answer. `S` is the type of the call's own sources. */
export interface CallResponse<S extends Source = Source, T extends CallTypes = CallTypes> {
  /** The whole text. From models that get numbered sources: with marks `[n]`, without the quotes that came in them. */
  text: string;
  /** In the order of the text. Empty where the call had no sources. */
  citations: Citation<S>[];
  /** Pages that the provider's own search found, in the order of the text, not checked. Empty where it did not search. */
  webCitations: WebCitation[];
  /** The value that `output` of the settings asked for, checked; undefined while `toolCalls` are left to be run. */
  output: T["output"];
  /**
   * Tools that the model wants to be run, typed by `name` where the call's tools are known; arguments are as the model gave them. Empty where
   * none is, or where they have been run (`maxSteps`).
   */
  toolCalls: T["toolCall"][];
  finishReason: FinishReason;
  /** Of all steps together. */
  usage: Usage;
  /** US dollars, by the package's table of prices or the settings' own; undefined for a model that is not in it. See `costOf()`. */
  cost: number | undefined;
  /** The model that answered, as the provider names it. */
  model: string;
  /** The model that was asked, `provider/name`; of a `withFallback()`, the one that answered. */
  modelId: string;
  /** The provider's id of the request, for its support. */
  requestId?: string | undefined;
  /** Every time the model was asked in this call, in order; one, unless tools were run or an output was asked for again. */
  steps: readonly ModelResponse<T["raw"]>[];
  /** The assistant's turn: text, reasoning, tool calls. */
  content: AssistantMessage["content"];
  /** The conversation with the assistant's turn, without sources: plain values that survive JSON, for the next call's `messages`. */
  messages: Message[];
  /** The provider's own response, untouched. */
  raw: T["raw"];
  /** Models that were asked before and failed, with their errors; left out where there are none. See `withFallback()`. */
  failures?: readonly FailedModel[] | undefined;
  /** What the call's `metadata` said; left out where it said nothing. */
  metadata?: Readonly<Record<string, Json>> | undefined;
  /** Runs the tools of `toolCalls`, all at once. What fails, and what may not be run, is a result that says so. */
  runTools(): Promise<ToolResultPart[]>;
  /**
   * Goes on with the conversation, with the call's own settings: `response.resume(await response.runTools())`, or another question. An empty list
   * lets a turn that was `paused` go on.
   */
  resume(reply: Reply): Promise<CallResponse<S, T>>;
  /** The same, streamed. */
  resumeStream(reply: Reply): CallStream<S, T>;
}

/** What is known of a call when its response comes. */
export interface CallFacts<S extends Source> {
  /** Of the model asked, `provider/name`. */
  modelId: string;
  citations: "native" | "numbered";
  messages: Message[];
  sources: readonly S[];
  prices?: Prices | undefined;
  metadata?: Readonly<Record<string, Json>> | undefined;
}

/** What of a response is to be read from what the model sent; the rest is to be done with it. */
export type ReadResponse<S extends Source, Raw> = Omit<
  CallResponse<S, { raw: Raw; output: unknown; toolCall: ToolCallPart }>,
  "output" | "runTools" | "resume" | "resumeStream"
>;

/** @param steps All responses of the call, the one to be read last. */
export function readResponse<S extends Source, Raw>(
  steps: readonly ModelResponse<Raw>[],
  facts: CallFacts<S>,
): ReadResponse<S, Raw> {
  const response = steps.at(-1) as ModelResponse<Raw>;
  const usage = steps.length === 1 ? response.usage : together(steps.map((step) => step.usage));
  const costs = steps.map((step) =>
    costOf({ usage: step.usage, model: step.model, modelId: step.modelId ?? facts.modelId }, facts.prices),
  );
  const modelId = response.modelId ?? facts.modelId;
  const native = facts.citations === "native" || facts.sources.length === 0;
  const { text, content, citations, webCitations } = native
    ? readNative(response, facts.sources)
    : readNumbered(response, facts.sources);
  const turn: AssistantMessage = { role: "assistant", model: modelId, content };
  const read: ReadResponse<S, Raw> = {
    text,
    citations,
    webCitations,
    finishReason: response.finishReason,
    usage,
    cost: costs.every((cost) => cost !== undefined) ? costs.reduce((sum, cost) => sum + cost, 0) : undefined,
    toolCalls: content.filter((part) => part.type === "tool-call"),
    steps,
    model: response.model,
    modelId,
    content,
    messages: content.length === 0 ? facts.messages : [...facts.messages, turn],
    raw: response.raw,
  };
  if (response.requestId !== undefined) read.requestId = response.requestId;
  if (response.failures !== undefined) read.failures = response.failures;
  if (facts.metadata !== undefined) read.metadata = facts.metadata;
  return read;
}

/** Sums; what no step reports stays left out. */
function together(usages: readonly Usage[]): Usage {
  const sum: Usage = {};
  for (const usage of usages)
    for (const [name, value] of Object.entries(usage) as [keyof Usage, number][]) sum[name] = (sum[name] ?? 0) + value;
  return sum;
}

interface Reading<S extends Source> {
  text: string;
  content: AssistantPart[];
  citations: Citation<S>[];
  webCitations: WebCitation[];
}

function readNative<S extends Source>({ content }: ModelResponse, sources: readonly S[]): Reading<S> {
  const text = textOf({ content });
  const resolve = citationResolver(sources);
  const citations: Citation<S>[] = [];
  const webCitations: WebCitation[] = [];
  let start = 0;
  for (const part of content) {
    if (part.type !== "text") continue;
    const end = start + part.text.length;
    const textRange = trimmed(text, start, end);
    for (const { index, quote, range } of part.citations ?? []) {
      const citation = resolve({ index, quote, textRange, sourceRange: range });
      if (citation !== undefined) citations.push(citation);
    }
    for (const citation of part.webCitations ?? []) webCitations.push(webCitation(citation, text, start, end));
    start = end;
  }
  return { text, content, citations, webCitations };
}

/** Marks may run over the parts' borders, so all text becomes one part, where the first stood. */
function readNumbered<S extends Source>({ content }: ModelResponse, sources: readonly S[]): Reading<S> {
  const written = textOf({ content });
  const { text, citations: raw } = parseCitations(written, sources.length);
  const resolve = citationResolver(sources);
  const citations = raw.flatMap((citation) => resolve(citation) ?? []);
  const quoted = citations.map(({ index, quote }) => ({ index, quote }));
  const pages = pagesIn(content, written, sources.length);
  const part: TextPart = {
    type: "text",
    text,
    ...(quoted.length > 0 && { citations: quoted }),
    ...(pages.length > 0 && { webCitations: pages }),
  };
  const first = content.findIndex(({ type }) => type === "text");
  return {
    text,
    citations,
    webCitations: pages.map((page) => webCitation(page, text, 0, text.length)),
    content: content
      .flatMap((each, i) => (i === first ? part : each.type === "text" ? [] : each))
      .filter((each) => each.type !== "text" || each.text !== ""),
  };
}

/** The pages of all parts, with their ranges in the text without the quotes of its marks. */
function pagesIn(content: readonly AssistantPart[], written: string, count: number): NativeWebCitation[] {
  const pages: NativeWebCitation[] = [];
  let start = 0;
  for (const part of content) {
    if (part.type !== "text") continue;
    const end = start + part.text.length;
    for (const page of part.webCitations ?? [])
      pages.push({ ...page, range: inCleanText(webCitation(page, written, start, end).textRange, written, count) });
    start = end;
  }
  return pages;
}

/** Where a range of what a model wrote stands in the text without the quotes of its marks. */
export function inCleanText({ start, end }: TextRange, written: string, count: number): TextRange {
  const before = (at: number) => parseCitations(written.slice(0, at), count).text.length;
  return { start: before(start), end: before(end) };
}

/** @param start Where the text that it belongs to begins in the whole, and `end` where it ends. */
export function webCitation(
  { range, raw: _, ...page }: NativeWebCitation,
  text: string,
  start: number,
  end: number,
): WebCitation {
  const textRange = range === undefined ? trimmed(text, start, end) : { start: start + range.start, end: start + range.end };
  return { ...page, textRange };
}

/** A range without the white space at its ends. */
export function trimmed(text: string, start: number, end: number): TextRange {
  const inside = text.slice(start, end);
  const from = start + (inside.length - inside.trimStart().length);
  return { start: from, end: Math.max(from, start + inside.trimEnd().length) };
}
