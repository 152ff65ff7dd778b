// A loader for web pages. The parser itself is loaded with the first page.
import { decodeText } from "./decode.ts";
import type { Loader } from "./loader.ts";

/**
 * Takes the readable text of a page as Markdown: headings, lists, code, tables; links as their text, without images. Menus, page
 * headers and footers, asides, form controls, scripts and hidden elements are left out, and where the page has a `main` or one
 * long `article`, all around it. `lines` tells for each line of the text where it begins in the file. The title is that of
 * `title`, else `og:title`, else the first `h1`.
 *
 * The encoding is that of the byte order mark, else the one the page names in a `meta`, else UTF-8; throws a `BinaryFileError` for
 * bytes that are not of it.
 */
export const htmlLoader: Loader = {
  extensions: [".html", ".htm", ".xhtml"],
  async load(bytes, { source }) {
    const { readPage } = await import("./html-text.ts");
    const { text, lines, title } = readPage(decodeText(bytes, source, namedEncoding(bytes)));
    return { text, source, format: "markdown", lines, ...(title === undefined ? {} : { title }) };
  },
};

/** The encoding a page names in its first kilobyte, where the standard wants it; a page that says UTF-16 there cannot mean it. */
function namedEncoding(bytes: Uint8Array): string | undefined {
  const start = new TextDecoder("latin1").decode(bytes.subarray(0, 1_024));
  const name =
    /<meta[^>]+charset\s*=\s*["']?\s*([\w:.-]+)/i.exec(start)?.[1] ?? /<\?xml[^>]+encoding\s*=\s*["']([\w.-]+)/.exec(start)?.[1];
  return name === undefined || /^utf-?16/i.test(name) ? undefined : name;
}
