// The ready-made tables, for those who have none: schema `rag`, documents and their chunks. migrations/ is written from this file.
import { bigint, integer, jsonb, pgSchema, text, timestamp } from "drizzle-orm/pg-core";
import type { Json } from "../values.ts";
import { chunkColumns } from "./columns.ts";
import { chunkIndexes } from "./indexes.ts";

/** The Postgres schema of the ready-made tables, apart from the application's own. */
export const rag = pgSchema("rag");

/** One row for each document: its whole text, and where it came from. */
export const documents = rag.table("documents", {
  id: bigint({ mode: "number" }).primaryKey().generatedAlwaysAsIdentity(),
  /** Path or URL. */
  source: text().notNull().unique(),
  title: text(),
  text: text().notNull(),
  format: text().$type<"plain" | "markdown">().notNull().default("plain"),
  /** Where the prose begins, past front matter: UTF-16 offset. */
  bodyStart: integer("body_start").notNull().default(0),
  /** For a text that is not the file itself: the file's line for each line of the text. */
  lines: integer().array(),
  metadata: jsonb().$type<{ [key: string]: Json }>().notNull().default({}),
  createdAt: timestamp("created_at", { withTimezone: true }).notNull().defaultNow(),
  updatedAt: timestamp("updated_at", { withTimezone: true })
    .notNull()
    .defaultNow()
    .$onUpdate(() => new Date()),
});

/** Dimensions of the ready-made table of chunks: those of OpenAI's text-embedding-3-small. */
export const readyDimensions = 1536;

/** The passages of the documents, with their vectors. */
export const chunks = rag.table(
  "chunks",
  {
    documentId: bigint("document_id", { mode: "number" })
      .notNull()
      .references(() => documents.id, { onDelete: "cascade" }),
    ...chunkColumns({ dimensions: readyDimensions }),
  },
  (t) => chunkIndexes(t),
);
