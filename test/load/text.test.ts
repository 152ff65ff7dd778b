// Plain text and how bytes become text.
import { describe, expect, it } from "vitest";
import { BinaryFileError } from "../../src/errors.ts";
import { textLoader } from "../../src/load/text.ts";

const load = (bytes: Uint8Array) => textLoader.load(bytes, { source: "notes.txt" });
const utf8 = (text: string) => new TextEncoder().encode(text);

describe("textLoader", () => {
  it("takes the text as it stands", () => {
    const text = " first\r\nsecond\n\nthird 🙂\r";
    expect(load(utf8(text))).toEqual({ text, source: "notes.txt", format: "plain" });
    expect(load(utf8(""))).toMatchObject({ text: "" });
  });

  it("leaves out the byte order mark", () => {
    expect(load(utf8("\uFEFFtext"))).toMatchObject({ text: "text" });
    expect(load(Uint8Array.of(0xff, 0xfe, 0x74, 0, 0xe9, 0))).toMatchObject({ text: "té" });
    expect(load(Uint8Array.of(0xfe, 0xff, 0, 0x74, 0, 0xe9))).toMatchObject({ text: "té" });
  });

  it.each<[string, Uint8Array, RegExp]>([
    [
      "another encoding",
      Uint8Array.of(0x63, 0x61, 0x66, 0xe9, 0x21),
      /notes\.txt: Byte 0xE9 at offset 3 is not UTF-8.*iconv -f WINDOWS-1252 -t UTF-8 "notes\.txt"/,
    ],
    ["a sequence in the wrong place", Uint8Array.of(0x61, 0x62, 0x80), /0x80 at offset 2/],
    ["a cut off character", utf8("né").subarray(0, 2), /0xC3 at offset 1|cut off/],
    ["NUL characters", utf8("PK\0\0"), /NUL character stands at offset 2/],
    ["half a UTF-16 pair", Uint8Array.of(0xff, 0xfe, 0x3d, 0xd8, 0x61, 0), /not utf-16le/],
  ])("refuses %s and tells what to do", (_, bytes, message) => {
    expect(() => load(bytes)).toThrow(BinaryFileError);
    expect(() => load(bytes)).toThrow(message);
  });
});
