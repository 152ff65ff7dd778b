// The chunkers on real documents, and how often they leave an answer whole.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { markdownChunker } from "../../src/chunk/markdown.ts";
import { plainChunker } from "../../src/chunk/plain.ts";
import { approximateTokens } from "../../src/util/tokens.ts";

const data = process.env.DRIZZLE_RAG_DATA;
if (data === undefined) console.warn("DRIZZLE_RAG_DATA is not set: the chunkers are not tried on real documents.");

interface Question {
  corpus: string;
  references: { content: string; start_index: number; end_index: number }[];
}

describe.skipIf(data === undefined)("real documents", { timeout: 180_000 }, () => {
  const read = (path: string) => readFileSync(join(data ?? "", path), "utf8");
  const named = (folder: string) => readdirSync(join(data ?? "", folder)).filter((name) => name.endsWith(".md"));

  it("keeps all of 233 specifications, within the size, and each heading with its text", () => {
    const files = named("documents/markdown_eips");
    expect(files.length).toBeGreaterThan(200);
    for (const name of files) {
      const text = read(`documents/markdown_eips/${name}`);
      const chunks = markdownChunker({ overlap: 0 }).chunk({ text, format: "markdown" });
      let at = 0;
      for (const chunk of chunks) {
        expect(text.slice(at, chunk.start)).not.toMatch(/\S/);
        expect(chunk.text).toBe(text.slice(chunk.start, chunk.end));
        expect(approximateTokens(chunk.text)).toBeLessThanOrEqual(400);
        if (chunk.end < text.trimEnd().length) expect(chunk.text, name).not.toMatch(/^#{1,6} [^\n]*$/);
        at = chunk.end;
      }
      expect(text.slice(at)).not.toMatch(/\S/);
    }
  });

  it.each([
    ["plain", plainChunker],
    ["markdown", markdownChunker],
  ] as const)("the %s chunker leaves nearly every answer whole in one chunk", (_, make) => {
    const questions = read("chunking/questions.jsonl")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Question);
    const share = (options: { overlap?: number }) => {
      let [whole, all] = [0, 0];
      for (const corpus of new Set(questions.map((question) => question.corpus))) {
        const text = read(`chunking/${corpus}.md`);
        const chunks = make(options).chunk({ text });
        // The indices count code points.
        const units = [0];
        for (const character of text) units.push(units.at(-1)! + character.length);
        for (const { start_index, end_index } of questions
          .filter((one) => one.corpus === corpus)
          .flatMap(({ references }) => references)) {
          const [start, end] = [units[start_index]!, units[end_index]!];
          if (chunks.some((chunk) => chunk.start <= start && chunk.end >= end)) whole++;
          all++;
        }
      }
      return whole / all;
    };
    expect(share({})).toBeGreaterThan(0.985);
    expect(share({ overlap: 0 })).toBeGreaterThan(0.97);
  });
});
