import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { call } from "../../src/llm/call.ts";
import { ABSTENTION, extractive } from "../../src/llm/extractive.ts";
import { candidates } from "../../src/llm/extractive-sentences.ts";
import { splitSentences } from "../../src/util/sentences.ts";
import type { Source } from "../../src/values.ts";
import { bestByBm25, overlaps } from "../helpers/bm25.ts";

const ask = call({ model: extractive() }, (question: string, sources: Source[]) => ({ messages: question, sources }));

const bridge: Source = {
  title: "The Iron Bridge",
  source: "bridge.md",
  start: 50,
  text: `---
title: front matter about opening
---
# The Iron Bridge

The bridge crosses the river at Ironstadt. It was opened to traffic on 19 March
1932 after eight years of work.

## Cost

- The bridge cost **ten million** pounds to build.
- Each crossing costs \`toll()\` 2 pounds.

| part | weight |
| --- | --- |
| deck | 900 tonnes |

\`\`\`js
open("the bridge"); // opened in code
\`\`\`

The colours are:

- red
- green
`,
};
const bread: Source = { title: "Bread", text: "Bread is made of flour. Bake the bread for forty minutes." };

describe("the extractive model", () => {
  it("answers with the sentence that matches, on one line, and cites it exactly", async () => {
    const answer = await ask("When was the bridge opened?", [bread, bridge]);
    expect(answer.text).toBe("It was opened to traffic on 19 March 1932 after eight years of work.");
    expect(answer.citations).toHaveLength(1);
    const [citation] = answer.citations;
    expect(citation).toMatchObject({ index: 1, verified: "exact", textRange: { start: 0, end: answer.text.length } });
    expect(citation!.source).toBe(bridge);
    const { start, end } = citation!.sourceRange!;
    expect(bridge.text.slice(start, end)).toBe("It was opened to traffic on 19 March\n1932 after eight years of work.");
    expect(citation!.documentRange).toEqual({ start: start + 50, end: end + 50 });
    expect(answer).toMatchObject({ model: "extractive", finishReason: "stop", usage: {}, raw: { abstained: false } });
  });

  it.each([
    ["How much did the bridge cost to build?", "The bridge cost **ten million** pounds to build."],
    ["What does each crossing cost?", "Each crossing costs `toll()` 2 pounds."],
    ["What is the weight of the deck?", "deck | 900 tonnes"],
    ["Which colours are there?", "The colours are: red green"],
    ["How long is bread baked?", "Bake the bread for forty minutes."],
  ])("%s %s", async (question, text) => {
    expect((await ask(question, [bridge, bread])).text).toContain(text);
  });

  it.each([
    ["Who is the president of France?", [bridge, bread]],
    ["When was the bridge opened?", []],
    ["???", [bridge]],
    ["open", [{ text: "```\nopen open\n```" }]],
    ["When was the bridge opened?", [{ text: "" }]],
  ])("abstains: %s", async (question, sources) => {
    const answer = await ask(question, sources as Source[]);
    expect(answer).toMatchObject({ text: ABSTENTION, citations: [], raw: { abstained: true, passages: [] } });
  });

  it("gives a question of the source with its answer, and not beside another", async () => {
    const faq: Source = {
      text: "Which lorries may cross the bridge? Up to forty tonnes. Heavier ones take the ferry. Who paid for the bridge? The town did. Lorries cross the bridge at night.",
    };
    const crossing = await ask("Which lorries may cross the bridge?", [faq]);
    expect(crossing.text).toContain("Which lorries may cross the bridge? Up to forty tonnes.");
    const night = await ask("Do lorries cross the bridge at night?", [faq]);
    expect(night.text).toBe("Lorries cross the bridge at night.");
  });

  it("streams the same", async () => {
    const stream = ask.stream("How much did the bridge cost?", [bridge, bread]);
    const events = [];
    for await (const event of stream) events.push(event);
    const answer = await ask("How much did the bridge cost?", [bridge, bread]);
    expect(events.at(-1)).toEqual({ type: "finish", response: answer });
    expect(events.flatMap((event) => (event.type === "citation" ? event.citation : []))).toEqual(answer.citations);
  });

  it("keeps to maxPassages and minCoverage", async () => {
    const sources = [1, 2, 3, 4, 5].map((n) => ({
      text: `The bridge number ${"one two three four five".split(" ")[n - 1]} carries trains to town${n}.`,
    }));
    expect((await ask("Which bridge carries trains?", sources)).citations).toHaveLength(3);
    const one = ask.with({ model: extractive({ maxPassages: 1 }) });
    expect((await one("Which bridge carries trains?", sources)).citations).toHaveLength(1);
    const strict = ask.with({ model: extractive({ minCoverage: 0.9 }) });
    expect((await strict("Which bridge carries heavy coal trains?", sources)).text).toBe(ABSTENTION);
  });

  it("takes its candidates from prose, items and rows, each a part of the source", () => {
    const found = candidates(bridge.text);
    expect(found.filter(({ isHeading }) => !isHeading).map(({ text }) => text)).toEqual([
      "The bridge crosses the river at Ironstadt.",
      "It was opened to traffic on 19 March 1932 after eight years of work.",
      "The bridge cost **ten million** pounds to build.",
      "Each crossing costs `toll()` 2 pounds.",
      "part | weight",
      "deck | 900 tonnes",
      "The colours are:",
      "red",
      "green",
    ]);
  });
});

const data = process.env.DRIZZLE_RAG_DATA;
if (!data) console.warn("extractive.test.ts: real data skipped, DRIZZLE_RAG_DATA is not set.");

describe.skipIf(!data)("on real data", () => {
  const eip = (name: string): Source => {
    const text = readFileSync(join(data!, "documents/markdown_eips", name), "utf8");
    return { text, title: /^title: (.*)$/m.exec(text)?.[1] ?? name, source: name };
  };

  it("finds how v is computed in EIP-155 among a dozen others", async () => {
    const others = readdirSync(join(data!, "documents/markdown_eips")).filter(
      (name) => name.endsWith(".md") && name !== "eip-155.md",
    );
    const dozen = others
      .filter((_, i) => i % Math.floor(others.length / 12) === 0)
      .slice(0, 12)
      .map(eip);
    const question = "How is v computed for a signature with replay protection?";
    for (const sources of [[eip("eip-155.md")], [eip("eip-155.md"), ...dozen], [...dozen, eip("eip-155.md")]]) {
      const answer = await ask(question, sources);
      expect(answer.text.split("\n\n")[0]).toContain("`{0,1} + CHAIN_ID * 2 + 35`");
      expect(answer.citations[0]).toMatchObject({ verified: "exact", source: { source: "eip-155.md" } });
    }
  });

  // The weights of extractive-score.ts were set by looking at this collection.
  it("finds the supporting sentence of QED more often than BM25 over sentences, and abstains on other paragraphs", async () => {
    const rows = readFileSync(join(data!, "citations/qed.jsonl"), "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    const single = rows.filter((row) => row.annotation?.selected_sentence);
    const model = ask.with({ model: extractive({ minCoverage: 0 }) });
    let [ours, bare, bm25, answered, wrongly] = [0, 0, 0, 0, 0];
    for (const [i, { question_text: question, paragraph_text: text, title_text: title, annotation }] of single.entries()) {
      const gold = annotation.selected_sentence;
      const first = async (source: Source) => {
        const start = (await model(question, [source])).raw.passages[0]?.start;
        return start === undefined ? undefined : splitSentences(source.text).findLast((sentence) => sentence.start <= start);
      };
      if (overlaps(await first({ text, title }), gold)) ours++;
      if (overlaps(await first({ text }), gold)) bare++;
      if (overlaps(bestByBm25(question, text), gold)) bm25++;
      if (!(await ask(question, [{ text, title }])).raw.abstained) answered++;
      const other = single[(i + 7) % single.length];
      if (!(await ask(question, [{ text: other.paragraph_text, title: other.title_text }])).raw.abstained) wrongly++;
    }
    const share = (n: number) => (n / single.length).toFixed(3);
    console.log(
      `QED, ${single.length} questions, first sentence is the supporting one: with titles ${share(ours)}, without ${share(bare)}, BM25 ${share(bm25)}.`,
    );
    console.log(`Answered: ${share(answered)} from their own paragraph, ${share(wrongly)} from another's.`);
    expect(ours).toBeGreaterThan(bm25 * 1.1);
    expect(bare).toBeGreaterThan(bm25);
    expect(answered / single.length).toBeGreaterThan(0.87);
    expect(wrongly / single.length).toBeLessThan(0.02);
  }, 120_000);
});
