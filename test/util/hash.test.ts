// The content hash is SHA-256, and tells its parts apart.
import fc from "fast-check";
import { expect, test } from "vitest";
import { contentHash } from "../../src/util/hash.ts";

test("is 64 hexadecimal digits, the same each time", () => {
  expect(contentHash()).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  // printf '3:abc' | sha256sum
  expect(contentHash("abc")).toBe("aab5f9ae99b2e38fb462025c8f72f570c9c811705d2a4277dc855d7fa293fe97");
});

test("differs wherever the parts differ", () => {
  const parts = fc.array(fc.string({ unit: "binary" }), { maxLength: 4 });
  fc.assert(
    fc.property(parts, parts, (a, b) => {
      expect(contentHash(...a) === contentHash(...b)).toBe(JSON.stringify(a) === JSON.stringify(b));
    }),
  );
  expect(contentHash("ab", "c")).not.toBe(contentHash("a", "bc"));
  expect(contentHash("")).not.toBe(contentHash());
  expect(contentHash("1:a")).not.toBe(contentHash("1", "a"));
});
