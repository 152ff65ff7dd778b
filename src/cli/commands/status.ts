// drizzle-rag status: what is in the database, and what it is.
import { count, sql } from "drizzle-orm";
import { withoutPassword } from "../../db/connect.ts";
import { rows } from "../../db/database.ts";
import { quotedName } from "../../db/names.ts";
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
  const { indexes, warnings, advice, building } = await docs.indexes.status();
  const overVectors = indexes.filter(({ kind }) => kind === "hnsw" || kind === "ivfflat");
  const named = (wanted: string, among = indexes) => among.filter(({ state }) => state === wanted).map(({ name }) => name);
  const facts = {
    version: packageVersion(),
    database: withoutPassword(session.database),
    postgres: versions?.postgres,
    pgvector: versions?.pgvector,
    documents: await docs.count(),
    chunks: Number(chunks?.count ?? 0),
    size: versions?.size,
    indexes: named("valid", overVectors),
    missing: named("missing"),
    invalid: named("invalid"),
    building: building.map(
      ({ name, phase, done }) => `${name ?? "an index"}: ${phase}${done === undefined ? "" : `, ${Math.floor(100 * done)} %`}`,
    ),
    embedder: session.embedder?.id,
    warnings: [...warnings.map(({ id, message }) => `${id}: ${message}`), ...advice],
  };
  if (options.json) return json(facts);
  for (const [name, value] of Object.entries(facts)) {
    // What is mostly empty is shown when it is not.
    if (!Array.isArray(value)) line(`${name.padEnd(10)} ${value}`);
    else if (value.length > 0 || name === "indexes")
      line(`${name.padEnd(10)} ${value.join(name === "warnings" ? `\n${" ".repeat(11)}` : ", ") || "none"}`);
  }
}
