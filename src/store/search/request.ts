// What a search is asked for, checked and completed with defaults.
import { is, Param, Placeholder, SQL } from "drizzle-orm";
import { ConfigurationError, InputError } from "../../errors.ts";
import type { Shape } from "../shape.ts";
import type { Query, SearchMode, SearchOptions } from "../types.ts";

export interface SearchRequest {
  mode: SearchMode;
  /** Words to look for; empty when the question is a vector alone. */
  text: string;
  vector: Float32Array | undefined;
  where: SQL | undefined;
  limit: number;
  offset: number;
  minScore: number | undefined;
  weights: { vector: number; keyword: number };
  signal: AbortSignal | undefined;
}

/** @throws ConfigurationError or InputError for options that cannot be meant. */
export function searchRequest(shape: Shape, query: Query, options: SearchOptions): SearchRequest {
  const { text, vector } = parts(query);
  const byDefault = vector !== undefined && text === "" ? "vector" : shape.columns.search === undefined ? "vector" : "hybrid";
  const mode = options.mode ?? byDefault;
  if (!["vector", "keyword", "hybrid"].includes(mode)) {
    throw new ConfigurationError(`mode: "${mode}" is not a way to search. Use "vector", "keyword" or "hybrid".`);
  }
  if (mode !== "vector" && shape.columns.search === undefined) {
    throw new ConfigurationError(
      `mode "${mode}" needs a tsvector column. chunkColumns() brings one; or make one with tsvector() from drizzle-rag/table.`,
    );
  }
  if (mode !== "vector" && text.trim() === "")
    throw new InputError(`mode "${mode}" needs a question in words.`, { field: "query" });
  if ("where" in options) checkCondition(options.where, "where");
  return {
    mode,
    text,
    vector,
    where: options.where,
    limit: whole(options.limit ?? 10, "limit", 1),
    offset: whole(options.offset ?? 0, "offset", 0),
    minScore: options.minScore,
    weights: { vector: weight(options.weights?.vector, "vector"), keyword: weight(options.weights?.keyword, "keyword") },
    signal: options.signal,
  };
}

function parts(query: Query): { text: string; vector: Float32Array | undefined } {
  if (typeof query === "string") {
    if (query.trim() === "") throw new InputError("The question is empty.", { field: "query" });
    return { text: query, vector: undefined };
  }
  if (query instanceof Float32Array) return { text: "", vector: query };
  return { text: query.text, vector: query.vector };
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

function whole(value: number, field: string, least: number): number {
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new InputError(`${value} is not a whole number of at least ${least}.`, { field });
}

function weight(value: number | undefined, name: string): number {
  const given = value ?? 1;
  if (Number.isFinite(given) && given >= 0) return given;
  throw new InputError(`${given} is not a weight; use 0 or more.`, { field: `weights.${name}` });
}
