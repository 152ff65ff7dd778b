// Runs blocks of a page one after another in one process, each announced by a line of its own.
//   tsx run-blocks.ts <file>…      in the page's folder
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { PGlite, type PGliteOptions } from "@electric-sql/pglite";

/** Announces a block. */
export const announcement = "▶ ";

/** Lets embedded databases in memory start from a dump of an empty one, which is several times quicker than making it anew. */
function startFrom(dump: string) {
  const create = PGlite.create.bind(PGlite) as (options: PGliteOptions) => Promise<PGlite>;
  const loadDataDir = new Blob([readFileSync(dump)]);
  const quicker = (options: PGliteOptions) => create(options.dataDir === undefined ? { ...options, loadDataDir } : options);
  Object.assign(PGlite, { create: quicker });
}

/** What `npx drizzle-kit generate` would write for the page's schema. */
async function writeMigrations(schema: string) {
  const { generateDrizzleJson, generateMigration } = await import("drizzle-kit/api");
  const statements = await generateMigration(
    generateDrizzleJson({}),
    generateDrizzleJson(await import(pathToFileURL(schema).href)),
  );
  const journal = {
    version: "7",
    dialect: "postgresql",
    entries: [{ idx: 0, version: "7", when: 1_700_000_000_000, tag: "0000_tables", breakpoints: true }],
  };
  mkdirSync("drizzle/meta", { recursive: true });
  writeFileSync("drizzle/0000_tables.sql", statements.join("\n--> statement-breakpoint\n"));
  writeFileSync("drizzle/meta/_journal.json", JSON.stringify(journal));
}

if (process.argv[1] === import.meta.filename) {
  if (process.env.TEMPLATE) startFrom(process.env.TEMPLATE);
  if (existsSync("schema.ts")) await writeMigrations(resolve("schema.ts"));
  for (const file of process.argv.slice(2)) {
    console.log(`${announcement}${file}`);
    await import(pathToFileURL(resolve(file)).href);
  }
  // What a page's parts share is left open.
  process.exit();
}
