// The text of messages and responses.
import { ConfigurationError } from "../errors.ts";
import type {
  AssistantPart,
  DocumentPart,
  MediaSource,
  RequestMessage,
  SourcePart,
  SystemPrompt,
  TextPart,
  UserPart,
} from "./model.ts";

/** The text parts of a message or response, joined by `separator` (default: nothing); all else left out. */
export function textOf(message: Pick<RequestMessage, "content"> | { content: AssistantPart[] }, separator = ""): string {
  const parts: (AssistantPart | UserPart | SourcePart)[] = message.content;
  let text: string | undefined;
  for (const part of parts) if (part.type === "text") text = text === undefined ? part.text : text + separator + part.text;
  return text ?? "";
}

/** Instructions one after the other; blank ones left out. Text, unless a part ends what is to be cached. */
export function joinSystem(...prompts: (SystemPrompt | undefined)[]): SystemPrompt | undefined {
  if (prompts.every((prompt) => prompt === undefined || prompt.length === 0)) return undefined;
  const parts = prompts
    .flatMap((prompt): readonly TextPart[] => (typeof prompt === "string" ? [{ type: "text", text: prompt }] : (prompt ?? [])))
    .filter(({ text }) => text.trim() !== "");
  if (parts.some(({ cache }) => cache !== undefined)) return parts;
  return parts.length === 0 ? undefined : systemText(parts);
}

/** For providers that cache by themselves. */
export function systemText(system: SystemPrompt): string {
  return typeof system === "string" ? system : system.map(({ text }) => text).join("\n\n");
}

/**
 * The parts of a user's turn, for models that get their sources numbered, as text. Throws a `ConfigurationError` for a source part: what
 * sends it has not rendered it, and its bare text would stand among the instructions.
 */
export function userParts(content: readonly (UserPart | SourcePart)[]): UserPart[] {
  return content.map((part) => {
    if (part.type !== "source") return part;
    throw new ConfigurationError(
      'This model takes no source parts (its `citations` are "numbered"). Send renderSources(sources) as text.',
    );
  });
}

/** A document's text with its title and context, for APIs that have no place for them. */
export function documentText(text: string, { title, context }: Pick<DocumentPart, "title" | "context">): string {
  return [title, context, text].filter((each) => each !== undefined && each !== "").join("\n\n");
}

/** An address for a medium: its own, or one that holds the bytes. */
export function mediaUrl(source: MediaSource): string {
  return "url" in source ? source.url : `data:${source.mediaType};base64,${source.data}`;
}

/** A tool's arguments. What is no JSON (the answer hit its limit) is kept as the text it is. */
export function parseInput(json: string): unknown {
  try {
    return json.trim() === "" ? {} : (JSON.parse(json) as unknown);
  } catch {
    return json;
  }
}
