// Keyword search with BM25 semantics on stock Postgres: any word may match, rare words weigh more, long passages are not favoured.
import { type Placeholder, type SQL, sql } from "drizzle-orm";
import type { PgColumn } from "drizzle-orm/pg-core";
import { quotedName } from "../../db/names.ts";
import type { Shape } from "../shape.ts";
import { readingOf } from "./languages.ts";
import { joinDocuments, keyAliases, keyColumns, keyMatches } from "./parts.ts";
import { rankedBy } from "./ranked.ts";

/** Robertson and Zaragoza, The Probabilistic Relevance Framework: BM25 and Beyond (2009): how soon repetition stops counting, and how much length does. */
const k1 = 1.2;
const b = 0.75;
/** A word in the title or a heading (weight A) counts as so many in the text. */
const headingWeight = 2;
/** Passages of which the length is looked at to know the average. */
const lengthSample = 256;

/** What a question demands, in the manner of search engines: "quoted phrases" have to be there, -words must not. */
export interface KeywordQuery {
  /** What ranks; a placeholder in a statement that is kept. */
  words: string | Placeholder;
  phrases: string[];
  excluded: string[];
  /** Undefined: the collection's, or each row's. */
  language?: string | undefined;
}

/** Reads quoted phrases and exclusions; all other punctuation is left to Postgres' parser. */
export function parseKeywords(text: string, language?: string): KeywordQuery {
  const phrases: string[] = [];
  const excluded: string[] = [];
  const moveTo = (list: string[], found: string, left: string) => {
    list.push(found);
    return left;
  };
  const rest = text
    .replace(/(^|\s)-"([^"]+)"/g, (_, space: string, phrase: string) => moveTo(excluded, phrase, space))
    .replace(/(^|\s)-([\p{L}\p{N}][^\s"]*)/gu, (_, space: string, word: string) => moveTo(excluded, word, space))
    .replace(/"([^"]+)"/g, (_, phrase: string) => moveTo(phrases, phrase, ` ${phrase} `));
  return { words: rest, phrases, excluded, language };
}

/**
 * `select key…, score … order by score desc limit n`: the passages that rank best by BM25, by the extension that the collection was given or
 * on stock Postgres.
 *
 * Two steps keep it quick where a word is common: the candidates by the sum of their words' rarity, from the GIN index alone; then exact
 * BM25 over those, with term frequencies out of the tsvector. How many passages hold a word is counted in the same statement, so
 * that the statistics are right under any writes.
 */
export function matching(shape: Shape, query: KeywordQuery, where: SQL | undefined, limit: number): SQL {
  if (shape.keywords !== undefined) return rankedBy(shape.keywords, shape, query, where, limit);
  const search = shape.columns.search as PgColumn;
  const { counted, kept, holding, demanded, demands, ofLanguage } = readingOf(shape, query);
  const conditions = [...demands, ...(where === undefined ? [] : [sql`(${where})`])];
  const filter = conditions.length === 0 ? sql`` : sql`where ${sql.join(conditions, sql` and `)}`;
  const candidates = Math.max(200, 2 * limit);
  return sql`
    with ${counted}, total_ as materialized (
      select greatest((select max(passages) from counted_), case when rows > 0 then rows else (select count(*) from ${shape.passages}) end, 1)::float8 as passages
      from (select reltuples as rows from pg_class where oid = ${quotedName(shape.passages)}::regclass) as statistics
    ), weighted_ as materialized (
      select ${kept}, ln(1 + (total_.passages - counted_.passages + 0.5) / (counted_.passages + 0.5)) as rarity
      from counted_ cross join total_
    ), average_ as materialized (
      select greatest(avg(length(search)), 1)::float8 as length
      from (select ${search} as search from ${shape.passages} limit ${sql.raw(String(lengthSample))}) as sample
    ), candidates_ as materialized (
      select ${keyColumns(shape)}, sum(weighted_.rarity) as rarity
      from ${holding}${demanded}${joinDocuments(shape, where)}
      ${filter}
      group by ${keyGroups(shape)}
      order by rarity desc limit ${sql.raw(String(candidates))}
    )
    select ${keyAliases(shape, "candidates_")}, sum(
      weighted_.rarity * frequency_.value * ${sql.raw(String(k1 + 1))}
      / (frequency_.value + ${sql.raw(String(k1))} * (${sql.raw(String(1 - b))} + ${sql.raw(String(b))} * length(${search}) / average_.length))
    )::float8 as score
    from candidates_
    cross join average_
    inner join ${shape.passages} on ${keyMatches(shape, "candidates_")}
    cross join lateral unnest(${search}) as word_(lexeme, positions, weights)
    inner join weighted_ on weighted_.lexeme = word_.lexeme${ofLanguage}
    cross join lateral (
      select coalesce(sum(case weight when 'A' then ${sql.raw(String(headingWeight))} else 1 end), 1)::float8 as value
      from unnest(word_.weights) as weight
    ) as frequency_
    group by ${keyAliases(shape, "candidates_")}
    order by score desc, ${keyAliases(shape, "candidates_")} limit ${sql.raw(String(limit))}`;
}

function keyGroups(shape: Shape): SQL {
  return sql.join(
    shape.passageKey.map(({ column }) => sql`${column}`),
    sql`, `,
  );
}
