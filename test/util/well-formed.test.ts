// Texts that Postgres or a provider cannot take are told apart, with the offset.
import fc from "fast-check";
import { expect, test } from "vitest";
import { InvalidTextError } from "../../src/errors.ts";
import { checkText } from "../../src/util/well-formed.ts";

const outcome = (text: unknown) => {
  try {
    checkText(text, { row: 3, field: "body" });
    return undefined;
  } catch (error) {
    return error as InvalidTextError;
  }
};

test.each([
  [undefined, "not a string"],
  [42, "not a string"],
  [null, "not a string"],
  ["", "empty"],
  [" \n\t\u00a0\u3000\ufeff", "empty"],
  ["\0", "nul"],
  ["abc\0def", "nul"],
  ["ab\ud83d", "surrogate"],
  ["ab\ude00cd", "surrogate"],
  ["\ude00\ud83d", "surrogate"],
])("refuses %j: %s", (text, reason) => {
  expect(outcome(text)).toBeInstanceOf(InvalidTextError);
  expect(outcome(text)).toMatchObject({ reason, row: 3, field: "body" });
});

test("tells the first offset in UTF-16 units", () => {
  expect(outcome("🦉x\0")?.message).toContain("offset 3");
  expect(outcome("🦉🦉\ud83d!")?.message).toContain("offset 4");
});

test("takes any well-formed text with something in it, and nothing else", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const good = text.trim() !== "" && !text.includes("\0");
      expect(outcome(text) === undefined).toBe(good);
    }),
  );
  const units = fc.array(fc.constantFrom(0x61, 0xd83d, 0xde00, 0x20)).map((list) => String.fromCharCode(...list));
  fc.assert(
    fc.property(units, (text) => {
      // UTF-8 has no lone surrogates: a round trip changes a text that has one.
      const wellFormed = Buffer.from(text).toString() === text;
      expect(outcome(text) === undefined).toBe(wellFormed && text.trim() !== "");
    }),
  );
});
