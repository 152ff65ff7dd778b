// The files below some folders, in a stable order, without those nobody means.
import type { Dirent } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import { basename, join, relative, resolve, sep } from "node:path";
import picomatch from "picomatch";
import type { FileError } from "../errors.ts";
import { type IgnoreRules, isIgnored, rulesAbove, withRulesOf } from "./ignore-files.ts";
import { fileError } from "./load.ts";

export interface WalkOptions {
  /**
   * Only files that match one of these globs, taken from the folder that was named: `docs/**`, `*.md` (at any depth, having no
   * slash). Default: all.
   */
  include?: readonly string[];
  /** No files or folders that match one of these globs. */
  exclude?: readonly string[];
  /** Also files and folders whose name begins with a dot. Default: false. */
  hidden?: boolean;
  /** Whether `.gitignore` and `.ragignore` count. Default: true. */
  ignoreFiles?: boolean;
  /**
   * Whether links inside the folders are followed. A folder is walked once, however many links lead to it. Default: false, since
   * a link may lead anywhere on the machine.
   */
  followLinks?: boolean;
  /** Called for a folder that cannot be read. Default: the error is thrown. */
  onSkip?: (error: FileError) => void;
  /** Its reason is thrown as soon as it aborts. */
  signal?: AbortSignal | undefined;
}

/** A file that was found. */
export interface FoundFile {
  /** Absolute. */
  path: string;
  /** For people, with forward slashes: relative to the working directory where the file is below it, else absolute. */
  source: string;
  /** Whether the file itself was named, not a folder above it. */
  named: boolean;
}

/** Never walked, unless named: they hold what tools wrote. */
const never = new Set([".git", ".hg", ".svn", "node_modules", "bower_components", "__pycache__"]);

/**
 * Finds files. Folders are walked to the bottom, their entries in the order of their names' UTF-16 units; a file that was named is
 * taken though it be hidden or ignored. Each file comes once.
 *
 * Left out are hidden entries, links, `node_modules` and the like, and what `.gitignore` and `.ragignore` say, in the folders
 * walked and above them up to the root of the git repository. A `.ragignore` is written like a `.gitignore` and can take back
 * (`!kept.md`) what the `.gitignore` beside it ignores.
 *
 * Throws a `FileError` for a path that does not exist.
 * @param paths Files and folders.
 */
export async function* walk(paths: string | readonly string[], options: WalkOptions = {}): AsyncGenerator<FoundFile, void> {
  const seen = new Set<string>();
  for (const named of typeof paths === "string" ? [paths] : paths) {
    options.signal?.throwIfAborted();
    const root = resolve(named);
    const info = await stat(root).catch((cause: unknown) => {
      throw fileError(named, cause);
    });
    const folder = info.isDirectory();
    const files = folder
      ? inFolder(root, await startOf(root, options))
      : [root].filter((path) => matches(options)(basename(path)));
    for await (const path of files) {
      if (seen.has(path)) continue;
      seen.add(path);
      yield { path, source: sourceOf(path), named: !folder };
    }
  }
}

/** What the walk of one folder carries along. */
interface Walk {
  options: WalkOptions;
  root: string;
  rules: IgnoreRules;
  included: (path: string) => boolean;
  excluded: (path: string) => boolean;
  /** Real paths of the folders walked. */
  visited: Set<string>;
}

async function startOf(root: string, options: WalkOptions): Promise<Walk> {
  const rules = options.ignoreFiles === false ? [] : await rulesAbove(root);
  return {
    options,
    root,
    rules,
    included: matches({ include: options.include }),
    excluded: globs(options.exclude),
    visited: new Set(),
  };
}

async function* inFolder(folder: string, walk: Walk): AsyncGenerator<string, void> {
  const { options } = walk;
  options.signal?.throwIfAborted();
  const entries = await entriesOf(folder, walk);
  const rules = options.ignoreFiles === false ? [] : await withRulesOf(folder, walk.rules);
  for (const entry of entries) {
    options.signal?.throwIfAborted();
    const path = join(folder, entry.name);
    const kind = await kindOf(entry, path, options.followLinks === true);
    if (kind === undefined || never.has(entry.name) || (entry.name.startsWith(".") && options.hidden !== true)) continue;
    const inside = relative(walk.root, path).split(sep).join("/");
    if (walk.excluded(inside) || isIgnored(path, kind === "folder", rules)) continue;
    if (kind === "folder") yield* inFolder(path, { ...walk, rules });
    else if (walk.included(inside)) yield path;
  }
}

/** The entries of a folder in order; none for one that was walked already or cannot be read. */
async function entriesOf(folder: string, { options, visited }: Walk): Promise<Dirent[]> {
  try {
    const real = await realpath(folder);
    if (visited.has(real)) return [];
    visited.add(real);
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (cause) {
    const error = fileError(sourceOf(folder), cause);
    if (options.onSkip === undefined) throw error;
    options.onSkip(error);
    return [];
  }
}

async function kindOf(entry: Dirent, path: string, follow: boolean): Promise<"file" | "folder" | undefined> {
  if (entry.isSymbolicLink() && !follow) return undefined;
  // A link that leads nowhere is no file.
  const info = entry.isSymbolicLink() ? await stat(path).catch(() => undefined) : entry;
  if (info?.isFile()) return "file";
  return info?.isDirectory() ? "folder" : undefined;
}

function matches({ include, exclude }: { include?: readonly string[] | undefined; exclude?: readonly string[] | undefined }) {
  const included = include === undefined ? () => true : globs(include);
  const excluded = globs(exclude);
  return (path: string) => included(path) && !excluded(path);
}

function globs(patterns: readonly string[] = []): (path: string) => boolean {
  const tests = patterns.map((pattern) => {
    const glob = pattern.replace(/^\.\//, "").replace(/\/$/, "");
    return picomatch(glob, { dot: true, basename: !glob.includes("/") });
  });
  return (path) => tests.some((test) => test(path));
}

function sourceOf(path: string): string {
  const inside = relative(process.cwd(), path);
  const below = inside !== "" && !inside.startsWith("..") && resolve(inside) === path;
  return (below ? inside : path).split(sep).join("/");
}
