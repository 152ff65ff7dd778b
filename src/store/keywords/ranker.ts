// What an extension that ranks by words is asked, and what it answers with: one small interface, one small file for each extension.
import type { SQL } from "drizzle-orm";
import type { PgColumn, PgTable } from "drizzle-orm/pg-core";
import type { Database } from "../../db/database.ts";

/** A question, and the table whose rows are ranked for it. */
export interface RankedQuestion {
  /** The table that is searched: the chunks, or the documents themselves. Its columns go into SQL as Drizzle's references. */
  table: PgTable;
  /** Its primary key. */
  key: readonly PgColumn[];
  /** The column with the passages' text; undefined where a function of the row makes it. */
  text: PgColumn | undefined;
  /** The question as one text, a parameter: quoted phrases without their quotes, and without -exclusions. */
  words: SQL;
  /** How many rows are wanted. */
  limit: number;
  /** Whether rows that the ranking gives may be left out afterwards: by a filter, a phrase or an exclusion. */
  filtered: boolean;
}

/** A ranking as pieces of SQL. They come into `select …, <rank> from <table> where <where> order by <rank> limit …`. */
export interface KeywordRank {
  /** A number of each row, in the form that the extension's index answers when rows are ordered by it. */
  rank: SQL;
  /** Whether the lowest come first (negative scores: how far below 0 is the score) or the highest. Rows of 0 are no hits. */
  best: "lowest" | "highest";
  /** What a row has to fulfil to be ranked, where the extension wants that said. */
  where?: SQL;
  /** Most rows that the extension can be asked for. Default: any number. */
  most?: number;
}

/** Ranks passages by their words in place of this package's own statement: for the option `keywords` of a collection. */
export interface KeywordRanker {
  /** For people: the option as they wrote it, such as `pgTextsearch()`. */
  readonly name: string;
  /** Called once for each statement that is built, not for each search. */
  rank(question: RankedQuestion): KeywordRank;
  /** Looks whether the database has what is needed; called before the first search of a collection. Throws an error that says what to create. */
  check?(db: Database, table: PgTable): Promise<void>;
}
