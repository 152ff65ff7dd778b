// Keyword search by extensions of Postgres that rank by BM25 themselves, for the option `keywords` of a collection.
export { type PgSearchOptions, pgSearch } from "./pg-search.ts";
export { type PgTextsearchOptions, pgTextsearch } from "./pg-textsearch.ts";
export type { KeywordRank, KeywordRanker, RankedQuestion } from "./ranker.ts";
export { type VchordBm25Options, vchordBm25 } from "./vchord-bm25.ts";
