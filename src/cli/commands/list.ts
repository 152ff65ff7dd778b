// drizzle-rag list: the documents by their source.
import { counted, json, line, note } from "../output.ts";
import type { CommonOptions, Session } from "../session.ts";

type AnyRow = Record<string, unknown>;

export interface ListOptions extends CommonOptions {
  limit: number;
  offset: number;
}

export async function list(session: Session, options: ListOptions): Promise<void> {
  const { docs, source, titleKey } = session;
  const found: AnyRow[] = await docs.list({ orderBy: source.column, limit: options.limit, offset: options.offset });
  for (const row of found) {
    const title = titleKey === undefined ? null : (row[titleKey] ?? null);
    if (options.json) json({ source: row[source.key], title });
    else line(title === null ? String(row[source.key]) : `${row[source.key]}  ${title}`);
  }
  const total = await docs.count();
  const shown = options.offset + found.length;
  if (!options.json && shown < total) note(`${shown} of ${counted(total, "document")}; the next: --offset ${shown}`);
}
