// The rules of .gitignore and .ragignore files, level by level.
import { access, readFile } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import ignore, { type Ignore } from "ignore";

/** The rules of one folder, or none. */
interface Level {
  folder: string;
  rules: Ignore;
}

/** The rules that hold in a folder: its own and those of the folders above, outermost first. */
export type IgnoreRules = readonly Level[];

/** The rules of a folder added to those from above. A `.ragignore` has the last word over the `.gitignore` beside it. */
export async function withRulesOf(folder: string, above: IgnoreRules): Promise<IgnoreRules> {
  const texts = await Promise.all(
    [".gitignore", ".ragignore"].map((name) => readFile(join(folder, name), "utf8").catch(() => "")),
  );
  const text = texts.join("\n");
  if (text.trim() === "") return above;
  return [...above, { folder, rules: ignore({ ignorecase: false }).add(text) }];
}

/**
 * The rules from above a folder, up to the root of its git repository; none outside of one. None either where they ignore the
 * folder itself: whoever names it wants it.
 */
export async function rulesAbove(folder: string): Promise<IgnoreRules> {
  const folders: string[] = [];
  for (let at = folder; !(await exists(join(at, ".git"))); ) {
    const parent = dirname(at);
    if (parent === at) return [];
    folders.unshift(parent);
    at = parent;
  }
  let rules: IgnoreRules = [];
  for (const at of folders) rules = await withRulesOf(at, rules);
  return isIgnored(folder, true, rules) ? [] : rules;
}

/** Whether a file or folder is ignored. As in git, the rule nearest to it decides. */
export function isIgnored(path: string, isFolder: boolean, rules: IgnoreRules): boolean {
  for (const { folder, rules: own } of rules.toReversed()) {
    const { ignored, unignored } = own.test(relative(folder, path).split(sep).join("/") + (isFolder ? "/" : ""));
    if (ignored || unignored) return ignored;
  }
  return false;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
