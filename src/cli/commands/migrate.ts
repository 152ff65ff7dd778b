// drizzle-rag migrate: the tables as the migrations say.
import { withoutPassword } from "../../db/connect.ts";
import { migrate as applyMigrations } from "../../db/migrate.ts";
import { json, line } from "../output.ts";
import type { CommonOptions, Session } from "../session.ts";

export async function migrate(session: Session, options: CommonOptions): Promise<void> {
  const folder = session.config.migrations;
  await applyMigrations(session.db, folder === undefined ? {} : { folder });
  if (options.json) json({ migrated: true });
  else line(`${withoutPassword(session.database)} is up to date with ${folder ?? "the ready-made tables"}.`);
}
