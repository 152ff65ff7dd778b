// One content hash for the whole package: what has the same hash need not be chunked or embedded again.
import { createHash } from "node:crypto";

/**
 * SHA-256 of a list of strings, as 64 lower-case hexadecimal digits.
 *
 * Each part goes in with its length in bytes before it, so that ("ab", "c") and ("a", "bc") differ, and so do one part and
 * none. Parts are hashed as UTF-8; lone surrogates all become U+FFFD there, so check a text with `checkText` first.
 */
export function contentHash(...parts: readonly string[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(`${Buffer.byteLength(part, "utf8")}:`).update(part, "utf8");
  return hash.digest("hex");
}
