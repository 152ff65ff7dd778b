// How the command line speaks: results on stdout, everything else on stderr, colour only where a person reads.
import { styleText } from "node:util";

/** Colour is off without a terminal and where NO_COLOR is set (https://no-color.org). */
export function paint(style: Parameters<typeof styleText>[0], text: string, stream: NodeJS.WriteStream = process.stdout): string {
  return stream.isTTY === true && !process.env.NO_COLOR ? styleText(style, text) : text;
}

/** One line of a result. */
export function line(text = ""): void {
  process.stdout.write(`${text}\n`);
}

/** A result for machines: one JSON value a line. */
export function json(value: unknown): void {
  line(JSON.stringify(value));
}

/** A line for people about what is going on. */
export function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** A text on one line, cut to a length. */
export function excerpt(text: string, length: number): string {
  const flat = text.replace(/\s+/g, " ").trim();
  if (flat.length <= length) return flat;
  // Not in the middle of a surrogate pair, and rather between words.
  const cut = flat
    .slice(0, length)
    .toWellFormed()
    .replace(/\s+\S*$/, "");
  return `${cut} …`;
}

/** `3 documents`, `1 document` */
export function counted(count: number, noun: string): string {
  return `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
}
