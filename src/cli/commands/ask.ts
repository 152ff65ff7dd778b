// drizzle-rag ask <question>: an answer from the documents, streamed, with its citations beneath.
import { answer } from "../../answer/answer.ts";
import { resolveModel } from "../../llm/resolve.ts";
import type { Hit } from "../../store/types.ts";
import type { Citation } from "../../values.ts";
import { excerpt, json, line, note, paint } from "../output.ts";
import { place } from "../places.ts";
import { type CommonOptions, chooseModel, type Session } from "../session.ts";
import { hint } from "./search.ts";

export interface AskOptions extends CommonOptions {
  limit: number;
  model?: string;
}

export async function ask(session: Session, question: string, options: AskOptions, signal: AbortSignal): Promise<void> {
  const { docs } = session;
  const model = resolveModel(chooseModel(options.model ?? session.config.model));
  const answering = answer(docs, { model, limit: options.limit, signal }).stream(question);

  let written = "";
  const write = (text: string) => {
    written += text;
    process.stdout.write(text);
  };
  for await (const event of answering) {
    if (options.json) continue;
    if (event.type === "text") write(event.text);
    // Models that get numbered sources write the marks themselves.
    else if (event.type === "citation" && model.citations === "native") {
      const mark = `[${event.citation.index + 1}]`;
      if (!written.endsWith(mark)) write(mark);
    }
  }
  const response = await answering.response();
  if (response.sources.length === 0) note(`Nothing was found to answer from. ${await hint(session)}`);
  if (options.json) {
    json({
      text: response.text,
      citations: response.citations.map((citation) => ({
        index: citation.index,
        source: citation.source.source,
        place: placeOf(citation),
        quote: citation.quote,
        verified: citation.verified,
        textRange: citation.textRange,
      })),
      abstained: response.abstained,
      unsupported: response.unsupported.map(({ text }) => text),
      model: model.id,
      finishReason: response.finishReason,
      usage: response.usage,
    });
    return;
  }
  line();
  const cited = byPlace(response.citations);
  if (cited.length > 0) line();
  for (const { number, at, citation } of cited) {
    const verdict = citation.verified === "exact" ? "" : ` ${paint("yellow", `(${verdicts[citation.verified]})`)}`;
    line(`${paint("bold", `[${number}]`)} ${paint("cyan", at)}  “${excerpt(citation.quote, 160)}”${verdict}`);
  }
  for (const { text } of response.unsupported)
    note(paint("yellow", `No source was found for: ${excerpt(text, 160)}`, process.stderr));
  note(
    paint(
      "dim",
      `${model.id === "extractive" ? "extractive: sentences of the sources, offline" : model.id}${usage(response.usage)}`,
      process.stderr,
    ),
  );
}

const verdicts = {
  normalised: "quoted with other spacing or marks",
  partial: "only in part in the source",
  none: "not found in the source",
  exact: "",
};

/** Where the quote stands; without one that was found, where the passage does. */
function placeOf({ source, documentRange }: Citation<Hit>): string {
  return place(source.source, source.document, documentRange ?? source);
}

/** One line for each place that is quoted, in the order of their numbers. */
function byPlace(citations: readonly Citation<Hit>[]) {
  const lines = new Map<string, { number: number; at: string; citation: Citation<Hit> }>();
  for (const citation of citations) {
    const at = placeOf(citation);
    lines.set(`${citation.index} ${at} ${citation.quote}`, { number: citation.index + 1, at, citation });
  }
  return [...lines.values()].sort((a, b) => a.number - b.number);
}

function usage({ inputTokens, outputTokens }: { inputTokens?: number; outputTokens?: number }): string {
  return inputTokens === undefined ? "" : `, ${inputTokens} tokens in, ${outputTokens ?? 0} out`;
}
