// One call: the model is asked, tools are run and an output that does not fit is asked for again, until there is an answer.
import { ConfigurationError, ToolError } from "../errors.ts";
import { type ProviderErrorPlace, placeOf } from "../util/provider-errors.ts";
import type { Source } from "../values.ts";
import { abortable } from "./connection.ts";
import { eventReader } from "./event-reader.ts";
import type {
  FinishReason,
  Model,
  ModelOptions,
  ModelRequest,
  ModelResponse,
  ToolCallPart,
  ToolResultPart,
  UserPart,
} from "./model.ts";
import { type OutputPlan, outputTool } from "./output.ts";
import { partialJson } from "./partial-json.ts";
import { type CallFacts, type CallResponse, type ReadResponse, type Reply, readResponse } from "./response.ts";
import type { CallSettings } from "./settings.ts";
import { type CallStream, callStream, type EventSink } from "./stream.ts";
import { result, type Tool } from "./tool.ts";

/** A call with all that it depends on settled. */
export interface Plan {
  model: Model;
  request: ModelRequest;
  facts: CallFacts<Source>;
  signal: AbortSignal | undefined;
  tools: readonly Tool[];
  maxSteps: number;
  stopWhen: CallSettings["stopWhen"];
  approve: CallSettings["approve"];
  onToolError: CallSettings["onToolError"];
  output: OutputPlan | undefined;
}

type Response = CallResponse;

/** The plain call. */
export function answer(plan: Plan): Promise<Response> {
  return converse(plan);
}

/** The streamed call; `open` settles it. */
export function streamed(open: () => Plan | Promise<Plan>): CallStream {
  return callStream(async (sink, left) => {
    const plan = await open();
    return converse({ ...plan, signal: plan.signal === undefined ? left : AbortSignal.any([plan.signal, left]) }, sink);
  });
}

/** @param sink Where the events go; without it the model is not asked to stream. */
async function converse(given: Plan, sink?: EventSink): Promise<Response> {
  const { model, signal, output, maxSteps } = given;
  let plan = given;
  let retries = output?.retries ?? 0;
  const steps: ModelResponse[] = [];
  for (;;) {
    signal?.throwIfAborted();
    const { facts } = plan;
    if (steps.length > 0) sink?.emit({ type: "step", step: steps.length + 1 });
    const raw = sink === undefined ? await model.generate(asked(plan), optionsOf(plan)) : await streamedStep(plan, sink);
    steps.push(raw);
    const response = output === undefined ? raw : output.asText(raw);
    const read = readResponse(response === raw ? steps : [...steps.slice(0, -1), response], facts);
    const wanted = read.toolCalls;
    if (wanted.length === 0 && read.finishReason === "paused" && steps.length < maxSteps) {
      plan = goOn(plan, read, []);
      continue;
    }
    const isToRun =
      wanted.length > 0 &&
      steps.length < maxSteps &&
      !cutShort.has(read.finishReason) &&
      wanted.every((call) => runs(plan, call));
    if (isToRun && (await plan.stopWhen?.(steps)) !== true) {
      // A tool that does not listen is not waited for.
      const results = await abortable(runAll(plan, read), signal);
      for (const each of results) sink?.emit({ type: "tool-result", result: each });
      plan = goOn(plan, read, results);
      continue;
    }
    let value: unknown;
    if (output !== undefined && wanted.length === 0) {
      const outcome = await output.read(response, model.id);
      if ("error" in outcome) {
        if (retries-- === 0) throw outcome.error;
        plan = goOn(plan, read, [{ type: "text", text: outcome.correction }]);
        continue;
      }
      value = outcome.value;
    }
    return whole(plan, read, value);
  }
}

/** The calls of such a turn may be half, and half of the arguments may fit the schema. */
const cutShort = new Set<FinishReason>(["length", "content-filter", "refusal"]);

function optionsOf({ signal, facts: { metadata } }: Plan): ModelOptions {
  return { signal, ...(metadata !== undefined && { metadata }) };
}

/** The request. A tool that has to be called has to be called once: with its result in hand, the model may answer. */
function asked({ request, output }: Plan): ModelRequest {
  const isForced = request.toolChoice === "required" || typeof request.toolChoice === "object";
  if (!isForced) return request;
  const isAnswered = request.messages.at(-1)?.content.some(({ type }) => type === "tool-result") === true;
  if (!isAnswered) return request;
  const { toolChoice: _, ...rest } = request;
  return output?.tool === undefined ? rest : { ...rest, toolChoice: "required" };
}

/** One turn of the model, with its events made ours. */
async function streamedStep(plan: Plan, sink: EventSink): Promise<ModelResponse> {
  const { model, facts, output } = plan;
  const reader = eventReader(facts, sink.emit);
  const grow = output === undefined ? undefined : grower(output, sink);
  const hidden = new Set<string>();
  for await (const event of model.stream(asked(plan), optionsOf(plan))) {
    switch (event.type) {
      case "finish":
        reader.end();
        sink.emit({ type: "usage", usage: event.response.usage });
        return event.response;
      case "reasoning":
        sink.emit(event);
        break;
      case "tool-call-start":
        if (output?.tool !== undefined && event.name === outputTool) hidden.add(event.id);
        else sink.emit(event);
        break;
      case "tool-input":
        if (hidden.has(event.id)) grow?.(event.text);
        else sink.emit(event);
        break;
      case "tool-call":
        if (!hidden.has(event.call.id)) sink.emit(event);
        break;
      default:
        reader.push(event);
        if (event.type === "text" && output?.tool === undefined) grow?.(event.text);
    }
    const full = sink.full();
    if (full !== undefined) await full;
  }
  throw new ConfigurationError(`The model ${model.id} ended its stream without "finish", which its interface demands.`);
}

/** Takes the pieces of the JSON that the output is written in. */
function grower(plan: OutputPlan, sink: EventSink): (text: string) => void {
  const json = partialJson();
  return (text) => {
    if (!json.push(text)) return;
    const output = plan.partial(json.value);
    if (output !== undefined) sink.emit({ type: "output", output });
  };
}

function runs({ tools }: Plan, { name }: ToolCallPart): boolean {
  const found = tools.find((each) => each.name === name);
  // One that does not exist is answered with that.
  return found === undefined || found.runs;
}

function runAll(plan: Plan, { toolCalls, requestId, modelId }: ReadResponse<Source, unknown>): Promise<ToolResultPart[]> {
  return Promise.all(toolCalls.map((call) => runOne(plan, call, { ...placeOf(modelId), requestId })));
}

async function runOne(plan: Plan, call: ToolCallPart, place: ProviderErrorPlace): Promise<ToolResultPart> {
  const { tools, approve, signal, onToolError } = plan;
  const { name: tool, id: callId, input, raw } = call;
  const tell = async (reason: ToolError["reason"], message: string, cause?: unknown) =>
    onToolError?.(new ToolError(message, { ...place, tool, callId, input, reason, raw, cause }));
  const found = tools.find(({ name }) => name === call.name);
  const refused = (text: string) => result(call, [{ type: "text", text }], true);
  if (found === undefined) {
    const message = `There is no tool "${tool}". There are: ${tools.map(({ name }) => name).join(", ")}.`;
    await tell("unknown", message);
    return refused(message);
  }
  const allowed = (await approve?.(call)) ?? true;
  if (allowed === true) return found.answer(call, signal, tell);
  return refused(allowed === false ? "The user did not allow this." : allowed);
}

/** The conversation with this turn and what follows it. The sources stay where they were, so the marks in the turn still count them. */
function goOn(
  plan: Plan,
  { content, messages, modelId }: Pick<ReadResponse<Source, unknown>, "content" | "messages" | "modelId">,
  reply: readonly UserPart[],
): Plan {
  // Nothing to say: the turn goes on.
  const next = reply.length === 0 ? [] : [{ role: "user" as const, content: [...reply] }];
  const turn = content.length === 0 ? [] : [{ role: "assistant" as const, content, model: modelId }];
  return {
    ...plan,
    request: { ...plan.request, messages: [...plan.request.messages, ...turn, ...next] },
    facts: { ...plan.facts, messages: [...messages, ...next] },
  };
}

function whole(plan: Plan, read: ReadResponse<Source, unknown>, output: unknown): Response {
  const response = new Answer(plan, read);
  return (output === undefined ? response : Object.assign(response, { output })) as unknown as Response;
}

/** A response is data to log, to compare and to send; what it can do besides stands in its class. */
class Answer {
  readonly #plan: Plan;
  readonly #read: ReadResponse<Source, unknown>;

  constructor(plan: Plan, read: ReadResponse<Source, unknown>) {
    this.#plan = plan;
    this.#read = read;
    Object.assign(this, read);
  }

  runTools(): Promise<ToolResultPart[]> {
    return abortable(runAll(this.#plan, this.#read), this.#plan.signal);
  }

  async resume(reply: Reply): Promise<Response> {
    return answer(this.#resumed(reply));
  }

  resumeStream(reply: Reply): CallStream {
    return streamed(() => this.#resumed(reply));
  }

  #resumed(reply: Reply): Plan {
    const parts: readonly UserPart[] =
      typeof reply === "string" ? [{ type: "text", text: reply }] : Array.isArray(reply) ? reply : [reply as UserPart];
    const isAnswered = (id: string) => parts.some((part) => part.type === "tool-result" && part.id === id);
    const open = this.#read.toolCalls.filter(({ id }) => !isAnswered(id));
    // Providers refuse a call that has no result.
    const left = open.map((call) => result(call, [{ type: "text", text: "This was not run." }], true));
    return goOn(this.#plan, this.#read, [...left, ...parts]);
  }
}
