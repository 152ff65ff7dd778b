// Answers and sources come from others: no text may keep the process busy. Each run is 40,000 characters; in quadratic time that
// would take many seconds.
import { describe, expect, it } from "vitest";
import { fold } from "../../src/cite/fold.ts";
import { citationParser, parseCitations } from "../../src/cite/parse.ts";
import { findQuote } from "../../src/cite/quote.ts";
import { renderSources } from "../../src/cite/render.ts";
import { candidates } from "../../src/llm/extractive-sentences.ts";
import { splitSentences } from "../../src/util/sentences.ts";

const units = [
  "a. B",
  " ",
  "\n",
  "`",
  "x",
  "[",
  "[1",
  '[1 "',
  "[1] ",
  "- ",
  "-",
  "*",
  "_ ",
  "|",
  "> ",
  "#",
  "\\",
  "```\n",
  "](",
  "\u0301",
  "【1†",
  "--- \n",
  "1. ",
  "\t-",
];
const jobs: Record<string, (text: string) => unknown> = {
  splitSentences,
  candidates,
  fold,
  renderSources: (text) => renderSources([{ text, title: text }]),
  findQuote: (text) => findQuote("some words that are not there", text),
  parseCitations: (text) => parseCitations(text, 3),
  "a stream": (text) => {
    const parser = citationParser(3);
    for (let at = 0; at < text.length; at += 50) parser.push(text.slice(at, at + 50));
    return parser.end();
  },
};

describe.each(Object.keys(jobs))("%s", (name) => {
  it.each(units)("takes time in proportion to a text of %j", (unit) => {
    const text = unit.repeat(40_000 / unit.length);
    const before = performance.now();
    jobs[name]!(text);
    expect(performance.now() - before).toBeLessThan(4_000);
  });
});
