// YAML front matter at the top of a Markdown file.

import { toJson } from "../util/json.ts";
import type { Json } from "../values.ts";

export interface FrontMatter {
  /** Where the text begins behind it, in UTF-16 units: the start of the line below the closing `---`. */
  bodyStart: number;
  /** Its fields. Where it is not valid YAML: `frontMatterError` alone, which tells why. */
  fields: { [key: string]: Json };
}

/** Reads front matter; undefined when the text does not begin with it. */
export async function frontMatter(text: string): Promise<FrontMatter | undefined> {
  const opening = /^---[ \t]*(?:\r\n?|\n)/.exec(text);
  if (opening === null) return undefined;
  const closing = /^---[ \t]*(?:\r\n?|\n|$(?![\s\S]))/gm;
  closing.lastIndex = opening[0].length;
  const close = closing.exec(text);
  if (close === null) return undefined;
  return {
    bodyStart: closing.lastIndex,
    fields: await fieldsOf(text.slice(opening[0].length, close.index)),
  };
}

async function fieldsOf(yaml: string): Promise<{ [key: string]: Json }> {
  const { parse } = await import("yaml");
  try {
    const value: unknown = parse(yaml, { logLevel: "error" });
    if (value === null || value === undefined) return {};
    const fields = toJson(value);
    if (typeof fields === "object" && fields !== null && !Array.isArray(fields)) return fields;
    return { frontMatterError: "The front matter is not a list of fields." };
  } catch (error) {
    return { frontMatterError: error instanceof Error ? error.message : String(error) };
  }
}
