// BM25 by pg_search (ParadeDB). Written from its documentation and not run: https://docs.paradedb.com/documentation/full-text/match (`|||`),
// https://docs.paradedb.com/documentation/sorting/score (`pdb.score`), https://docs.paradedb.com/documentation/sorting/topk.
import { sql } from "drizzle-orm";
import type { PgColumn } from "drizzle-orm/pg-core";
import { quotedName } from "../../db/names.ts";
import { ConfigurationError } from "../../errors.ts";
import { checkInstalled } from "./installed.ts";
import type { KeywordRanker } from "./ranker.ts";

export interface PgSearchOptions {
  /** The columns that are searched, all of them in the index: a word in any of them counts. Default: the one with the passages' text. */
  text?: PgColumn | readonly PgColumn[];
  /** The index's key field. Default: the primary key, where it is one column. */
  key?: PgColumn;
}

/**
 * Ranks by an index of ParadeDB's extension pg_search (with the operators of its second API, 0.19 and later),
 * `CREATE INDEX … USING bm25 (id, text) WITH (key_field = 'id')`. The index's tokenizer reads the question. Columns of a filter that are in
 * the index too make filters quicker.
 *
 * Written from the extension's documentation; this package's tests look at the SQL and have not run it.
 *
 * A search throws MissingExtensionError or MissingMigrationError, with the statement that is missing.
 *
 * @example collection(db, { …, keywords: pgSearch() })
 */
export function pgSearch({ text: given, key: givenKey }: PgSearchOptions = {}): KeywordRanker {
  const name = "pgSearch()";
  return {
    name,
    rank({ key, text, words }) {
      const columns = [given ?? text ?? []].flat() as PgColumn[];
      if (columns.length === 0) throw new ConfigurationError(`keywords: ${name}: say which columns the index is over, \`text\`.`);
      const [field, ...others] = givenKey === undefined ? key : [givenKey];
      if (field === undefined || others.length > 0)
        throw new ConfigurationError(
          `keywords: ${name}: the primary key has several columns; say which one is the index's key_field, \`key\`.`,
        );
      const matches = columns.map((column) => sql`${column} ||| ${words}`);
      return { rank: sql`pdb.score(${field})`, best: "highest", where: sql`(${sql.join(matches, sql` or `)})` };
    },
    check: (db, table) =>
      checkInstalled(db, table, {
        by: name,
        extension: "pg_search",
        methods: ["bm25", "paradedb"],
        index: undefined,
        create: `CREATE INDEX ON ${quotedName(table)} USING bm25 ("id", "text") WITH (key_field = 'id');`,
      }),
  };
}
