// drizzle-rag status: what is in the database, and what it is.
import { count, sql } from "drizzle-orm";
import { withoutPassword } from "../../db/connect.ts";
import { rows } from "../../db/database.ts";
import { quotedName } from "../../db/names.ts";
import { vectorIndexes } from "../../store/indexes.ts";
import { json, line } from "../output.ts";
import type { CommonOptions, Session } from "../session.ts";
import { packageVersion } from "./version.ts";

export async function status(session: Session, options: CommonOptions): Promise<void> {
  const { db, docs } = session;
  const table = docs.chunks ?? docs.documents;
  const [versions] = await rows<{ postgres: string; pgvector: string | null; size: string }>(
    db,
    sql`select current_setting('server_version') as postgres, (select extversion from pg_extension where extname = 'vector') as pgvector,
        pg_size_pretty(pg_total_relation_size(${quotedName(table)}::regclass)) as size`,
  );
  const [chunks] = await db.select({ count: count() }).from(table);
  const indexes = await vectorIndexes(db, table);
  const facts = {
    version: packageVersion(),
    database: withoutPassword(session.database),
    postgres: versions?.postgres,
    pgvector: versions?.pgvector,
    documents: await docs.count(),
    chunks: Number(chunks?.count ?? 0),
    size: versions?.size,
    indexes: indexes.map(({ name }) => name),
    embedder: session.embedder?.id,
  };
  if (options.json) return json(facts);
  for (const [name, value] of Object.entries(facts))
    line(`${name.padEnd(10)} ${Array.isArray(value) ? value.join(", ") || "none" : value}`);
}
