// One file, or its bytes, to a document. The loader is chosen by the extension.
import { readFile, stat } from "node:fs/promises";
import { extname } from "node:path";
import { FileError, FileTooLargeError, UnsupportedFileError } from "../errors.ts";
import type { Document } from "../values.ts";
import { htmlLoader } from "./html.ts";
import type { Loader } from "./loader.ts";
import { markdownLoader } from "./markdown.ts";
import { textLoader } from "./text.ts";

/** The loaders used unless others are given. What they need to parse is loaded with the first file of the kind. */
export const loaders: readonly Loader[] = [markdownLoader, textLoader, htmlLoader];

export interface LoadOptions {
  /** The first that knows the extension is used. Default: `loaders`. With one of your own: `[mine, ...loaders]`. */
  loaders?: readonly Loader[];
  /** The most bytes a file may have. Default: 20,000,000. */
  maxBytes?: number;
}

export interface LoadFileOptions extends LoadOptions {
  /** The document's `source`. Default: the path as given. */
  source?: string;
}

/**
 * Loads a file.
 *
 * Throws an `UnsupportedFileError` where no loader knows the extension, a `FileTooLargeError` before any byte is read, a
 * `BinaryFileError` for bytes that are not text, and a `FileError` for a path that cannot be read, with the system's error as
 * `cause`.
 */
export async function loadFile(path: string, options: LoadFileOptions = {}): Promise<Document> {
  const { source = path, ...rest } = options;
  loaderFor(path, rest.loaders);
  return loadAs(path, await readBytes(path, limitOf(rest)), source, rest);
}

/**
 * Makes a document of a file's bytes, such as an upload or a download.
 *
 * Throws the same errors as `loadFile`.
 * @param source Path or URL; its extension tells the format.
 */
export async function loadBytes(bytes: Uint8Array, source: string, options: LoadOptions = {}): Promise<Document> {
  if (bytes.length > limitOf(options)) throw new FileTooLargeError(source, bytes.length, limitOf(options));
  return loadAs(source, bytes, source, options);
}

/** Whether a loader is there for the file, by its name alone. */
export function isSupported(path: string, list: readonly Loader[] = loaders): boolean {
  return list.some((loader) => loader.extensions.includes(extensionOf(path)));
}

function limitOf({ maxBytes = 20_000_000 }: LoadOptions): number {
  return maxBytes;
}

async function loadAs(name: string, bytes: Uint8Array, source: string, options: LoadOptions): Promise<Document> {
  return loaderFor(name, options.loaders).load(bytes, { source });
}

function loaderFor(name: string, list: readonly Loader[] = loaders): Loader {
  const extension = extensionOf(name);
  const loader = list.find(({ extensions }) => extensions.includes(extension));
  if (loader !== undefined) return loader;
  const known = list.flatMap(({ extensions }) => extensions).join(" ");
  const what = extension === "" ? "The file has no extension" : `No loader knows the extension ${extension}`;
  throw new UnsupportedFileError(
    name,
    `${what}. Known are ${known}. Convert the file, or pass a loader of your own in "loaders".`,
  );
}

/** The extension of a path or URL, lower case with its dot; empty without one. */
function extensionOf(name: string): string {
  const path = /^[a-z][a-z0-9+.-]+:\/\//i.test(name) ? name.replace(/[?#].*$/s, "").replace(/^[^/]*\/\/[^/]*/, "") : name;
  return extname(path).toLowerCase();
}

async function readBytes(path: string, limit: number): Promise<Uint8Array> {
  try {
    // Asked before opening: to open a named pipe would wait for somebody to write.
    const info = await stat(path);
    if (info.isDirectory()) throw new FileError(path, "This is a folder; loadDirectory takes folders.");
    if (!info.isFile()) throw new FileError(path, "This is not a regular file.");
    if (info.size > limit) throw new FileTooLargeError(path, info.size, limit);
    const bytes = await readFile(path);
    // It may have grown since.
    if (bytes.length > limit) throw new FileTooLargeError(path, bytes.length, limit);
    return bytes;
  } catch (error) {
    throw error instanceof FileError ? error : fileError(path, error);
  }
}

/** A system error in words. */
export function fileError(path: string, cause: unknown): FileError {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  const known: { [code: string]: string } = {
    ENOENT: "There is no such file or folder.",
    EACCES: "There is no permission to read it.",
    EPERM: "There is no permission to read it.",
    ENOTDIR: "A part of the path is a file, not a folder.",
    ELOOP: "The path is a loop of symbolic links.",
  };
  const what = known[String(code)] ?? `It cannot be read: ${cause instanceof Error ? cause.message : String(cause)}.`;
  return new FileError(path, what, { cause });
}
