// The interface of a loader: bytes to a document. One small file for each format implements it.
import type { Document } from "../values.ts";

/** Where the bytes came from. */
export interface LoadContext {
  /** Path or URL; becomes the document's `source`. */
  source: string;
}

export interface Loader {
  /** File name extensions with their dot, lower case. */
  readonly extensions: readonly string[];
  /** Throws a `FileError` for bytes that are not of this format. */
  load(bytes: Uint8Array, context: LoadContext): Document | Promise<Document>;
}
