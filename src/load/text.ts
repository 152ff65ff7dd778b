// A loader for text without markup worth knowing.
import { decodeText } from "./decode.ts";
import type { Loader } from "./loader.ts";

/**
 * Takes the text as it stands. UTF-8, or UTF-16 with a byte order mark; throws a `BinaryFileError` for anything else.
 *
 * For further extensions: `{ ...textLoader, extensions: [".py", ".sql"] }`.
 */
export const textLoader: Loader = {
  extensions: [".txt", ".text", ".log", ".rst", ".adoc", ".asciidoc", ".org", ".tex", ".csv", ".tsv", ".srt", ".vtt"],
  load: (bytes, { source }) => ({ text: decodeText(bytes, source), source, format: "plain" }),
};
