// How a question in words is read for the keyword statement: in one language, or in that of each row.
import { type SQL, sql } from "drizzle-orm";
import type { PgColumn } from "drizzle-orm/pg-core";
import type { Shape } from "../shape.ts";
import type { KeywordQuery } from "./keyword.ts";

/** Counting how many passages hold a word stops here: past it a word is common, and its exact rarity no longer matters. */
const countLimit = 20_000;

/** The parts of the statement that depend on it. Its own names end in an underscore: any other may be that of the user's table. */
export interface Reading {
  /** `name as (…), …`: the last is `counted`, the question's words with how many passages hold each. */
  counted: SQL;
  /** What `weighted`, which is made of `counted`, keeps of it. */
  kept: SQL;
  /** `… inner join passages …`: each passage once for each of the words that it holds. */
  holding: SQL;
  /** Joins a passage with what is demanded of it; empty where nothing is, or the conditions stand alone. */
  demanded: SQL;
  /** What phrases and exclusions demand of a passage. */
  demands: SQL[];
  /** That one of the `weighted` words is in the passage's language: empty, or ` and …`. */
  ofLanguage: SQL;
}

/** Reads the question in the language that it names, else in that of the collection or of each row. */
export function readingOf(shape: Shape, query: KeywordQuery): Reading {
  const language = query.language ?? shape.language;
  return typeof language === "string" ? inOne(shape, query, language) : inEach(shape, query, language);
}

/** A lexeme as a query that finds it: without the parser, which would read it again. */
const lexemeQuery = sql.raw(`('''' || replace(replace(lexeme, '\\', '\\\\'), '''', '''''') || '''')::tsquery as query`);

/** What phrases and exclusions demand of a passage, each as a condition. */
export function demandsOf({ phrases, excluded }: KeywordQuery, search: SQL, language: SQL): SQL[] {
  return [
    ...phrases.map((phrase) => sql`${search} @@ phraseto_tsquery(${language}, ${phrase})`),
    ...excluded.map((words) => sql`not ${search} @@ plainto_tsquery(${language}, ${words})`),
  ];
}

function inOne(shape: Shape, query: KeywordQuery, name: string): Reading {
  const search = shape.columns.search as PgColumn;
  const language = sql`${name}::regconfig`;
  return {
    counted: sql`terms_ as materialized (
      select lexeme, ${lexemeQuery}
      from unnest(to_tsvector(${language}, ${query.words}))
    ), counted_ as materialized (
      select lexeme, query, (
        select count(*)::float8 from (
          select 1 from ${shape.passages} where ${search} @@ terms_.query limit ${sql.raw(String(countLimit))}
        ) as found
      ) as passages
      from terms_
    )`,
    kept: sql`lexeme, query`,
    holding: sql`weighted_ inner join ${shape.passages} on ${search} @@ weighted_.query`,
    demanded: sql``,
    demands: demandsOf(query, sql`${search}`, language),
    ofLanguage: sql``,
  };
}

/**
 * A row is matched by the lexemes of its own language. What counts as rare is the word of the question, whatever it became in each language:
 * a word that stands in many English rows does not become rare for standing in one of the few German ones.
 */
function inEach(shape: Shape, query: KeywordQuery, column: PgColumn): Reading {
  const search = shape.columns.search as PgColumn;
  const { passages } = shape;
  const config = sql`word_language::regconfig`;
  const demands = [
    ...query.phrases.map((phrase, i) => ({
      made: sql`phraseto_tsquery(${config}, ${phrase}) as ${sql.identifier(`phrase${i}`)}`,
      condition: sql`${search} @@ languages_.${sql.identifier(`phrase${i}`)}`,
    })),
    ...query.excluded.map((words, i) => ({
      made: sql`plainto_tsquery(${config}, ${words}) as ${sql.identifier(`excluded${i}`)}`,
      condition: sql`not ${search} @@ languages_.${sql.identifier(`excluded${i}`)}`,
    })),
  ];
  // Not `=`, by which the planner would hash the words and read the whole table past the index.
  const isOf = (of: string) => sql`${sql.identifier(of)}.word_language is not distinct from ${column}`;
  // The recursion steps from one language to the next in the index over the column. Postgres' own `distinct` would read all of it.
  // Arrays, since the planner expects 10 rows of one: with the hundreds that it expects of a recursion it would not use the index over the words.
  return {
    counted: sql`recursive each_language_(word_language) as (
      (select ${column} from ${passages} where ${column} is not null order by ${column} limit 1)
      union all
      select (select ${column} from ${passages} where ${column} > each_language_.word_language order by ${column} limit 1)
      from each_language_ where word_language is not null
    ), languages_ as materialized (
      select ${sql.join([sql`word_language`, ...demands.map(({ made }) => made)], sql`, `)}
      from unnest(array(select word_language from each_language_ where word_language is not null)) as word_language
    ), terms_ as materialized (
      select word_language, lexeme, positions[1] as place
      from languages_ cross join lateral unnest(to_tsvector(${config}, ${query.words}))
    ), lexemes_ as materialized (
      select lexeme, ${lexemeQuery} from unnest(array(select distinct lexeme from terms_)) as lexeme
    ), held_ as materialized (
      select lexemes_.lexeme, found.word_language, count(*)::float8 as passages
      from lexemes_ cross join lateral (
        select ${column} as word_language from ${passages} where ${search} @@ lexemes_.query limit ${sql.raw(String(countLimit))}
      ) as found
      group by lexemes_.lexeme, found.word_language
    ), counted_ as materialized (
      select terms_.word_language, terms_.lexeme, coalesce(sum(held_.passages) over (partition by terms_.place), 0) as passages
      from terms_ left join held_ on held_.lexeme = terms_.lexeme and held_.word_language = terms_.word_language
    )`,
    kept: sql`word_language, lexeme`,
    holding: sql`lexemes_ inner join ${passages} on ${search} @@ lexemes_.query
      inner join weighted_ on weighted_.lexeme = lexemes_.lexeme and ${isOf("weighted_")}`,
    demanded: demands.length === 0 ? sql`` : sql` inner join languages_ on ${isOf("languages_")}`,
    demands: demands.map(({ condition }) => condition),
    ofLanguage: sql` and ${isOf("weighted_")}`,
  };
}
