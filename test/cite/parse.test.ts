import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CitationEvent, citationParser, parseCitations } from "../../src/cite/parse.ts";

/** The claims and quotes of a parsed text, easy to read in an assertion. */
function read(text: string, count = 5) {
  const parsed = parseCitations(text, count);
  return {
    text: parsed.text,
    cited: parsed.citations.map(({ index, quote, textRange }) => [
      index + 1,
      parsed.text.slice(textRange.start, textRange.end),
      quote,
    ]),
  };
}

describe("citation marks", () => {
  it.each([
    ["The sky is blue [1].", "The sky is blue [1].", [[1, "The sky is blue", undefined]]],
    [
      "It is so [1, 3].",
      "It is so [1, 3].",
      [
        [1, "It is so", undefined],
        [3, "It is so", undefined],
      ],
    ],
    [
      "It is so [1][3].",
      "It is so [1][3].",
      [
        [1, "It is so", undefined],
        [3, "It is so", undefined],
      ],
    ],
    [
      "It is so [2-4].",
      "It is so [2, 3, 4].",
      [
        [2, "It is so", undefined],
        [3, "It is so", undefined],
        [4, "It is so", undefined],
      ],
    ],
    ["It is so 【1】.", "It is so [1].", [[1, "It is so", undefined]]],
    ["It is so 【2†notes.md】.", "It is so [2].", [[2, "It is so", undefined]]],
    ['It is so [1 "so it is"].', "It is so [1].", [[1, "It is so", "so it is"]]],
    ['It is so [1: "so it is"].', "It is so [1].", [[1, "It is so", "so it is"]]],
    ['It is so [1, "so it is"].', "It is so [1].", [[1, "It is so", "so it is"]]],
    ["It is so [1 “so it is”].", "It is so [1].", [[1, "It is so", "so it is"]]],
    ["It is so [1 «so it is»].", "It is so [1].", [[1, "It is so", "so it is"]]],
    ["It is so [1 'it's so'].", "It is so [1].", [[1, "It is so", "it's so"]]],
    [
      'It is so [1 "he said "so" and [sic]", 2 "yes"].',
      "It is so [1, 2].",
      [
        [1, "It is so", 'he said "so" and [sic]'],
        [2, "It is so", "yes"],
      ],
    ],
    ['It is so [1 "a \\"b\\" c"].', "It is so [1].", [[1, "It is so", 'a "b" c']]],
    ["It is so [12].", "It is so [12].", []],
    ['It is so [12 "q"].', 'It is so [12 "q"].', []],
    ["It is so [1, 12].", "It is so [1, 12].", [[1, "It is so", undefined]]],
    ["It is so [0].", "It is so [0].", []],
    ["It is so [1 maybe].", "It is so [1 maybe].", []],
    ["It is so [1", "It is so [1", []],
    ["Use `a[1]` here.", "Use `a[1]` here.", []],
    ["Use ``a ` [1]`` here [2].", "Use ``a ` [1]`` here [2].", [[2, "Use ``a ` [1]`` here", undefined]]],
    ["A lone ` tick [1].\nNext.", "A lone ` tick [1].\nNext.", [[1, "A lone ` tick", undefined]]],
    ["```js\na[1]\n```\nDone [1].", "```js\na[1]\n```\nDone [1].", [[1, "Done", undefined]]],
    ["~~~\na[1]\n```\nb[2]\n~~~\nDone [1].", "~~~\na[1]\n```\nb[2]\n~~~\nDone [1].", [[1, "Done", undefined]]],
    ["- item\n  ```\n  a[1]\n  ```", "- item\n  ```\n  a[1]\n  ```", []],
    ["```\nunclosed [1]", "```\nunclosed [1]", []],
    ["See [1](http://x.org).", "See [1](http://x.org).", []],
    [
      "See [it](http://x.org/[1]) now [2].",
      "See [it](http://x.org/[1]) now [2].",
      [[2, "See [it](http://x.org/[1]) now", undefined]],
    ],
    ["It is so [1].\n\n[1]: http://x.org", "It is so [1].\n\n[1]: http://x.org", [[1, "It is so", undefined]]],
    ["It is \\[1\\] so.", "It is \\[1\\] so.", []],
    ["Years [1999-2005].", "Years [1999-2005].", []],
  ])("reads %s", (text, clean, cited) => {
    expect(read(text)).toEqual({ text: clean, cited });
  });

  it.each([
    ["First. Second is it. [1] Third [2].", ["Second is it.", "Third"]],
    ["A is B [1], and C is D [2].", ["A is B", "and C is D"]],
    ["As Dr. Smith of the U.S. navy said [1].", ["As Dr. Smith of the U.S. navy said"]],
    ["- one point [1]\n- another point [2]", ["one point", "another point"]],
    ["# Title\n\n1. The first [1]", ["The first"]],
    ["It costs 1.5 euros, e.g. in May [1].", ["It costs 1.5 euros, e.g. in May"]],
    ["Claim.\n\n[1] [2]", ["Claim.", "Claim."]],
    ["[1] says so.", [""]],
    ["水は青い。空も青い【1】。", ["空も青い"]],
    ["| name | is blue [1] |", ["name | is blue"]],
  ])("finds the claims of %s", (text, claims) => {
    expect(read(text).cited.map(([, claim]) => claim)).toEqual(claims);
  });
});

describe("a stream", () => {
  const pieces = fc.constantFrom(
    ..."[ ] 1 12 3 , ; : \" “ ” ' ` ``` ~~~ ( ) \\ 【 】 † - .".split(" "),
    ..."[1] [1,2] 【2】 word Claim. `code` [2](u) [1]: ".split(" "),
    " ",
    "\n",
    "\n\n",
    '[1 "a quote"]',
    "[2: “q”, 3 'r']",
    "```js\n",
    "\n```\n",
    "> ",
    "水。",
    "😀",
    "text with [",
    "a".repeat(400),
  );
  const join = (events: CitationEvent[]) => ({
    text: events.flatMap((e) => (e.type === "text" ? [e.text] : [])).join(""),
    citations: events.flatMap((e) => (e.type === "citation" ? [e.citation] : [])),
  });

  it("says the same however the text is cut", () => {
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 40 }), fc.infiniteStream(fc.integer({ min: 1, max: 7 })), (parts, sizes) => {
        const text = parts.join("");
        const parser = citationParser(3);
        const events: CitationEvent[] = [];
        for (let at = 0; at < text.length; ) {
          const size = sizes.next().value!;
          events.push(...parser.push(text.slice(at, at + size)));
          at += size;
        }
        events.push(...parser.end());
        const whole = parseCitations(text, 3);
        expect(join(events)).toEqual(whole);
        expect(parser.text()).toBe(whole.text);
        for (const { textRange, index } of whole.citations) {
          expect(index).toBeLessThan(3);
          expect(textRange.start).toBeLessThanOrEqual(textRange.end);
          expect(textRange.end).toBeLessThanOrEqual(whole.text.length);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it("holds back nothing but a possible mark", () => {
    const parser = citationParser(3);
    const text = (delta: string) => join(parser.push(delta)).text;
    expect(text("The sky is ")).toBe("The sky is ");
    expect(text("blue [1")).toBe("blue ");
    expect(text(' "it is')).toBe("");
    expect(text(' blue"]')).toBe("");
    expect(text(".")).toBe("[1].");
    expect(text(" [not a")).toBe(" [not a");
  });
});
