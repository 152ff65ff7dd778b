// A loader for Markdown with or without front matter.
import { decodeText } from "./decode.ts";
import { frontMatter } from "./front-matter.ts";
import type { Loader } from "./loader.ts";

/** How far into the text a title is looked for, in UTF-16 units. */
const TITLE_WITHIN = 65_536;

/**
 * Takes the text as it stands, front matter and all, so that offsets and lines are the file's; `bodyStart` is where the prose
 * begins. `metadata` holds the front matter (YAML), or only `frontMatterError` where that is not valid. The title is that of the
 * front matter, else the first heading of depth 1, else the first heading.
 *
 * UTF-8, or UTF-16 with a byte order mark; throws a `BinaryFileError` for anything else.
 */
export const markdownLoader: Loader = {
  extensions: [".md", ".markdown", ".mdx"],
  async load(bytes, { source }) {
    const text = decodeText(bytes, source);
    const front = await frontMatter(text);
    const bodyStart = front?.bodyStart ?? 0;
    const title = titleOf(front?.fields.title) ?? (await headingOf(text, bodyStart));
    return {
      text,
      source,
      format: "markdown",
      bodyStart,
      ...(title === undefined ? {} : { title }),
      ...(front === undefined ? {} : { metadata: front.fields }),
    };
  },
};

function titleOf(value: unknown): string | undefined {
  const title = typeof value === "string" || typeof value === "number" ? String(value).trim() : "";
  return title === "" ? undefined : title;
}

async function headingOf(text: string, bodyStart: number): Promise<string | undefined> {
  const { markdownBlocks, markdownText } = await import("../util/markdown.ts");
  let first: string | undefined;
  for (const { type, depth, start, end } of markdownBlocks(text.slice(0, bodyStart + TITLE_WITHIN), bodyStart)) {
    const title = type === "heading" && (depth === 1 || first === undefined) ? markdownText(text.slice(start, end)) : "";
    if (title === "") continue;
    if (depth === 1) return title;
    first ??= title;
  }
  return first;
}
