// drizzle-rag add <path…>: files and folders into the database.
import { resolve } from "node:path";
import { like } from "drizzle-orm";
import { InputError } from "../../errors.ts";
import { loadBytes, loadFile, walk } from "../../load/index.ts";
import type { Document } from "../../values.ts";
import { ExitCode } from "../exit.ts";
import { counted, json, line, note } from "../output.ts";
import { progress } from "../progress.ts";
import { report } from "../run.ts";
import type { CommonOptions, Session } from "../session.ts";

export interface AddOptions extends CommonOptions {
  include?: string[];
  exclude?: string[];
  maxBytes?: number;
  /** Name of what comes on stdin; its extension tells the format. */
  stdinName: string;
  /** Removes documents whose files are gone from the folders that were added. */
  prune?: boolean;
}

export async function add(session: Session, paths: string[], options: AddOptions, signal: AbortSignal): Promise<void> {
  const { docs, source } = session;
  const files = await filesOf(paths, options, signal);
  const bar = progress(files.length);
  let failed = 0;
  let read = 0;
  const seen = new Set<unknown>();
  // biome-ignore lint/suspicious/noExplicitAny: rows of whatever table the configuration names.
  async function* rows(): AsyncGenerator<any> {
    for (const file of files) {
      signal.throwIfAborted();
      let document: Document;
      try {
        document = await read1(file, options);
      } catch (error) {
        // One bad file among many is told, and the others are added.
        failed++;
        bar.end();
        report(error);
        continue;
      }
      const row = session.row(document);
      if (seen.has(row[source.key])) continue;
      seen.add(row[source.key]);
      bar.show(++read, "files");
      yield row;
    }
  }
  const result = await docs.load(rows(), {
    key: source.column,
    signal,
    onProgress: ({ documents, embedded, building }) =>
      bar.show(
        Math.max(read, documents),
        building ? "files, building the index" : `files, ${counted(embedded, "passage")} embedded`,
      ),
  });
  bar.end();
  const pruned = options.prune === true ? await prune(session, paths, seen) : 0;
  if (options.json) json({ ...result, pruned, failed });
  else {
    const parts = [counted(result.embedded, "passage") + " embedded", `${result.kept} unchanged`, `${result.removed} removed`];
    if (pruned > 0) parts.push(`${counted(pruned, "document")} pruned`);
    line(`${counted(result.documents, "document")}: ${parts.join(", ")}.`);
  }
  if (failed > 0) {
    note(`${counted(failed, "file")} could not be added.`);
    process.exitCode = ExitCode.failed;
  }
}

/** Everything to read, in order; `-` is stdin. */
async function filesOf(paths: string[], options: AddOptions, signal: AbortSignal): Promise<string[]> {
  if (paths.length === 0 && process.stdin.isTTY)
    throw new InputError("Say what to add: drizzle-rag add <file or folder…>, or pipe a text in.");
  if (paths.length === 0) return ["-"];
  const files: string[] = [];
  const named = paths.filter((path) => path !== "-");
  const filter = { ...(options.include && { include: options.include }), ...(options.exclude && { exclude: options.exclude }) };
  if (named.length > 0) for await (const file of walk(named, { ...filter, signal })) files.push(file);
  if (paths.includes("-")) files.push("-");
  if (files.length === 0) note(`Nothing to add in ${paths.join(", ")}: no file of a known type that is not ignored.`);
  return files;
}

async function read1(file: string, options: AddOptions): Promise<Document> {
  const limit = options.maxBytes === undefined ? {} : { maxBytes: options.maxBytes };
  if (file !== "-") return loadFile(file, limit);
  const parts: Buffer[] = [];
  for await (const part of process.stdin) parts.push(part as Buffer);
  return loadBytes(Buffer.concat(parts), { source: options.stdinName });
}

async function prune(session: Session, paths: string[], seen: Set<unknown>): Promise<number> {
  const { docs, source } = session;
  let pruned = 0;
  for (const path of paths.filter((path) => path !== "-")) {
    const { sourceOf } = await import("../../load/index.ts");
    const prefix = sourceOf(resolve(path)).replace(/\/$/, "");
    const pattern = `${prefix.replace(/[\\%_]/g, "\\$&")}/%`;
    for (let offset = 0; ; ) {
      const stored = await docs.list({ where: like(source.column, pattern), limit: 500, offset });
      const gone = stored.filter((row) => !seen.has((row as Record<string, unknown>)[source.key]));
      for (const row of gone)
        pruned += await docs.delete(
          like(source.column, String((row as Record<string, unknown>)[source.key]).replace(/[\\%_]/g, "\\$&")),
        );
      if (stored.length < 500) break;
      offset += stored.length - gone.length;
    }
  }
  return pruned;
}
