// One process at a time for a folder with an embedded database: two would both run, and what both wrote would be gone.
import { linkSync, mkdirSync, readFileSync, unlinkSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { DatabaseLockedError } from "../errors.ts";

interface Holder {
  pid: number;
  host: string;
  /** When the process began, in the kernel's ticks, where the system tells: a reused pid is not the same process. */
  began: string | null;
}

export interface FolderLock {
  release(): void;
}

/**
 * Takes the lock of a folder, which is created when it is missing. A lock whose process is gone is taken over.
 *
 * @throws DatabaseLockedError when a living process holds it, this one included.
 */
export function lockFolder(folder: string): FolderLock {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, "drizzle-rag.lock");
  const own: Holder = { pid: process.pid, host: hostname(), began: processStart(process.pid) };
  const text = JSON.stringify(own);
  // Written aside and then linked, so that a lock file is never seen half written, and only one of two takers wins.
  const draft = `${path}.${process.pid}.${Math.random().toString(36).slice(2)}`;
  writeFileSync(draft, text);
  try {
    for (let attempt = 0; attempt < 3; attempt++) {
      try {
        linkSync(draft, path);
        return { release: () => releaseOwn(path, text) };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      }
      const found = readLock(path);
      if (found === undefined) continue;
      if (found.holder === undefined || isAlive(found.holder)) throw locked(folder, path, found.holder);
      releaseOwn(path, found.text);
    }
    throw locked(folder, path, undefined);
  } finally {
    unlinkSync(draft);
  }
}

function locked(folder: string, path: string, holder: Holder | undefined): DatabaseLockedError {
  const who =
    holder === undefined
      ? "another process"
      : holder.pid === process.pid
        ? "this very process"
        : `process ${holder.pid}${holder.host === hostname() ? "" : ` on ${holder.host}`}`;
  const remedy = `Close it first, use another folder, or a Postgres server, which many may use at once. If no such process runs, delete ${path}.`;
  return new DatabaseLockedError(folder, holder?.pid ?? 0, `The embedded database in ${folder} is open in ${who}. ${remedy}`);
}

/** Undefined: gone by now. Without a holder: not a lock file of ours. */
function readLock(path: string): { text: string; holder: Holder | undefined } | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
  try {
    return { text, holder: JSON.parse(text) as Holder };
  } catch {
    return { text, holder: undefined };
  }
}

/** Removes the lock only while it is still the one that was read. */
function releaseOwn(path: string, text: string): void {
  try {
    if (readFileSync(path, "utf8") === text) unlinkSync(path);
  } catch {
    // Gone already.
  }
}

function isAlive(holder: Holder): boolean {
  // A process on another machine cannot be asked, so it counts as living.
  if (holder.host !== hostname()) return true;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  const began = processStart(holder.pid);
  return began === null || holder.began === null || began === holder.began;
}

/** Field 22 of /proc/<pid>/stat (proc(5)); null on systems without it. */
function processStart(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field is the program's name in parentheses, which may hold spaces.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? null;
  } catch {
    return null;
  }
}
