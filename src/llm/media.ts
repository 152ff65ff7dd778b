// Images, audio and documents as parts of a message: from an address, from bytes, or from a file.
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { InputError } from "../errors.ts";
import type { AudioPart, CacheMark, DocumentPart, ImagePart, MediaSource } from "./model.ts";

/** An `http:`, `https:`, `data:` or `file:` address, the path of a file, or the bytes themselves. */
export type MediaInput = URL | string | Uint8Array;

export interface MediaOptions {
  /** Such as "image/png". Default: as the bytes themselves tell. */
  mediaType?: string | undefined;
  cache?: CacheMark | undefined;
}

/** An image. An address is sent as it is, and the provider fetches it. @throws InputError for bytes of an unknown kind; what reading the file throws. */
export async function image(from: MediaInput, { mediaType, cache }: MediaOptions = {}): Promise<ImagePart> {
  return { type: "image", source: await sourceOf(from, mediaType, "image/"), ...(cache !== undefined && { cache }) };
}

/** A recording. Its bytes are sent: no provider fetches audio. */
export async function audio(from: MediaInput, { mediaType }: Pick<MediaOptions, "mediaType"> = {}): Promise<AudioPart> {
  const source = await sourceOf(from, mediaType, "audio/");
  if ("url" in source) throw new InputError("No provider fetches audio from an address. Give its bytes, or the path of a file.");
  return { type: "audio", source };
}

export interface DocumentOptions extends MediaOptions {
  /** Default: the file's name. */
  title?: string | undefined;
  /** What the model is to know of the document and not to cite. */
  context?: string | undefined;
}

/** A PDF, or a text. What an answer is to be checked against goes into the call's `sources` instead. */
export async function document(
  from: MediaInput,
  { mediaType, title, context, cache }: DocumentOptions = {},
): Promise<DocumentPart> {
  const source = await sourceOf(from, mediaType, "");
  const name = title ?? pathOf(from)?.replace(/^.*[\\/]/, "");
  return {
    type: "document",
    source: "data" in source && source.mediaType.startsWith("text/") ? { text: utf8(source.data) } : source,
    ...(name !== undefined && { title: name }),
    ...(context !== undefined && { context }),
    ...(cache !== undefined && { cache }),
  };
}

const utf8 = (base64: string) => Buffer.from(base64, "base64").toString("utf8");

async function sourceOf(from: MediaInput, given: string | undefined, kind: string): Promise<MediaSource> {
  const path = pathOf(from);
  if (path === undefined && !(from instanceof Uint8Array)) {
    const url = String(from);
    const [, mediaType, data] = /^data:([^;,]+);base64,(.*)$/s.exec(url) ?? [];
    return mediaType !== undefined && data !== undefined ? { data, mediaType: given ?? mediaType } : { url };
  }
  const bytes = from instanceof Uint8Array ? from : await readFile(path as string);
  const mediaType = given ?? mediaTypeOf(bytes, path);
  if (mediaType === undefined || !mediaType.startsWith(kind)) {
    const what = path === undefined ? "These bytes are" : `${basename(path)} is`;
    throw new InputError(`${what} of no known kind for this part. Say which: { mediaType: "${kind || "application/"}…" }.`, {
      field: "mediaType",
    });
  }
  return { data: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64"), mediaType };
}

/** The path of a file, where a file is what was given. */
function pathOf(from: MediaInput): string | undefined {
  if (from instanceof Uint8Array) return undefined;
  if (from instanceof URL) return from.protocol === "file:" ? fileURLToPath(from) : undefined;
  if (/^(https?|data):/i.test(from)) return undefined;
  return from.startsWith("file:") ? fileURLToPath(from) : from;
}

/** First bytes, as latin1, of the formats that providers take. */
const signatures: [RegExp, string][] = [
  [/^\x89PNG/, "image/png"],
  [/^\xff\xd8\xff/, "image/jpeg"],
  [/^GIF8/, "image/gif"],
  [/^RIFF....WEBP/s, "image/webp"],
  [/^RIFF....WAVE/s, "audio/wav"],
  [/^(ID3|\xff[\xfb\xf3\xf2])/, "audio/mp3"],
  [/^%PDF-/, "application/pdf"],
];

function mediaTypeOf(bytes: Uint8Array, path: string | undefined): string | undefined {
  const head = Buffer.from(bytes.subarray(0, 16)).toString("latin1");
  const found = signatures.find(([signature]) => signature.test(head))?.[1];
  return found ?? (path !== undefined && /\.(txt|md|csv|html?)$/i.test(path) ? "text/plain" : undefined);
}
