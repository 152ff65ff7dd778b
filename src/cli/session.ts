// What every command works with: the database, the collection and the model that configuration, options and environment say.
import { getTableColumns } from "drizzle-orm";
import type { PgColumn, PgTable } from "drizzle-orm/pg-core";
import { type Connection, connect } from "../db/connect.ts";
import { migrate } from "../db/migrate.ts";
import type { Embedder } from "../embed/embedder.ts";
import { hashingEmbedder } from "../embed/hashing.ts";
import { ConfigurationError } from "../errors.ts";
import type { Model } from "../llm/model.ts";
import { type Collection, collection } from "../store/collection.ts";
import { documentRow, readyMade } from "../store/ready.ts";
import type { CollectionOptions } from "../store/types.ts";
import { readyDimensions } from "../table/ready.ts";
import type { Document } from "../values.ts";
import { type Config, loadConfig } from "./config.ts";

/** Options that every command takes. */
export interface CommonOptions {
  database?: string;
  config?: string;
  embedder?: string;
  json?: boolean;
}

type AnyRow = Record<string, unknown>;

export interface Session {
  db: Connection;
  /** The address as it may be shown. */
  database: string;
  // biome-ignore lint/suspicious/noExplicitAny: the command line works on whatever tables the configuration names.
  docs: Collection<any, any>;
  embedder: Embedder | undefined;
  /** The column that tells files apart, and the name rows know it by. */
  source: { column: PgColumn; key: string };
  titleKey: string | undefined;
  row: (document: Document) => AnyRow;
  config: Config;
  close(): Promise<void>;
}

/** Where documents are kept when nothing else is said. */
export const defaultFolder = ".drizzle-rag";

/** Opens the database; the ready-made tables are created when they are missing. */
export async function openSession(options: CommonOptions): Promise<Session> {
  const config = await loadConfig(process.cwd(), options.config);
  const database = options.database ?? config.database ?? process.env.DATABASE_URL ?? defaultFolder;
  const tables: CollectionOptions<PgTable, PgTable | undefined> = config.collection ?? {
    ...readyMade,
    embedder:
      options.embedder === undefined
        ? (config.embedder ?? hashingEmbedder({ dimensions: readyDimensions }))
        : await embedderOf(options.embedder),
  };
  const source = sourceColumn(tables);
  const db = await connect(database);
  try {
    if (config.collection === undefined) await migrate(db);
    return {
      db,
      database,
      docs: collection(db, tables),
      embedder: tables.embedder,
      source,
      titleKey: isColumn(tables.title) ? keyOf(tables.documents, tables.title) : undefined,
      row: config.row ?? ((document) => onlyColumns(tables.documents, documentRow(document))),
      config,
      close: () => db.close(),
    };
  } catch (error) {
    await db.close();
    throw error;
  }
}

/** An embedder by name: `hashing`, or `openai/<model>`. Others are made in the configuration file. */
async function embedderOf(name: string): Promise<Embedder> {
  if (name === "hashing") return hashingEmbedder({ dimensions: readyDimensions });
  if (name.startsWith("openai/")) {
    const { openaiEmbedder } = await import("../embed/openai.ts");
    return openaiEmbedder(name.slice("openai/".length), { dimensions: readyDimensions });
  }
  throw new ConfigurationError(
    `--embedder ${name}: known are "hashing" and "openai/<model>", such as openai/text-embedding-3-small. Make others in drizzle-rag.config.ts.`,
  );
}

/** The model that answers: as told, else by the keys in the environment, else the offline one. */
export function chooseModel(told: string | Model | undefined): string | Model {
  if (told !== undefined) return told;
  if (process.env.ANTHROPIC_API_KEY) return "anthropic/claude-sonnet-5-5";
  if (process.env.OPENAI_API_KEY) return "openai/gpt-5-mini";
  return "extractive";
}

function sourceColumn(tables: CollectionOptions<PgTable, PgTable | undefined>): Session["source"] {
  if (!isColumn(tables.source)) {
    throw new ConfigurationError(
      "collection.source in drizzle-rag.config.ts has to be a column with a unique index: it tells files apart.",
    );
  }
  return { column: tables.source, key: keyOf(tables.documents, tables.source) };
}

function isColumn(value: unknown): value is PgColumn {
  return typeof value === "object" && value !== null && "getSQLType" in value;
}

function keyOf(table: PgTable, column: PgColumn): string {
  return Object.entries(getTableColumns(table)).find(([, own]) => own === column)?.[0] ?? column.name;
}

/** A table of the user's need not have every column that the ready-made one has. */
function onlyColumns(table: PgTable, row: AnyRow): AnyRow {
  const columns = getTableColumns(table);
  return Object.fromEntries(Object.entries(row).filter(([key]) => key in columns));
}
