// drizzle-rag search <question>: the passages nearest to a question.
import type { SearchMode } from "../../store/types.ts";
import { excerpt, json, line, note, paint } from "../output.ts";
import { lineOf, place } from "../places.ts";
import type { CommonOptions, Session } from "../session.ts";

export interface SearchOptions extends CommonOptions {
  limit: number;
  mode?: SearchMode;
  minScore?: number;
}

export async function search(session: Session, question: string, options: SearchOptions, signal: AbortSignal): Promise<void> {
  const { limit, mode, minScore } = options;
  const hits = await session.docs.search(question, {
    limit,
    signal,
    ...(mode && { mode }),
    ...(minScore !== undefined && { minScore }),
  });
  if (options.json) {
    for (const { text, title, source, start, end, headings, score, scores, document } of hits) {
      json({ source, line: lineOf(document, start), title, headings, start, end, score, scores, text });
    }
    return;
  }
  if (hits.length === 0) return note(`Nothing found. ${await hint(session)}`);
  for (const [i, hit] of hits.entries()) {
    const heading = hit.headings.join(" > ") || hit.title || "";
    const score = paint("dim", hit.score.toFixed(3));
    line(`${paint("bold", `${i + 1}.`)} ${paint("cyan", place(hit.source, hit.document, hit))}  ${heading}  ${score}`);
    line(`   ${excerpt(hit.text, 240)}`);
  }
}

/** What to do when there is nothing. */
export async function hint(session: Session): Promise<string> {
  const count = await session.docs.count();
  return count === 0
    ? `${session.database} holds no documents yet: drizzle-rag add <path…>`
    : "Try other words, or a lower --min-score.";
}
