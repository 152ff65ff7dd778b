// Keyword search by an extension: its ranking in the form that this package's own has, with what it has no words for.
import { type SQL, sql } from "drizzle-orm";
import { ConfigurationError } from "../../errors.ts";
import type { KeywordRanker } from "../keywords/ranker.ts";
import type { Shape } from "../shape.ts";
import type { KeywordQuery } from "./keyword.ts";
import { demandsOf } from "./languages.ts";
import { joinDocuments, keyAliases, keyColumns } from "./parts.ts";

/** `select key…, score … order by score desc limit n`, as the extension ranks. */
export function rankedBy(ranker: KeywordRanker, shape: Shape, query: KeywordQuery, where: SQL | undefined, wanted: number): SQL {
  const demands = demandsOfPassage(ranker, shape, query);
  const filtered = where !== undefined || demands.length > 0;
  const question = {
    table: shape.passages,
    key: shape.passageKey.map(({ column }) => column),
    text: shape.columns.text?.column,
    words: sql`${query.words}::text`,
    limit: wanted,
    filtered,
  };
  const { rank, best, where: matches, most } = ranker.rank(question);
  const conditions = [...(matches === undefined ? [] : [matches]), ...demands, ...(where === undefined ? [] : [sql`(${where})`])];
  const limit = sql.raw(String(most === undefined ? wanted : Math.min(wanted, most)));
  const lowest = best === "lowest";
  // The scan gives rows in this order and no further: a second key would make Postgres sort all of them.
  return sql`
    select ${keyAliases(shape)}, ${lowest ? sql`-rank` : sql`rank`}::float8 as score from (
      select ${keyColumns(shape)}, ${rank} as rank
      from ${shape.passages}${joinDocuments(shape, where)}
      ${conditions.length === 0 ? sql`` : sql`where ${sql.join(conditions, sql` and `)}`}
      order by ${rank} ${lowest ? sql`asc` : sql`desc`} limit ${limit}
    ) as ranked where ${lowest ? sql`rank < 0` : sql`rank > 0`}
    order by score desc, ${keyAliases(shape)}`;
}

/** Phrases and exclusions, by the words that Postgres reads: on the rows that the ranking gives, not in its index. */
function demandsOfPassage(ranker: KeywordRanker, shape: Shape, query: KeywordQuery): SQL[] {
  if (query.phrases.length + query.excluded.length === 0) return [];
  const language = query.language ?? shape.language;
  const config = sql`${language}::regconfig`;
  const { search, text } = shape.columns;
  if (search === undefined && text === undefined) {
    throw new ConfigurationError(
      `keywords: ${ranker.name}: "quoted phrases" and -exclusions are looked up in a tsvector column or in the text's, and the collection has neither.`,
    );
  }
  return demandsOf(query, search === undefined ? sql`to_tsvector(${config}, ${text?.column})` : sql`${search}`, config);
}
