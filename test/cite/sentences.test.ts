import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { splitSentences } from "../../src/util/sentences.ts";

const split = (text: string) => splitSentences(text).map(({ start, end }) => text.slice(start, end));

describe("splitSentences", () => {
  it.each([
    ["One. Two! Three? Four…  Five", ["One.", "Two!", "Three?", "Four…", "Five"]],
    ["It costs 1.5 euros, e.g. in May. Next.", ["It costs 1.5 euros, e.g. in May.", "Next."]],
    ["Dr. Smith met J. K. Jones of the U.S. Army. The end.", ["Dr. Smith met J. K. Jones of the U.S. Army.", "The end."]],
    ['He said "stop." Then he left. (He did.) Yes.', ['He said "stop."', "Then he left.", "(He did.)", "Yes."]],
    ["a line\nthat goes on. And\nanother.\n\nA paragraph", ["a line\nthat goes on.", "And\nanother.", "A paragraph"]],
    [
      "# Title\nText here\n- one\n- two\n  more\n1. three\n| a | b |\n| c | d |",
      ["# Title", "Text here", "- one", "- two\n  more", "1. three", "| a | b |", "| c | d |"],
    ],
    ["Call `a. B` now. `code` starts this.", ["Call `a. B` now.", "`code` starts this."]],
    ["水は青い。空も青い！本当？", ["水は青い。", "空も青い！", "本当？"]],
    ["tokenised , like this . Next one .", ["tokenised , like this .", "Next one ."]],
    ["", []],
    [" \n\n ", []],
  ])("cuts %j", (text, sentences) => {
    expect(split(text)).toEqual(sentences);
  });

  it("keeps every character that is not white space, in order, once", () => {
    const piece = fc.constantFrom(
      "Word",
      "a",
      ". ",
      "! ",
      "\n",
      "\n\n",
      "- ",
      "# ",
      "| ",
      "`x. Y`",
      "e.g.",
      "。",
      " ",
      "```\n",
      "😀",
      "U.S.",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (parts) => {
        const text = parts.join("");
        const ranges = splitSentences(text);
        let at = 0;
        for (const { start, end } of ranges) {
          expect(text.slice(at, start).trim()).toBe("");
          expect(end).toBeGreaterThan(start);
          expect(text.slice(start, end).trim()).toBe(text.slice(start, end));
          at = end;
        }
        expect(text.slice(at).trim()).toBe("");
      }),
    );
  });
});
