// The text of messages and responses.
import { ConfigurationError } from "../errors.ts";
import type { ReasoningPart, RequestMessage, SourcedUserMessage, SourcePart, TextPart } from "./model.ts";

/** The text parts of a message or response, joined by `separator` (default: nothing); reasoning and sources left out. */
export function textOf(
  message: Pick<RequestMessage, "content"> | { content: (TextPart | ReasoningPart)[] },
  separator = "",
): string {
  const parts: (TextPart | ReasoningPart | SourcePart)[] = message.content;
  return parts.flatMap((part) => (part.type === "text" ? part.text : [])).join(separator);
}

/**
 * The texts of a user's turn, for models that get their sources numbered, as text. Throws a `ConfigurationError` for a source part: what
 * sends it has not rendered it, and its bare text would stand among the instructions.
 */
export function userTexts(message: SourcedUserMessage): string[] {
  return message.content.map((part) => {
    if (part.type === "text") return part.text;
    throw new ConfigurationError(
      'This model takes no source parts (its `citations` are "numbered"). Send renderSources(sources) as text.',
    );
  });
}
