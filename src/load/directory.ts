// Folders to documents.
import { FileError } from "../errors.ts";
import type { Document } from "../values.ts";
import { isSupported, type LoadOptions, loadFile } from "./load.ts";
import { type WalkOptions, walk } from "./walk.ts";

export interface LoadDirectoryOptions extends WalkOptions, LoadOptions {
  /**
   * Called for each file or folder that cannot be loaded, which is then passed over. Default: the error is thrown, except that a
   * file of a kind no loader knows (an image beside the text) is passed over, unless it was named itself.
   */
  onSkip?: (error: FileError) => void;
}

/**
 * Loads the files of folders, one at a time, in the order of `walk` and with its rules for what is left out.
 *
 * A document's `source` is its path relative to the working directory where it is below it (`docs/a.md`), else absolute, with
 * forward slashes.
 * @param paths Files and folders.
 */
export async function* loadDirectory(
  paths: string | readonly string[],
  options: LoadDirectoryOptions = {},
): AsyncGenerator<Document, void> {
  const { onSkip, signal } = options;
  for await (const { source, named } of walk(paths, options)) {
    if (onSkip === undefined && !named && !isSupported(source, options.loaders)) continue;
    let document: Document;
    try {
      document = await loadFile(source, options);
    } catch (error) {
      if (onSkip === undefined || !(error instanceof FileError)) throw error;
      onSkip(error);
      continue;
    }
    signal?.throwIfAborted();
    yield document;
  }
}
