// BM25 by vchord_bm25 (TensorChord). Written from its documentation, for 0.2 and 0.3, and not run:
// https://github.com/tensorchord/VectorChord-bm25 (README.md, sql/install/vchord_bm25--0.2.2.sql).
import { sql } from "drizzle-orm";
import type { PgColumn } from "drizzle-orm/pg-core";
import { quotedName } from "../../db/names.ts";
import { checkInstalled, constant, qualified } from "./installed.ts";
import type { KeywordRanker } from "./ranker.ts";

export interface VchordBm25Options {
  /** The name of the index, in the schema of its table. */
  index: string;
  /** The `bm25vector` column of the table that is searched, which a trigger of yours or of pg_tokenizer fills. */
  column: PgColumn;
  /** The name of the tokenizer that filled it, which questions are read with too. */
  tokenizer: string;
  /**
   * How many rows the index gives at most (`bm25_catalog.bm25_limit`, 1 to 65,535), before any filter. Default: as many as are asked for, and
   * 65,535 where a filter, a phrase or an exclusion may leave some of them out.
   */
  candidates?: number;
}

/** Its default, which is the least here, and the most it takes. */
const limits = { least: 100, most: 65_535 } as const;

/**
 * Ranks by an index of the extension vchord_bm25, `CREATE INDEX … USING bm25 (column bm25_catalog.bm25_ops)`, with pg_tokenizer.
 *
 * Written from the extension's documentation; this package's tests look at the SQL and have not run it. It sets `bm25_catalog.bm25_limit` in
 * the statement itself, for the transaction that it runs in.
 *
 * A search throws MissingExtensionError or MissingMigrationError, with the statement that is missing.
 *
 * @example collection(db, { …, keywords: vchordBm25({ index: "article_chunks_bm25", column: articleChunks.words, tokenizer: "bert" }) })
 */
export function vchordBm25({ index, column, tokenizer, candidates }: VchordBm25Options): KeywordRanker {
  const name = "vchordBm25()";
  return {
    name,
    rank({ table, words, limit, filtered }) {
      const wanted = candidates ?? (filtered ? limits.most : Math.min(Math.max(limit, limits.least), limits.most));
      const question = sql`tokenizer_catalog.tokenize(${words}, ${constant(tokenizer)})::bm25_catalog.bm25vector`;
      return {
        // The operator is in pg_catalog; the rest is named with its schema, so that no search_path has to hold it.
        rank: sql`${column} <&> bm25_catalog.to_bm25query(${constant(qualified(table, index))}::regclass, ${question})`,
        best: "lowest",
        // Looked at once, before the scan starts: it speaks of no column.
        where: sql`(select set_config('bm25_catalog.bm25_limit', ${constant(String(wanted))}, true) is not null)`,
        most: limits.most,
      };
    },
    check: (db, table) =>
      checkInstalled(db, table, {
        by: name,
        extension: "vchord_bm25",
        methods: ["bm25"],
        index,
        create: `CREATE INDEX "${index}" ON ${quotedName(table)} USING bm25 ("${column.name}" bm25_catalog.bm25_ops);`,
      }),
  };
}
