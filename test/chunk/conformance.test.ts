// What every chunker keeps to, whatever the text.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { autoChunker } from "../../src/chunk/auto.ts";
import type { Chunker } from "../../src/chunk/chunker.ts";
import { markdownChunker } from "../../src/chunk/markdown.ts";
import type { ChunkOptions } from "../../src/chunk/options.ts";
import { plainChunker } from "../../src/chunk/plain.ts";
import { ConfigurationError } from "../../src/errors.ts";
import { approximateTokens, characters, type Measure } from "../../src/util/tokens.ts";
import type { Chunk } from "../../src/values.ts";

const chunkers: [name: string, make: (options?: ChunkOptions) => Chunker][] = [
  ["plain", plainChunker],
  ["markdown", markdownChunker],
  ["auto", autoChunker],
];

const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });

function checkChunks(text: string, chunks: Chunk[], size: number, measure: Measure, bodyStart = 0): void {
  const starts = new Set([bodyStart, text.length, ...[...graphemes.segment(text)].map(({ index }) => index)]);
  let covered = bodyStart;
  let before: Chunk | undefined;
  chunks.forEach((chunk, i) => {
    expect(chunk.ordinal).toBe(i);
    expect(chunk.text).toBe(text.slice(chunk.start, chunk.end));
    expect(chunk.text).toMatch(/\S/);
    if (before !== undefined) {
      expect(chunk.start).toBeGreaterThan(before.start);
      expect(chunk.end).toBeGreaterThan(before.end);
    }
    expect(starts.has(chunk.start), `cut inside a character at ${chunk.start}`).toBe(true);
    expect(starts.has(chunk.end), `cut inside a character at ${chunk.end}`).toBe(true);
    if (measure(chunk.text) > size) expect([...graphemes.segment(chunk.text)]).toHaveLength(1);
    expect(text.slice(covered, Math.max(covered, chunk.start))).not.toMatch(/\S/);
    covered = Math.max(covered, chunk.end);
    before = chunk;
  });
  expect(text.slice(covered)).not.toMatch(/\S/);
}

const bits = [
  "word",
  "Two words.",
  "A sentence, somewhat longer than the others! ",
  " ",
  "  ",
  "\n",
  "\n\n",
  "\r\n",
  "\r\n\r\n",
  "\r",
  "\t",
  "\u00a0",
  "\u2028",
  "# Heading\n",
  "\n## Sub *heading*\n\n",
  "Title\n===\n",
  "- item\n",
  "  - nested\n",
  "1. one\n",
  "> quoted\n",
  "```\n",
  "~~~js\ncode\n",
  "| a | b |\n| - | - |\n",
  "| 1 | 2 |\n",
  "---\n",
  "***\n",
  "<div>\n",
  "<!-- ",
  "-->",
  "[a]: http://x\n",
  "`",
  "*",
  "_",
  "[",
  "](",
  "\\",
  "&amp;",
  "    indented\n",
  "é",
  "e\u0301",
  " \u0301",
  "\u0301",
  "👩‍👩‍👧‍👦",
  "🇩🇪",
  "🇫",
  "👍🏽",
  "한국어",
  "각",
  "中文句子。",
  "ไทยภาษา",
  "नमस्ते",
  "\u0600",
  "\ufeff",
  "\u200d",
  "\ud83d",
  "\udc4d",
  "\0",
];
const someText = fc.oneof(
  fc.array(fc.constantFrom(...bits), { maxLength: 60 }).map((list) => list.join("")),
  fc
    .array(fc.oneof(fc.constantFrom(...bits), fc.string({ unit: "binary", maxLength: 20 })), { maxLength: 20 })
    .map((list) => list.join("")),
  fc.string({ unit: "grapheme", maxLength: 200 }),
);
const someMeasure = fc.constantFrom<Measure>(characters, approximateTokens, (text) => text.split(/\s+/).length);

describe.each(chunkers)("the %s chunker", { timeout: 120_000 }, (_, make) => {
  it("keeps every character, the size, the order and whole characters", () => {
    fc.assert(
      fc.property(
        someText,
        fc.integer({ min: 1, max: 80 }),
        fc.double({ min: 0, max: 0.9, noNaN: true }),
        someMeasure,
        (text, size, share, measure) => {
          const chunker = make({ size, overlap: size * share, measure });
          for (const format of ["plain", "markdown"] as const) {
            const chunks = chunker.chunk({ text, format });
            checkChunks(text, chunks, size, measure);
            expect(chunker.chunk({ text, format })).toEqual(chunks);
          }
        },
      ),
      { numRuns: Number(process.env.FC_RUNS ?? 200) },
    );
  });

  it("starts behind the front matter", () => {
    fc.assert(
      fc.property(someText, someText, (front, body) => {
        const [text, bodyStart] = [`${front}\n${body}`, front.length + 1];
        const chunks = make({ size: 30, measure: characters }).chunk({ text, bodyStart, format: "markdown" });
        checkChunks(text, chunks, 30, characters, bodyStart);
        expect(chunks.every(({ start }) => start >= bodyStart)).toBe(true);
      }),
    );
  });

  it("makes one chunk of a text that fits, and none of one without words", () => {
    expect(make().chunk({ text: "\n Hello.\n\nWorld. \n" })).toMatchObject([
      { text: "Hello.\n\nWorld.", start: 2, end: 16, headings: [] },
    ]);
    expect(make().chunk({ text: "" })).toEqual([]);
    expect(make().chunk({ text: " \n\t \r\n" })).toEqual([]);
  });

  it("keeps paragraphs whole that fit", () => {
    const paragraphs = ["First one here.", "The second, which is longer.", "Third."];
    const chunks = make({ size: 30, overlap: 0, measure: characters }).chunk({
      text: paragraphs.join("\n\n"),
      format: "markdown",
    });
    expect(chunks.map(({ text }) => text)).toEqual(paragraphs);
  });

  it("cuts a long paragraph between sentences, and wrapped lines do not count as such", () => {
    const text = "One sentence goes\nover lines. Another\none does too. The third.";
    const chunks = make({ size: 32, overlap: 0, measure: characters }).chunk({ text });
    expect(chunks.map((chunk) => chunk.text)).toEqual(["One sentence goes\nover lines.", "Another\none does too. The third."]);
  });

  it("repeats whole sentences where an overlap is asked for", () => {
    const text = "Alpha is one. Beta is two. Gamma is three. Delta is four. Epsilon is five.";
    const chunks = make({ size: 45, overlap: 20, measure: characters }).chunk({ text });
    expect(chunks.map((chunk) => chunk.text)).toEqual([
      "Alpha is one. Beta is two. Gamma is three.",
      "Gamma is three. Delta is four.",
      "Delta is four. Epsilon is five.",
    ]);
  });

  it("does not leave a scrap at the end", () => {
    const sentence = "This sentence has some words in it. ";
    const chunks = make({ size: 10 * sentence.length, overlap: 0, measure: characters }).chunk({ text: sentence.repeat(11) });
    expect(chunks.map(({ text }) => text.length)).toEqual([sentence.length * 6 - 1, sentence.length * 5 - 1]);
  });

  it("takes a single line of many characters, and asks the measure about little more", () => {
    for (const unit of ["x", "word ", "漢字", "🙂", "e\u0301"]) {
      const text = unit.repeat(200_000 / unit.length);
      let measured = 0;
      const measure = (part: string) => {
        measured += part.length;
        return approximateTokens(part);
      };
      const chunks = make({ measure, overlap: 0 }).chunk({ text, format: "markdown" });
      expect(chunks.length).toBeLessThan(1_600);
      expect(
        chunks
          .map((chunk) => chunk.text)
          .join("")
          .replaceAll(" ", ""),
      ).toBe(text.replaceAll(" ", ""));
      expect(measured).toBeLessThan(20 * text.length);
    }
  });

  it("names its settings", () => {
    expect(make({ size: 100, overlap: 10 }).id).toMatch(/^\w+:100:10:approximateTokens$/);
    expect(make({ size: 100, overlap: 10, measure: characters }).id).not.toBe(make({ size: 100, overlap: 10 }).id);
  });

  it.each([{ size: 0 }, { size: -1 }, { size: Number.NaN }, { size: 10, overlap: 10 }, { overlap: -1 }, { overlap: Number.NaN }])(
    "refuses %o",
    (options) => {
      expect(() => make(options)).toThrow(ConfigurationError);
    },
  );
});
