// drizzle-rag init: a schema, its migrations' beginning, configuration and a compose file in a user's project.
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { ConfigurationError } from "../../errors.ts";
import { json, line } from "../output.ts";

export interface InitOptions {
  dir: string;
  dimensions: number;
  embedder: string;
  force?: boolean;
  json?: boolean;
}

/** Writes the files that are not there yet. */
export function init(options: InitOptions): void {
  const files = projectFiles(options);
  const there = Object.keys(files).filter((name) => existsSync(join(options.dir, name)));
  const written: string[] = [];
  for (const [name, text] of Object.entries(files)) {
    if (there.includes(name) && options.force !== true) continue;
    const path = join(options.dir, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    written.push(relative(process.cwd(), path) || name);
  }
  if (options.json) {
    json({ written, kept: options.force ? [] : there });
    return;
  }
  for (const name of written) line(`wrote ${name}`);
  if (options.force !== true) for (const name of there) line(`kept  ${name} (there already; --force replaces it)`);
  line();
  line("Next:");
  line("  npm install drizzle-rag drizzle-orm && npm install --save-dev drizzle-kit");
  line("  npx drizzle-kit generate          # a migration for rag-schema.ts");
  line("  npx drizzle-rag migrate           # on DATABASE_URL, or embedded in .drizzle-rag");
  line("  npx drizzle-rag add docs          # a folder of yours");
  line('  npx drizzle-rag ask "…"');
}

function projectFiles({ dimensions, embedder }: InitOptions): Record<string, string> {
  if (!Number.isInteger(dimensions) || dimensions < 1 || dimensions > 4000) {
    throw new ConfigurationError(`--dimensions ${dimensions}: an index takes 1 to 4,000.`);
  }
  return {
    "rag-schema.ts": schemaFile(dimensions <= 2000 ? "chunkColumns" : "halfChunkColumns", dimensions),
    "drizzle-rag.config.ts": configFile(embedder, dimensions),
    "drizzle.config.ts": drizzleConfigFile,
    "docker-compose.yml": composeFile,
    "drizzle/0000_vector_extension.sql": "CREATE EXTENSION IF NOT EXISTS vector;\n",
    "drizzle/meta/_journal.json": `${JSON.stringify(journal, null, 2)}\n`,
    "drizzle/meta/0000_snapshot.json": `${JSON.stringify(snapshot, null, 2)}\n`,
  };
}

const schemaFile = (
  columns: string,
  dimensions: number,
) => `// Tables for documents and their chunks: yours to rename and extend. drizzle-kit reads this file.
import { bigint, integer, jsonb, pgTable, text, timestamp } from "drizzle-orm/pg-core";
import { chunkIndexes, ${columns} } from "drizzle-rag/table";

export const documents = pgTable("documents", {
  id: bigint({ mode: "number" }).primaryKey().generatedAlwaysAsIdentity(),
  source: text().notNull().unique(),
  title: text(),
  text: text().notNull(),
  format: text().$type<"plain" | "markdown">().notNull().default("plain"),
  bodyStart: integer("body_start").notNull().default(0),
  lines: integer().array(),
  metadata: jsonb().notNull().default({}),
  updatedAt: timestamp("updated_at", { withTimezone: true })
    .notNull()
    .defaultNow()
    .$onUpdate(() => new Date()),
});

export const chunks = pgTable(
  "chunks",
  {
    documentId: bigint("document_id", { mode: "number" })
      .notNull()
      .references(() => documents.id, { onDelete: "cascade" }),
    ...${columns}({ dimensions: ${dimensions} }),
  },
  (t) => chunkIndexes(t),
);
`;

function configFile(embedder: string, dimensions: number): string {
  const made =
    embedder === "hashing"
      ? {
          imported: `import { hashingEmbedder } from "drizzle-rag/embed/hashing";`,
          call: `hashingEmbedder({ dimensions: ${dimensions} })`,
        }
      : {
          imported: `import { openaiEmbedder } from "drizzle-rag/embed/openai";`,
          call: `openaiEmbedder("${embedder.replace(/^openai\//, "")}", { dimensions: ${dimensions} })`,
        };
  return `import { defineConfig } from "drizzle-rag/config";
${made.imported}
import { chunks, documents } from "./rag-schema.ts";

export default defineConfig({
  // postgres://… ; without it, Postgres embedded in the folder .drizzle-rag
  database: process.env.DATABASE_URL,
  migrations: "./drizzle",
  collection: {
    documents,
    chunks,
    text: documents.text,
    title: documents.title,
    source: documents.source,
    format: documents.format,
    bodyStart: documents.bodyStart,
    embedder: ${made.call},
  },
});
`;
}

const drizzleConfigFile = `import { defineConfig } from "drizzle-kit";

export default defineConfig({
  dialect: "postgresql",
  schema: "./rag-schema.ts",
  out: "./drizzle",
  dbCredentials: { url: process.env.DATABASE_URL ?? "postgres://postgres:postgres@localhost:5432/postgres" },
});
`;

const composeFile = `services:
  postgres:
    image: pgvector/pgvector:pg17
    environment:
      POSTGRES_PASSWORD: postgres
    ports:
      - "127.0.0.1:5432:5432"
    volumes:
      - postgres:/var/lib/postgresql/data
    shm_size: 1gb
    healthcheck:
      test: ["CMD-SHELL", "pg_isready -U postgres"]
      interval: 2s
      timeout: 3s
      retries: 30
volumes:
  postgres:
`;

// What `drizzle-kit generate --custom` writes for a first migration by hand: drizzle-kit has no word for extensions.
const journal = {
  version: "7",
  dialect: "postgresql",
  entries: [{ idx: 0, version: "7", when: 1_795_000_000_000, tag: "0000_vector_extension", breakpoints: true }],
};

const snapshot = {
  id: "605004be-cce1-42c6-8089-90274cd0cce1",
  prevId: "00000000-0000-0000-0000-000000000000",
  version: "7",
  dialect: "postgresql",
  tables: {},
  enums: {},
  schemas: {},
  views: {},
  sequences: {},
  roles: {},
  policies: {},
  _meta: { columns: {}, schemas: {}, tables: {} },
};
