// From settings and messages to the request a model gets: sources put in the form the model takes, old citation marks taken out.
import { parseCitations } from "../cite/parse.ts";
import { citationInstruction, renderSources } from "../cite/render.ts";
import { ConfigurationError, InputError } from "../errors.ts";
import type { Source } from "../values.ts";
import type { Model, ModelRequest, ModelTool, RequestMessage, SourcePart, TextPart } from "./model.ts";
import { type OutputPlan, outputTool } from "./output.ts";
import type { Resolved } from "./settings.ts";
import { joinSystem } from "./text.ts";
import type { AnyTool } from "./tool.ts";

/** The request, with the sources in the user's last message: as parts for a model that cites by itself, else as numbered text. */
export function prepareRequest(model: Pick<Model, "citations">, resolved: Resolved, output?: OutputPlan): ModelRequest {
  const { settings, params, sources } = resolved;
  const messages: RequestMessage[] = resolved.messages.map(withoutOldMarks);
  let system = settings.system;
  if (sources !== undefined) {
    checkSources(sources);
    const last = messages.findLastIndex(({ role }) => role === "user");
    // A provider ties its citations to prose; an answer in JSON has none.
    const native = model.citations === "native" && sources.length > 0 && output === undefined;
    const parts = native ? sources.flatMap(sourcePart) : [{ type: "text" as const, text: renderSources(sources) }];
    const turn = messages[last];
    if (turn?.role === "user") messages[last] = { role: "user", content: [...parts, ...turn.content] };
    if (!native && sources.length > 0 && output === undefined) system = joinSystem(system, citationInstruction);
  }
  if (output?.instruction !== undefined) system = joinSystem(system, output.instruction);
  const tools = [
    ...checkedTools(settings.tools ?? [], output?.tool !== undefined),
    ...(output?.tool === undefined ? [] : [output.tool]),
  ];
  const toolChoice = output?.tool === undefined || tools.length > 1 ? settings.toolChoice : { tool: outputTool };
  const choice = toolChoice ?? (output?.tool === undefined ? undefined : "required");
  const request: ModelRequest = { messages, params };
  if (system !== undefined) request.system = system;
  if (tools.length > 0) request.tools = tools;
  if (choice !== undefined) request.toolChoice = choice;
  if (settings.parallelToolCalls !== undefined) request.parallelToolCalls = settings.parallelToolCalls;
  if (settings.reasoning !== undefined) request.reasoning = settings.reasoning;
  if (output?.format !== undefined) request.output = output.format;
  if (settings.extra !== undefined) request.extra = settings.extra;
  return request;
}

/** @param isTaken Whether the output comes by a tool, whose name is taken then. */
function checkedTools(tools: readonly AnyTool[], isTaken: boolean): ModelTool[] {
  const names = new Set<string>();
  return tools.map((each) => {
    if (!("answer" in each)) return each;
    if (names.has(each.name)) throw new ConfigurationError(`Two tools of one call are named "${each.name}".`);
    if (each.name === outputTool && isTaken)
      throw new ConfigurationError(`The tool "${outputTool}" has the name of the one that takes the output. Give it another.`);
    names.add(each.name);
    return each.model;
  });
}

function checkSources(sources: readonly Source[]): void {
  for (const [row, source] of sources.entries()) {
    if (typeof source?.text !== "string") throw new InputError("A source needs a text.", { row, field: "sources" });
  }
}

/** A blank source says nothing, and providers refuse it; the others keep their places. */
function sourcePart({ text, title, source }: Source, index: number): SourcePart[] {
  if (text.trim() === "") return [];
  return [{ type: "source", index, source: { text, ...(title != null && { title }), ...(source != null && { source }) } }];
}

/** Marks in earlier answers count the sources of their own calls; beside a new list they would point to the wrong ones. */
function withoutOldMarks(message: RequestMessage): RequestMessage {
  if (message.role !== "assistant") return message;
  return { ...message, content: message.content.map((part) => (part.type === "text" ? withoutMarks(part) : part)) };
}

function withoutMarks({ text, citations, ...rest }: TextPart): TextPart {
  if (citations === undefined || citations.length === 0) return { ...rest, text };
  const cited = new Set(citations.map(({ index }) => index));
  let clean = "";
  let at = 0;
  for (const { index, markRange } of parseCitations(text, Math.max(...cited) + 1).citations) {
    if (!cited.has(index) || markRange.start < at) continue;
    clean += text.slice(at, markRange.start).trimEnd();
    at = markRange.end;
  }
  return { ...rest, text: clean + text.slice(at) };
}
