// Whether a model of one's own keeps what the interface promises: the suite that this package's own models pass.
import type { AssistantPart, Model, ModelEvent, ModelRequest, ModelResponse } from "../llm/model.ts";
import { textOf } from "../llm/text.ts";

export interface CheckModelOptions {
  /** What the model is asked. Default: one short question. */
  request?: ModelRequest;
  /** Whether the model gives the same answer each time: then the streamed response has to be the plain one. Default: true. */
  deterministic?: boolean;
}

const question: ModelRequest = { messages: [{ role: "user", content: [{ type: "text", text: "Say hello." }] }], params: {} };
const partTypes = ["text", "reasoning", "tool-call", "provider"];
const finishReasons = ["stop", "length", "tool-calls", "content-filter", "refusal", "paused", "other"];

/**
 * Asks a model, four times at most, and returns what is wrong with it, a sentence each; an empty list when nothing is. Point it at a server of
 * your own or at a recording: `expect(await checkModel(mine)).toEqual([])`. Throws what the model throws where it should have answered.
 */
export async function checkModel(
  model: Model,
  { request = question, deterministic = true }: CheckModelOptions = {},
): Promise<string[]> {
  const wrong: string[] = [];
  const check = (holds: boolean, message: string) => {
    if (!holds) wrong.push(message);
  };
  check(typeof model.id === "string" && model.id !== "", "id is empty: it is `provider/name`.");
  check(["native", "numbered"].includes(model.citations), 'citations is neither "native" nor "numbered".');
  const before = JSON.stringify(request);

  const plain = await model.generate(request, {});
  checkResponse(plain, "generate()", check);
  const events: ModelEvent[] = [];
  for await (const event of model.stream(request, {})) events.push(event);
  const last = events.at(-1);
  check(last?.type === "finish", "stream() does not end with `finish`.");
  check(events.filter(({ type }) => type === "finish").length <= 1, "stream() has more than one `finish`.");
  if (last?.type === "finish") {
    checkResponse(last.response, "stream()", check);
    checkEvents(events, last.response, check);
    if (deterministic) {
      check(
        JSON.stringify(comparable(last.response)) === JSON.stringify(comparable(plain)),
        "stream() and generate() give different responses to the same request.",
      );
    }
  }

  const reason = new Error("aborted by checkModel()");
  const signal = AbortSignal.abort(reason);
  check(
    (await failure(() => model.generate(request, { signal }))) === reason,
    "generate() does not reject with the reason of an aborted signal.",
  );
  check(
    (await failure(async () => {
      for await (const _ of model.stream(request, { signal }));
    })) === reason,
    "stream() does not throw the reason of an aborted signal.",
  );
  const left = await failure(async () => {
    for await (const _ of model.stream(request, {})) break;
  });
  check(left === undefined, `Leaving the stream early throws: ${left}`);
  check(JSON.stringify(request) === before, "The request was changed.");
  return wrong;
}

type Check = (holds: boolean, message: string) => void;

function checkResponse({ content, finishReason, model, usage }: ModelResponse, where: string, check: Check): void {
  check(typeof model === "string", `${where}: the response has no \`model\`.`);
  check(finishReasons.includes(finishReason), `${where}: finishReason "${finishReason}" is none of ${finishReasons.join(", ")}.`);
  check(
    Array.isArray(content) && content.every(({ type }) => partTypes.includes(type)),
    `${where}: content holds something that is no part.`,
  );
  const counts = Object.values(usage ?? {}).filter((count) => count !== undefined);
  check(
    usage !== undefined && counts.every((count) => Number.isInteger(count) && count >= 0),
    `${where}: usage holds something that is no count.`,
  );
}

function checkEvents(events: readonly ModelEvent[], { content }: ModelResponse, check: Check): void {
  const joined = (type: "text" | "reasoning") => events.map((event) => (event.type === type ? event.text : "")).join("");
  const reasoning = content.map((part) => (part.type === "reasoning" ? part.text : "")).join("");
  check(joined("text") === textOf({ content }), "The text events do not spell the text of the response.");
  check(joined("reasoning") === reasoning, "The reasoning events do not spell the reasoning of the response.");
  const calls = events.flatMap((event) => (event.type === "tool-call" ? event.call.id : []));
  const expected = content.flatMap((part) => (part.type === "tool-call" ? part.id : []));
  check(calls.join("\n") === expected.join("\n"), "The tool-call events are not the tool calls of the response.");
  const started = events.flatMap((event) => (event.type === "tool-call-start" ? event.id : []));
  check(
    events.every((event) => event.type !== "tool-input" || started.includes(event.id)),
    "A tool-input event comes for a call that was not started.",
  );
  let open = false;
  let late = false;
  for (const { type } of events) {
    if (type === "text") open = true;
    else if (type === "text-end") open = false;
    else if ((type === "native-citation" || type === "web-citation") && !open) late = true;
  }
  check(!late, "A citation comes behind the `text-end` of its text.");
}

/** What does not differ from one request to the next. */
function comparable({ content, finishReason }: ModelResponse) {
  const plain = (part: AssistantPart) =>
    part.type === "tool-call" ? { ...part, raw: undefined } : part.type === "reasoning" ? part.text : part;
  return { finishReason, content: content.map(plain) };
}

async function failure(work: () => Promise<unknown>): Promise<unknown> {
  try {
    await work();
    return undefined;
  } catch (error) {
    return error;
  }
}
