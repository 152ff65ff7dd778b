// From what a person says to what is searched for: plain functions over a call.
import { InputError } from "../errors.ts";
import { call } from "../llm/call.ts";
import type { Message } from "../llm/model.ts";
import type { CallSettings } from "../llm/settings.ts";
import { textOf } from "../llm/text.ts";

/** The model, and whatever else of a call's settings. */
export type RewriteSettings = Pick<
  CallSettings,
  "model" | "client" | "signal" | "temperature" | "maxTokens" | "reasoning" | "extra"
>;

const condensing =
  "Rewrite the last question of the conversation so that it can be understood without the conversation: put names in place of " +
  "pronouns, and add what it leaves out. Keep its language. If it can be understood as it is, repeat it. Reply with the question alone.";

/**
 * A question that needs no conversation to be understood: "and for gifts?" becomes "Can gifts be returned?". Asks nothing where there is no
 * conversation yet.
 */
export async function condense(question: string, history: readonly Message[], settings: RewriteSettings): Promise<string> {
  if (history.length === 0) return question;
  const ask = call(settings, () => ({
    system: condensing,
    messages: `${transcript(history)}\n\nThe last question: ${question}`,
  }));
  const { text } = await ask();
  return text.trim() || question;
}

/**
 * The question in several other wordings, itself first: for `docs.search(questions)`, which fuses what each finds.
 * @param count How many to add. Default: 3.
 */
export async function paraphrase(question: string, settings: RewriteSettings & { count?: number }): Promise<string[]> {
  const { count = 3, ...others } = settings;
  if (!(Number.isInteger(count) && count >= 1))
    throw new InputError(`${count} is not a whole number of at least 1.`, { field: "count" });
  const ask = call(others, () => ({
    system: `Write ${count} other wordings of the question, with other words for the same things, as somebody else might ask it. One a line, without numbers, in its language.`,
    messages: question,
  }));
  const lines = (await ask()).text.split("\n").map((line) => line.replace(/^\s*(?:\d+[.)]|[-*•])\s*/, "").trim());
  return [question, ...new Set(lines.filter((line) => line !== "" && line !== question))].slice(0, count + 1);
}

/**
 * A passage that might answer the question, made up: it may lie nearer to the true ones than the question does (HyDE; Gao and others, 2022).
 * Search with it by vector, together with the question: `docs.search([question, passage])`. What it says is never shown to anybody.
 */
export async function hypotheticalAnswer(question: string, settings: RewriteSettings): Promise<string> {
  const ask = call(settings, () => ({
    system:
      "Write one short paragraph, as it might stand in a document that answers the question. In its language, without a preface.",
    messages: question,
  }));
  return (await ask()).text.trim() || question;
}

/** The last turns, as text: what was said is quoted material to the model that rewrites. */
function transcript(history: readonly Message[]): string {
  const turns = history
    .slice(-6)
    .map((message) => `${message.role === "user" ? "Person" : "Assistant"}: ${textOf(message).slice(0, 2000)}`);
  return `The conversation so far:\n\n${turns.join("\n\n")}`;
}
