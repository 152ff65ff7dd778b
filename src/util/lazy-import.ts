// Loads an optional package on first use, so that nobody pays for an SDK they do not call.
import { MissingPackageError } from "../errors.ts";

/**
 * Runs a dynamic import; throws a `MissingPackageError`, which says what to install, when the package is not there. Any other failure,
 * such as a package that is there but lacks one of its own dependencies, is thrown as it is.
 *
 * @param load `() => import("openai")`: written out by the caller, so that bundlers and types see the name.
 * @param packageName what to install.
 * @param neededBy who asks, as a subject: "openaiEmbedder".
 */
export async function lazyImport<T>(load: () => Promise<T>, packageName: string, neededBy: string): Promise<T> {
  try {
    return await load();
  } catch (error) {
    if (isMissing(error, packageName)) throw new MissingPackageError(packageName, neededBy, { cause: error });
    throw error;
  }
}

/** Node says "Cannot find package 'openai' imported from …"; a sub-path or a bundler's `require` says "module". */
function isMissing(error: unknown, packageName: string): boolean {
  if (!(error instanceof Error) || !("code" in error)) return false;
  const missing = error.code === "ERR_MODULE_NOT_FOUND" || error.code === "MODULE_NOT_FOUND";
  const named = /Cannot find (?:package|module) '([^']+)'/.exec(error.message)?.[1];
  return missing && (named === packageName || named?.startsWith(`${packageName}/`) === true);
}
