// drizzle-rag add <path…>: files and folders into the database.
import { relative, resolve, sep } from "node:path";
import { inArray, sql } from "drizzle-orm";
import { InputError } from "../../errors.ts";
import { type FoundFile, isSupported, loadBytes, loadFile, walk } from "../../load/index.ts";
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
  let count = 0;
  const seen = new Set<unknown>();
  // biome-ignore lint/suspicious/noExplicitAny: rows of whatever table the configuration names.
  async function* rows(): AsyncGenerator<any> {
    for (const file of files) {
      signal.throwIfAborted();
      let document: Document;
      try {
        document = await read(file, options);
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
      bar.show(++count, "files");
      yield row;
    }
  }
  const result = await docs.load(rows(), {
    key: source.column,
    signal,
    onProgress: ({ documents, embedded, building }) =>
      bar.show(
        Math.max(count, documents),
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

/** What comes on stdin. */
const stdin: FoundFile = { path: "-", source: "-", named: true };

/** Everything to read, in order. A file of a kind that no loader knows is passed over, unless it was named. */
async function filesOf(paths: string[], options: AddOptions, signal: AbortSignal): Promise<FoundFile[]> {
  if (paths.length === 0 && process.stdin.isTTY) {
    throw new InputError("Say what to add: drizzle-rag add <file or folder…>, or pipe a text in.");
  }
  if (paths.length === 0) return [stdin];
  const files: FoundFile[] = [];
  const named = paths.filter((path) => path !== "-");
  const filter = { ...(options.include && { include: options.include }), ...(options.exclude && { exclude: options.exclude }) };
  if (named.length > 0) {
    for await (const file of walk(named, { ...filter, signal, onSkip: report })) {
      if (file.named || isSupported(file.path)) files.push(file);
    }
  }
  if (paths.includes("-")) files.push(stdin);
  if (files.length === 0) note(`Nothing to add in ${paths.join(", ")}: no file of a known type that is not ignored.`);
  return files;
}

async function read(file: FoundFile, options: AddOptions): Promise<Document> {
  const limit = options.maxBytes === undefined ? {} : { maxBytes: options.maxBytes };
  if (file !== stdin) return loadFile(file.path, { source: file.source, ...limit });
  const parts: Buffer[] = [];
  for await (const part of process.stdin) parts.push(part as Buffer);
  return loadBytes(Buffer.concat(parts), options.stdinName);
}

/** Removes the documents below these folders that were not seen in them. */
async function prune({ docs, source }: Session, paths: string[], seen: Set<unknown>): Promise<number> {
  const folders = paths.filter((path) => path !== "-").map((path) => `${sourceOf(path)}/`);
  const gone: string[] = [];
  const page = 500;
  for (const folder of folders) {
    const below = sql`starts_with(${source.column}, ${folder === "./" ? "" : folder})`;
    for (let offset = 0; ; offset += page) {
      const found: Record<string, unknown>[] = await docs.list({ where: below, orderBy: source.column, limit: page, offset });
      gone.push(...found.map((row) => String(row[source.key])).filter((name) => !seen.has(name)));
      if (found.length < page) break;
    }
  }
  return gone.length === 0 ? 0 : docs.delete(inArray(source.column, gone));
}

/** A folder as `walk` begins the sources of its files. */
function sourceOf(path: string): string {
  const inside = relative(process.cwd(), resolve(path));
  return (inside.startsWith("..") ? resolve(path) : inside || ".").split(sep).join("/");
}
