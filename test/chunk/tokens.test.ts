// How far the estimate of tokens is from an exact count.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { countTokens } from "gpt-tokenizer/encoding/cl100k_base";
import { describe, expect, it } from "vitest";
import { markdownChunker } from "../../src/chunk/markdown.ts";
import { approximateTokens, characters } from "../../src/util/tokens.ts";

const data = process.env.DRIZZLE_RAG_DATA;
if (data === undefined) console.warn("DRIZZLE_RAG_DATA is not set: the estimate of tokens is not compared on real texts.");

const samples = {
  English:
    "Any process can fail, and a transaction that was not committed leaves nothing behind; so a job that is run again finds the tables as they were.",
  German: "Jeder Vorgang kann fehlschlagen, und eine nicht abgeschlossene Transaktion hinterlässt nichts in den Tabellen.",
  Russian: "Любой процесс может завершиться ошибкой, и незавершённая транзакция ничего не оставляет в таблицах базы данных.",
  Chinese: "任何进程都可能失败，未提交的事务不会留下任何内容，因此再次运行时表保持原样。",
  Japanese: "どのプロセスも失敗する可能性があり、コミットされていないトランザクションは何も残しません。",
  code: "export function add(a: number, b: number): number {\n  return a + b;\n}\n",
  numbers: "2024-01-02 12:34:56,789 3.14159265358979 0xdeadbeef 1000000000",
  emoji: "🙂👍🏽👩‍👩‍👧‍👦🇩🇪",
};

describe("approximateTokens", () => {
  it.each(Object.entries(samples))("is near the count for %s, and not below it by much", (_, text) => {
    const ratio = approximateTokens(text) / countTokens(text);
    expect(ratio).toBeGreaterThan(0.85);
    expect(ratio).toBeLessThan(1.8);
  });

  it("counts nothing for nothing and does not shrink when a text grows", () => {
    expect(approximateTokens("")).toBe(0);
    for (const text of Object.values(samples)) {
      for (let i = 1; i <= text.length; i++)
        expect(approximateTokens(text.slice(0, i))).toBeGreaterThanOrEqual(approximateTokens(text.slice(0, i - 1)));
    }
  });

  it.skipIf(data === undefined)("is seldom below the count on real texts", () => {
    const folder = join(data!, "documents/markdown_eips");
    const eips = readdirSync(folder)
      .slice(0, 40)
      .map((name) => readFileSync(join(folder, name), "utf8"));
    const rows = gunzipSync(readFileSync(join(data!, "vectors/docs40k/chunks.jsonl.gz")))
      .toString()
      .trimEnd()
      .split("\n");
    const many = rows
      .filter((_, i) => i % 40 === 0)
      .map((row) => (JSON.parse(row) as { text: string }).text)
      .join("\n\n");
    const passages = [...eips, many].flatMap((text) => text.match(/[\s\S]{1500}/g) ?? []);
    const ratios = passages.map((text) => approximateTokens(text) / countTokens(text));
    expect(ratios.filter((ratio) => ratio < 1).length / ratios.length).toBeLessThan(0.07);
    expect(ratios.filter((ratio) => ratio < 0.9).length / ratios.length).toBeLessThan(0.01);
    expect(ratios.reduce((sum, ratio) => sum + ratio) / ratios.length).toBeLessThan(1.3);
  });
});

describe("other measures", () => {
  it("takes an exact tokenizer as it is", () => {
    const text = `# Heading\n\n${samples.English.repeat(20)}`;
    const chunks = markdownChunker({ size: 50, measure: (part) => countTokens(part) }).chunk({ text });
    expect(Math.max(...chunks.map((chunk) => countTokens(chunk.text)))).toBeLessThanOrEqual(50);
    expect(Math.min(...chunks.map((chunk) => countTokens(chunk.text)))).toBeGreaterThan(20);
  });

  it("counts characters as String.length does", () => {
    expect(characters("a👍")).toBe(3);
  });
});
