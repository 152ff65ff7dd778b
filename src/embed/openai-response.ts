// Reads the reply of an OpenAI-style embeddings endpoint: pure, and the same for every server that speaks the protocol.
import { endianness } from "node:os";
import { EmbeddingCountError, InvalidResponseError } from "../errors.ts";

/** Who answered, for errors. */
export interface EmbeddingSource {
  provider: string;
  model: string;
}

/**
 * The vectors of a reply, `count` of them, in the order of the texts. Base64 and arrays of numbers are both taken, whatever was
 * asked for: LM Studio and others ignore `encoding_format`.
 * Throws an `EmbeddingCountError` or, for a reply of another shape, an `InvalidResponseError`.
 */
export function readEmbeddings(response: unknown, count: number, source: EmbeddingSource): Float32Array[] {
  const invalid = (what: string) =>
    new InvalidResponseError(`${source.provider}/${source.model}: the reply is no list of embeddings: ${what}.`, {
      ...source,
      raw: response,
    });
  const data = isRecord(response) ? response.data : undefined;
  if (!Array.isArray(data)) throw invalid('it has no "data". Does the base URL end in /v1?');
  if (data.length !== count) throw new EmbeddingCountError(count, data.length, { ...source, raw: response });

  const places = readOrder(data);
  if (places === undefined) throw invalid('"index" does not number the texts');
  const vectors = new Array<Float32Array>(count);
  data.forEach((item: unknown, i) => {
    const embedding = isRecord(item) ? item.embedding : undefined;
    const vector = typeof embedding === "string" ? decodeFloats(embedding) : readNumbers(embedding);
    if (vector === undefined) throw invalid(`item ${i} holds neither numbers nor base64 of 32-bit floats`);
    vectors[places[i] as number] = vector;
  });
  return vectors;
}

/**
 * Decodes base64 of little-endian 32-bit floats, the protocol's `encoding_format: "base64"`, into an array with a buffer of its own;
 * undefined when the bytes are no whole number of floats.
 */
export function decodeFloats(base64: string, littleEndian: boolean = endianness() === "LE"): Float32Array | undefined {
  const bytes = Buffer.from(base64, "base64");
  if (bytes.length === 0 || bytes.length % 4 !== 0) return undefined;
  if (!littleEndian) bytes.swap32();
  // Small Buffers are slices of a pool, at offsets that a Float32Array cannot start at: hence a copy.
  const vector = new Float32Array(bytes.length / 4);
  new Uint8Array(vector.buffer).set(bytes);
  return vector;
}

/** JSON has no NaN and servers write `null` for it, which `Float32Array.from` would make a 0. */
function readNumbers(embedding: unknown): Float32Array | undefined {
  if (!Array.isArray(embedding)) return undefined;
  return Float32Array.from(embedding, (value: unknown) => (typeof value === "number" ? value : Number.NaN));
}

/**
 * For each item the text it belongs to. Servers that answer in order sometimes leave `index` out or at 0; anything else that is not
 * each number once gives undefined, since a guess would file vectors under the wrong text.
 */
function readOrder(data: readonly unknown[]): number[] | undefined {
  const indices = data.map((item) => (isRecord(item) ? (item.index ?? 0) : 0));
  if (indices.every((index) => index === 0)) return data.map((_, i) => i);
  const seen = new Set<number>();
  for (const index of indices) {
    if (typeof index === "number" && Number.isInteger(index) && index >= 0 && index < data.length) seen.add(index);
  }
  return seen.size === data.length ? (indices as number[]) : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
