// The pages that OpenAI's APIs tie to an answer's text when they searched the web, alike in Responses and in Chat Completions.
// https://platform.openai.com/docs/guides/tools-web-search#output-and-citations
import type { TextRange } from "../values.ts";
import type { NativeWebCitation } from "./model.ts";

/** As the APIs give it; OpenRouter adds words of the page. */
export interface UrlCitation {
  url: string;
  title?: string | null;
  content?: string | null;
  start_index?: number;
  end_index?: number;
}

export function webCitations(text: string, citations: readonly UrlCitation[]): NativeWebCitation[] {
  return citations.map((citation) => {
    const { url, title, content, start_index: start, end_index: end } = citation;
    return {
      url,
      ...(title && { title }),
      ...(content && { quote: content }),
      // Some servers say 0 to 0 where they do not know.
      ...(typeof start === "number" && typeof end === "number" && end > start && { range: rangeIn(text, start, end) }),
    };
  });
}

/** The member of a text part that holds them, where there are any. */
export function withPages(text: string, citations: readonly UrlCitation[]): { webCitations?: NativeWebCitation[] } {
  return citations.length === 0 ? {} : { webCitations: webCitations(text, citations) };
}

/**
 * The API does not say what it counts, and means a link in its brackets. Where that is not what stands there in UTF-16 units, it counted
 * characters.
 */
function rangeIn(text: string, start: number, end: number): TextRange {
  if (/^[[(].*[\])]$/s.test(text.slice(start, end)) || !/[\u{10000}-\u{10ffff}]/u.test(text)) return { start, end };
  const characters = [...text];
  const from = characters.slice(0, start).join("").length;
  return { start: from, end: from + characters.slice(start, end).join("").length };
}
