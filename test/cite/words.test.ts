// Stems: forms of one word meet, and other words do not meet them.
import { expect, it } from "vitest";
import { contentStems, stem } from "../../src/cite/words.ts";

it.each([
  ["computes computed computing computer", 1],
  ["win won winner winning wins", 1],
  ["produces produced produce producing producer", 1],
  ["write writes wrote written writer writing", 1],
  ["sing sang sung singer sings", 1],
  ["direct directed director directs", 1],
  ["child children", 1],
  ["city cities", 1],
  ["large larger", 1],
  ["won one", 2],
  ["water wait wall", 3],
  ["motor mother month", 3],
  ["been bed", 2],
])("%s", (words, stems) => {
  expect(new Set(words.split(" ").map(stem)).size).toBe(stems);
});

it("leaves words with digits, short ones and those of other scripts as they are", () => {
  for (const word of ["eip155", "an", "größer", "вода"]) expect(stem(word)).toBe(word);
  expect([...contentStems("What is the")]).toEqual(["what", "is", "the"]);
});
