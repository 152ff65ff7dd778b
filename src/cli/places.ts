// Where a passage stands, as people say it: file and line.
import type { TextRange } from "../values.ts";

/** What the ready-made tables know of a document's text. */
interface Text {
  text?: string;
  lines?: number[] | null;
}

/** 1-based line of an offset; for a text that is not the file itself, the line of the file it came from. */
export function lineOf(document: Text, offset: number): number | undefined {
  if (document.text === undefined) return undefined;
  let line = 1;
  for (let i = document.text.indexOf("\n"); i !== -1 && i < offset; i = document.text.indexOf("\n", i + 1)) line++;
  return document.lines?.[line - 1] ?? line;
}

/** `docs/a.md:12` or `docs/a.md:12-14`; the source alone where the text is not known. */
export function place(source: string | undefined, document: Text, range: TextRange): string {
  const name = source ?? "(no source)";
  const first = lineOf(document, range.start);
  const last = lineOf(document, Math.max(range.start, range.end - 1));
  if (first === undefined || last === undefined) return name;
  return first >= last ? `${name}:${first}` : `${name}:${first}-${last}`;
}
