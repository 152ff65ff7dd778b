// What a search is asked for, checked and completed with defaults.
import { is, Param, Placeholder, SQL } from "drizzle-orm";
import { ConfigurationError, InputError } from "../../errors.ts";
import { isSparse } from "../../util/sparse.ts";
import type { SparseVector } from "../../values.ts";
import type { Shape } from "../shape.ts";
import type { ContextOf, Query, SearchMode, SearchOptions, Selection } from "../types.ts";
import { defaultWeights } from "./hybrid.ts";
import { type ParameterizedFilter, parameterized } from "./parameterized.ts";

/** One question of a search. */
export interface Asked {
  /** Words to look for; empty when the question is a vector alone. */
  text: string;
  vector: Float32Array | SparseVector | undefined;
  /** A subquery for a vector that is in the database already. */
  stored: SQL | undefined;
}

/** What is read around each hit. */
export interface WantedContext {
  document: boolean;
  section: boolean;
  /** 0: none. */
  neighbours: number;
}

export interface SearchRequest {
  mode: SearchMode;
  /** Mostly one; the rankings of several are fused. */
  asked: readonly [Asked, ...Asked[]];
  where: SQL | undefined;
  /** The user's part of it, which is likely to come again; with its values apart, where they can be told. */
  filter: { condition: SQL; parameterized: ParameterizedFilter | undefined } | undefined;
  limit: number;
  offset: number;
  minScore: number | undefined;
  weights: { vector: number; keyword: number };
  /** Undefined: whole rows. */
  select: Selection | undefined;
  /** Undefined: hits have no `context`. */
  context: WantedContext | undefined;
  /** Undefined: any number, which is also what it means where a document is its own only passage. */
  perDocument: number | undefined;
  diversity: number;
  /** Undefined: the collection's. */
  language: string | undefined;
  /** Only keys and scores are wanted; what is shown is fetched later. */
  keysOnly: boolean;
  signal: AbortSignal | undefined;
}

/** @throws ConfigurationError or InputError for options that cannot be meant. */
export function searchRequest(
  shape: Shape,
  query: Query | readonly Query[],
  options: SearchOptions<Selection | undefined>,
): SearchRequest {
  const asked = isList(query) ? query.map(parts) : [parts(query)];
  if (!isSome(asked)) throw new InputError("There is no question in the list.", { field: "query" });
  const inWords = asked.every(({ text, vector }) => text !== "" || vector === undefined);
  const mode = options.mode ?? (inWords && hasWords(shape) ? "hybrid" : "vector");
  if (!["vector", "keyword", "hybrid"].includes(mode)) {
    throw new ConfigurationError(`mode: "${mode}" is not a way to search. Use "vector", "keyword" or "hybrid".`);
  }
  if (mode !== "vector" && !hasWords(shape)) {
    throw new ConfigurationError(
      `mode "${mode}" needs a tsvector column. chunkColumns() brings one; or make one with tsvector() from drizzle-rag/table, or give \`keywords\`.`,
    );
  }
  if (mode !== "vector" && asked.some(({ text }) => text.trim() === ""))
    throw new InputError(`mode "${mode}" needs a question in words.`, { field: "query" });
  return completed(shape, options, mode, asked);
}

/** Whether there is something to search by words. */
function hasWords({ columns, keywords }: Shape): boolean {
  return columns.search !== undefined || keywords !== undefined;
}

/** A search near a vector that is in the database. */
export function storedRequest(shape: Shape, stored: SQL, options: SearchOptions<Selection | undefined>): SearchRequest {
  return completed(shape, options, "vector", [{ text: "", vector: undefined, stored }]);
}

function completed(
  shape: Shape,
  options: SearchOptions<Selection | undefined>,
  mode: SearchMode,
  asked: SearchRequest["asked"],
): SearchRequest {
  if ("where" in options) checkCondition(options.where, "where");
  const context = wantedContext(options.context);
  if (context !== undefined) needsChunks(shape, "context");
  const perDocument = options.perDocument === undefined ? undefined : whole(options.perDocument, "perDocument", 1);
  const { diversity = 0 } = options;
  if (diversity > 0 && shape.vectorType === "sparsevec")
    throw new ConfigurationError("diversity: it compares dense vectors, and the column holds sparse ones.");
  if (!(diversity >= 0 && diversity <= 1)) throw new InputError(`${diversity} is not between 0 and 1.`, { field: "diversity" });
  return {
    mode,
    asked,
    where: options.where,
    filter: options.where && { condition: options.where, parameterized: parameterized(options.where) },
    limit: whole(options.limit ?? 10, "limit", 1),
    offset: whole(options.offset ?? 0, "offset", 0),
    minScore: options.minScore,
    weights: weights(options.weights),
    select: options.select,
    context,
    perDocument: shape.chunked ? perDocument : undefined,
    diversity,
    language: language(options.language),
    keysOnly: false,
    signal: options.signal,
  };
}

/** @throws ConfigurationError in a collection without a table of chunks. */
export function needsChunks(shape: Shape, what: string): void {
  if (!shape.chunked)
    throw new ConfigurationError(`${what}: the collection has no table of chunks, so a passage is a whole document.`);
}

function isList(query: Query | readonly Query[]): query is readonly Query[] {
  return Array.isArray(query);
}

function isSome<T>(items: readonly T[]): items is readonly [T, ...T[]] {
  return items.length > 0;
}

function parts(query: Query): Asked {
  if (query instanceof Float32Array) return { text: "", vector: query, stored: undefined };
  if (typeof query === "string") {
    if (query.trim() === "") throw new InputError("The question is empty.", { field: "query" });
    return { text: query, vector: undefined, stored: undefined };
  }
  if (isSparse(query)) return { text: "", vector: query, stored: undefined };
  if (typeof query !== "object" || query === null) {
    throw new InputError("A question is a text, a Float32Array, a sparse vector, or an object with text and vector.", {
      field: "query",
    });
  }
  return { text: query.text, vector: query.vector, stored: undefined };
}

/**
 * Refuses a condition that is missing, or that compares with `undefined`: it would match everything, or nothing, without a word.
 * @throws InputError
 */
export function checkCondition(where: SQL | undefined, field: string): asserts where is SQL {
  if (where === undefined) {
    throw new InputError(`The condition is undefined, which would mean every row. Leave \`${field}\` out if that is meant.`, {
      field,
    });
  }
  const pending: unknown[] = [where];
  while (pending.length > 0) {
    const part = pending.pop();
    if (is(part, SQL)) pending.push(...part.queryChunks);
    else if (Array.isArray(part)) pending.push(...part);
    else if (is(part, Placeholder)) throw new InputError("The condition holds a placeholder; give its value.", { field });
    else if (part === undefined || (is(part, Param) && part.value === undefined)) {
      throw new InputError("The condition compares with undefined. Check where the value comes from.", { field });
    }
  }
}

/** @throws InputError unless the value is a whole number of at least `least`. */
export function whole(value: number, field: string, least: number): number {
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new InputError(`${value} is not a whole number of at least ${least}.`, { field });
}

function language(given: string | undefined): string | undefined {
  if (given === undefined || (typeof given === "string" && given.trim() !== "")) return given;
  throw new InputError(`"${given}" is not the name of a text search configuration, such as "english".`, { field: "language" });
}

function wantedContext(given: SearchOptions["context"]): WantedContext | undefined {
  const list: readonly ContextOf[] = given === undefined ? [] : isOne(given) ? [given] : given;
  if (list.length === 0) return undefined;
  const wanted: WantedContext = { document: false, section: false, neighbours: 0 };
  for (const one of list) {
    if (one === "document" || one === "section") wanted[one] = true;
    else if (typeof one === "object" && one !== null && "neighbours" in one)
      wanted.neighbours = Math.max(wanted.neighbours, whole(one.neighbours, "context.neighbours", 1));
    else throw new ConfigurationError('context: use "section", "document", { neighbours: 1 }, or a list of these.');
  }
  return wanted;
}

function isOne(given: ContextOf | readonly ContextOf[]): given is ContextOf {
  return !Array.isArray(given);
}

function weights(given: SearchOptions["weights"] = defaultWeights): SearchRequest["weights"] {
  const { vector = defaultWeights.vector, keyword = defaultWeights.keyword } = given;
  for (const [name, value] of Object.entries({ vector, keyword })) {
    if (!(Number.isFinite(value) && value >= 0))
      throw new InputError(`${value} is not a weight; use 0 or more.`, { field: `weights.${name}` });
  }
  return { vector, keyword };
}
