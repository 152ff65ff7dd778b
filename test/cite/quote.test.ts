import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fold } from "../../src/cite/fold.ts";
import { findQuote } from "../../src/cite/quote.ts";
import { findSupport } from "../../src/cite/support.ts";

const source =
  "The “quick”  brown\nfox -- an exam-\nple of bold **words** in text_with_x. It costs 1.5 euros, or 10**9, at −5 degrees and 10². ﬁne ‘end’.";

describe("findQuote", () => {
  it.each([
    ["text_with_x", "exact", "text_with_x"],
    ["  fox -- an ", "exact", "fox -- an"],
    ['the "quick" brown fox', "normalised", "The “quick”  brown\nfox"],
    ["quick” brown fox — an example of", "normalised", "quick”  brown\nfox -- an exam-\nple of"],
    ["bold words in text_with_x.", "normalised", "bold **words** in text_with_x"],
    ["COSTS 1.5 EUROS.", "normalised", "costs 1.5 euros"],
    ["at -5 degrees", "normalised", "at −5 degrees"],
    ["fine 'end'", "normalised", "ﬁne ‘end"],
    ["It costs 1.5 euros or 11", "partial", "It costs 1.5 euros, or"],
  ])("finds %s: %s", (quote, verified, found) => {
    const match = findQuote(quote, source);
    expect(match.verified).toBe(verified);
    expect(source.slice(match.range!.start, match.range!.end)).toBe(found);
  });

  it.each(["", "…", "he “quick”", "costs 1", "5 euros", "5 degrees", "102", "it costs nothing at all", "10 9"])(
    "does not find %j",
    (quote) => {
      expect(findQuote(quote, source)).toEqual({ verified: "none" });
    },
  );

  const word = fc.stringMatching(/^[a-z]{1,8}$/);
  const gap = fc.constantFrom(" ", "  ", "\n", " \t", ", ", ". ", " — ");
  const prose = fc.array(fc.tuple(word, gap), { minLength: 8, maxLength: 60 });

  it("finds every passage of words, exactly as it stands and folded", () => {
    fc.assert(
      fc.property(prose, fc.nat(), fc.nat(), (pairs, a, b) => {
        const text = pairs.map(([w, g]) => w + g).join("");
        const words = pairs.map(([w]) => w);
        const from = a % words.length;
        const to = from + 1 + (b % (words.length - from));
        const slice = pairs
          .slice(from, to)
          .map(([w, g]) => w + g)
          .join("")
          .trim()
          .replace(/[,.—\s]+$/, "");
        expect(findQuote(slice, text).verified).toBe("exact");
        const upper = findQuote(slice.toUpperCase().replace(/\s+/g, " "), text);
        expect(upper.verified).toBe("normalised");
        expect(fold(text.slice(upper.range!.start, upper.range!.end)).text).toBe(fold(slice).text);
      }),
    );
  });

  it("never calls a quote with a changed word exact or normalised", () => {
    fc.assert(
      fc.property(prose, fc.nat(), word, (pairs, at, other) => {
        const words = pairs.map(([w]) => w);
        const text = words.join(" ");
        const i = at % words.length;
        fc.pre(!text.includes(other));
        const changed = words
          .with(i, other)
          .slice(Math.max(0, i - 4), i + 5)
          .join(" ");
        expect(["partial", "none"]).toContain(findQuote(changed, text).verified);
      }),
    );
  });

  it("maps every folded unit back to where it came from", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 60 }), (text) => {
        const { text: folded, starts, ends } = fold(text);
        expect(starts).toHaveLength(folded.length);
        for (let i = 0; i < folded.length; i++) {
          expect(starts[i]!).toBeLessThan(ends[i]!);
          if (i > 0) expect(starts[i]!).toBeGreaterThanOrEqual(starts[i - 1]!);
        }
        expect(ends.at(-1) ?? 0).toBeLessThanOrEqual(text.length);
      }),
    );
  });
});

describe("findSupport", () => {
  const text = "The bridge opened in March 1932 after eight years of work. It carries trains. The cost was ten million pounds.";
  it.each([
    ["the bridge opened in March 1932.", "normalised", "The bridge opened in March 1932"],
    ["It took eight years until the bridge was opened", "partial", "The bridge opened in March 1932 after eight years of work."],
    ["The architect lived in London", "none", undefined],
    ["", "none", undefined],
  ])("%s: %s", (claim, verified, sentence) => {
    const match = findSupport(claim, text);
    expect(match.verified).toBe(verified);
    expect(match.range && text.slice(match.range.start, match.range.end)).toBe(sentence);
  });
});
