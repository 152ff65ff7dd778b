// npm run bench:quality: how well passages are found and answers checked, on real collections (DRIZZLE_RAG_DATA), embedded and on a server.
//   --quick        a few queries, for CI: shows that everything runs; the figures say nothing
//   --json         one line a measure
//   --only a,b     some of the groups below
//   --on x         postgres or pglite; default: both
import { parseArgs } from "node:util";
import { drizzle } from "drizzle-orm/node-postgres";
import pg from "pg";
import { startServer } from "../scripts/server.ts";
import { connect } from "../src/db/connect.ts";
import type { Database } from "../src/db/database.ts";
import { say } from "./lib/report.ts";
import { abstention } from "./quality/abstention.ts";
import { citations } from "./quality/citations.ts";
import { claudeDocs } from "./quality/claude-docs.ts";
import { collections } from "./quality/collections.ts";
import { extracts } from "./quality/extracts.ts";
import { latency } from "./quality/latency.ts";
import { passages } from "./quality/passages.ts";

const folder = process.env.DRIZZLE_RAG_DATA;
const groups: Record<string, (db: Database, folder: string, on: string) => Promise<void>> = {
  collections,
  "claude-docs": claudeDocs,
  passages,
  abstention,
  latency,
};
/** These need no database. */
const pure: Record<string, (folder: string) => Promise<void>> = { extracts, citations };

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean" },
    json: { type: "boolean" },
    only: { type: "string" },
    on: { type: "string" },
  },
});
const wanted = options.only?.split(",") ?? [...Object.keys(groups), ...Object.keys(pure)];
const unknown = wanted.filter((name) => !(name in groups) && !(name in pure));
if (unknown.length > 0) {
  console.error(
    `--only: there is no ${unknown.join(", ")}. Groups: ${[...Object.keys(groups), ...Object.keys(pure)].join(", ")}.`,
  );
  process.exit(2);
}

if (folder === undefined || folder === "") {
  say("DRIZZLE_RAG_DATA is not set, so there is nothing to measure on");
} else {
  if (options.on !== "pglite") await onPostgres(folder);
  if (options.on !== "postgres") {
    await using db = await connect();
    await db.execute("create extension if not exists vector");
    for (const name of wanted) if (name !== "latency") await groups[name]?.(db, folder, "PGlite");
  }
  for (const name of wanted) await pure[name]?.(folder);
}

async function onPostgres(data: string): Promise<void> {
  const server = await startServer();
  const database = `drizzle_rag_quality_${process.pid}`;
  const admin = new pg.Client({ connectionString: server.url });
  await admin.connect();
  await admin.query(`create database ${database}`);
  const url = new URL(server.url);
  url.pathname = `/${database}`;
  const pool = new pg.Pool({ connectionString: url.href, max: 2 });
  // Its connections may not be closed yet when the database is dropped.
  pool.on("error", () => {});
  try {
    await pool.query("create extension if not exists vector");
    for (const name of wanted) await groups[name]?.(drizzle(pool), data, "Postgres");
  } finally {
    await pool.end();
    await admin.query(`drop database ${database} with (force)`);
    await admin.end();
    await server.stop();
  }
}
