// Bytes to text, for every text format: UTF-8, UTF-16 by its byte order mark, or an encoding the file names itself.
import { isUtf8 } from "node:buffer";
import { BinaryFileError } from "../errors.ts";

/**
 * The text of a file, without its byte order mark. Line ends stay as they are.
 *
 * Throws a `BinaryFileError` for bytes that are not of the encoding, and for a text with NUL characters, which Postgres cannot hold.
 * @param source The file's path, for the error.
 * @param encoding Label of the encoding when there is no byte order mark, as HTML names it (`windows-1252`). Default: `utf-8`.
 */
export function decodeText(bytes: Uint8Array, source: string, encoding = "utf-8"): string {
  const label = byteOrderMark(bytes) ?? encoding;
  const text = /^utf-?8$/i.test(label) ? decodeUtf8(bytes, source) : decodeAs(bytes, source, label);
  const nul = text.indexOf("\0");
  if (nul === -1) return text;
  throw new BinaryFileError(
    source,
    `A NUL character stands at offset ${nul}, so this is a binary file, or UTF-16 without a byte order mark. Leave it out, or convert it: ${iconv("UTF-16", source)}`,
  );
}

function byteOrderMark(bytes: Uint8Array): string | undefined {
  const [a, b, c] = bytes;
  if (a === 0xef && b === 0xbb && c === 0xbf) return "utf-8";
  if (a === 0xff && b === 0xfe) return "utf-16le";
  if (a === 0xfe && b === 0xff) return "utf-16be";
  return undefined;
}

function decodeUtf8(bytes: Uint8Array, source: string): string {
  if (isUtf8(bytes)) return new TextDecoder().decode(bytes);
  const at = firstBadByte(bytes);
  const byte = bytes[at];
  if (byte === undefined) {
    throw new BinaryFileError(
      source,
      "The last character is cut off: the file ends inside a UTF-8 sequence. Was it copied whole?",
    );
  }
  const hex = byte.toString(16).toUpperCase().padStart(2, "0");
  throw new BinaryFileError(
    source,
    `Byte 0x${hex} at offset ${at} is not UTF-8. If this is a binary file, leave it out; if it is text in another encoding, convert it: ${iconv("WINDOWS-1252", source)}`,
  );
}

/** Where decoding first puts in a replacement character: from there on, the text's bytes are no longer the file's. */
function firstBadByte(bytes: Uint8Array): number {
  const again = new TextEncoder().encode(new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes));
  return again.findIndex((byte, i) => byte !== bytes[i]);
}

function decodeAs(bytes: Uint8Array, source: string, label: string): string {
  try {
    const decoder = new TextDecoder(label, { fatal: true });
    const text = decoder.decode(bytes);
    return decoder.encoding === "windows-1252"
      ? text.replace(/[\x80-\x9F]/g, (c) => windows1252[c.charCodeAt(0) - 0x80] ?? c)
      : text;
  } catch (cause) {
    const what =
      cause instanceof RangeError ? `The encoding "${label}" is not known.` : `The bytes are not ${label}, as the file says.`;
    throw new BinaryFileError(source, `${what} Convert the file to UTF-8: ${iconv(label.toUpperCase(), source)}`, { cause });
  }
}

/** What windows-1252 has at 0x80 to 0x9F. Node 20 decodes it as ISO-8859-1, which has control characters there. */
const windows1252 = [..."€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8DŽ\x8F\x90‘’“”•–—˜™š›œ\x9DžŸ"];

function iconv(from: string, source: string): string {
  return `iconv -f ${from} -t UTF-8 "${source}"`;
}
