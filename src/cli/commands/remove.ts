// drizzle-rag remove: documents out of the database.
import { inArray, or, sql } from "drizzle-orm";
import { InputError } from "../../errors.ts";
import { counted, json, line } from "../output.ts";
import type { CommonOptions, Session } from "../session.ts";

/** Removes documents by source; a source that ends in / stands for everything below it. */
export async function remove(session: Session, sources: string[], options: CommonOptions & { all?: boolean }): Promise<void> {
  const { docs, source } = session;
  if (options.all !== true && sources.length === 0)
    throw new InputError("Say what to remove: drizzle-rag remove <source…>, or --all.");
  const folders = sources.filter((name) => name.endsWith("/"));
  const where = or(
    inArray(source.column, [...sources]),
    ...folders.map((folder) => sql`starts_with(${source.column}, ${folder})`),
  );
  const removed = await docs.delete(options.all === true || where === undefined ? { all: true } : where);
  if (options.json) json({ removed });
  else line(`${counted(removed, "document")} removed.`);
  if (removed === 0 && options.all !== true) {
    throw new InputError(
      `No document is called ${sources.map((name) => `"${name}"`).join(", ")}. drizzle-rag list shows their names.`,
    );
  }
}
