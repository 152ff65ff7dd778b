// The configuration file of the command line, `drizzle-rag.config.ts`: which database, tables, embedder and model.
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { PgTable } from "drizzle-orm/pg-core";
import type { Embedder } from "../embed/embedder.ts";
import { ConfigurationError } from "../errors.ts";
import type { Model } from "../llm/model.ts";
import type { CollectionOptions } from "../store/types.ts";
import type { Document } from "../values.ts";

export interface Config {
  /** `postgres://…`, or a folder for an embedded database. Default: DATABASE_URL, else `.drizzle-rag`. */
  database?: string | undefined;
  /** Folder of your own migrations, for `drizzle-rag migrate`. Default: the package's own, for the ready-made tables. */
  migrations?: string;
  /** Your own tables. `source` has to be a unique column: it tells whether a file is there already. Default: the ready-made tables. */
  // biome-ignore lint/suspicious/noExplicitAny: any two tables will do; their types matter where the collection is made, not here.
  collection?: CollectionOptions<any, any>;
  /** How a file becomes a row of your own table. Default: source, title, text, format, bodyStart, lines and metadata. */
  row?: (document: Document) => Record<string, unknown>;
  /** Embedder for the ready-made tables, of 1,536 dimensions. Default: the offline hashing embedder. */
  embedder?: Embedder;
  /** Model that answers: a name such as `openai/gpt-5-mini`, or a model. Default: by the keys in the environment, else `extractive`. */
  model?: string | Model;
}

/** Checks a configuration's types while it is written; returns it as it is. */
export function defineConfig<D extends PgTable, C extends PgTable | undefined>(
  config: Omit<Config, "collection"> & { collection?: CollectionOptions<D, C> },
): Config {
  return config as Config;
}

const names = ["drizzle-rag.config.ts", "drizzle-rag.config.js", "drizzle-rag.config.mjs"];

/**
 * Reads the configuration file, if there is one.
 * @throws ConfigurationError when the file that was named is not there, or does not export a configuration.
 */
export async function loadConfig(folder: string, named?: string): Promise<Config> {
  const path = named === undefined ? names.map((name) => resolve(folder, name)).find(existsSync) : resolve(folder, named);
  if (path === undefined) return {};
  if (!existsSync(path)) throw new ConfigurationError(`There is no configuration file ${path}.`);
  // Node 20 does not read TypeScript; jiti does, and it is loaded only where there is a file to read.
  const { createJiti } = await import("jiti");
  const jiti = createJiti(import.meta.url);
  const config = await jiti.import<Config>(path, { default: true });
  if (typeof config !== "object" || config === null) {
    throw new ConfigurationError(`${path} has to export a configuration: export default defineConfig({ … })`);
  }
  return config;
}
