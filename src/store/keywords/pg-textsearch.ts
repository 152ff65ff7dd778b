// BM25 by pg_textsearch (Timescale): https://github.com/timescale/pg_textsearch. Tried with 1.5.1, which PGlite has as an extension.
import { type SQL, sql } from "drizzle-orm";
import { getTableConfig, type PgColumn } from "drizzle-orm/pg-core";
import { quotedName } from "../../db/names.ts";
import { ConfigurationError } from "../../errors.ts";
import { checkInstalled, constant, qualified } from "./installed.ts";
import type { KeywordRanker } from "./ranker.ts";

export interface PgTextsearchOptions {
  /** The name of the index, in the schema of its table. */
  index: string;
  /** What is indexed: a text column, or the expression that the index is over. Default: the column with the passages' text. */
  text?: PgColumn | SQL;
}

/** It makes room for as many rows as it is asked for: 10 million take a tenth of a second, 100 million are too many for it. */
const most = 10_000_000;

/**
 * Ranks by an index of the extension pg_textsearch, `CREATE INDEX … USING bm25 (text) WITH (text_config = 'english')`. The index reads the
 * question by its own `text_config`.
 *
 * A search throws MissingExtensionError or MissingMigrationError, with the statement that is missing.
 *
 * @example collection(db, { …, keywords: pgTextsearch({ index: "article_chunks_bm25" }) })
 */
export function pgTextsearch({ index, text: given }: PgTextsearchOptions): KeywordRanker {
  const name = "pgTextsearch()";
  return {
    name,
    rank({ table, text, words }) {
      const indexed = given ?? text;
      if (indexed === undefined) throw new ConfigurationError(`keywords: ${name}: say which column the index is over, \`text\`.`);
      // Without a schema the extension takes the name as it is, with one as SQL writes it.
      const named = getTableConfig(table).schema === undefined ? index : qualified(table, index);
      return {
        rank: sql`${indexed} <@> to_bm25query(${words}, ${constant(named)})`,
        best: "lowest",
        most,
      };
    },
    check: (db, table) =>
      checkInstalled(db, table, {
        by: name,
        extension: "pg_textsearch",
        methods: ["bm25"],
        index,
        create: `CREATE INDEX "${index}" ON ${quotedName(table)} USING bm25 ("text") WITH (text_config = 'english');`,
      }),
  };
}
