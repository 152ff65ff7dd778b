// How much of what is nearest the index finds, measured on the user's own vectors: searches through it against exact ones.

import { type SQL, sql } from "drizzle-orm";
import { type Database, rows } from "../../db/database.ts";
import { withTranslatedErrors } from "../../db/errors.ts";
import { quotedName } from "../../db/names.ts";
import { type QueryVector, vectorFormat, vectorParam } from "../../db/vectors.ts";
import { embedAll } from "../../embed/embed.ts";
import type { Embedder } from "../../embed/embedder.ts";
import { ConfigurationError, InputError } from "../../errors.ts";
import { median } from "../../util/median.ts";
import { isSparse, sparseToText } from "../../util/sparse.ts";
import { checkVector } from "../../util/vectors.ts";
import { exactShape, isReranked } from "../search/approximate.ts";
import { keyAliases, keyColumns } from "../search/parts.ts";
import { throughIndex, withSettings } from "../search/settings.ts";
import { nearest } from "../search/vector.ts";
import type { Shape } from "../shape.ts";
import type { Query } from "../types.ts";
import { storedIndexes } from "./status.ts";

export interface RecallOptions {
  /** How many stored vectors, chosen at random, are searched for; or questions of your own. Default: 50. */
  queries?: number | readonly Query[];
  /** How many of the nearest have to be found, 1 to 500. Default: 10. */
  k?: number;
  /** Values of `hnsw.ef_search`, 1 to 1,000. Default: 20, 40, 80, 160, 320, 640; those below `k` left out. */
  efSearch?: readonly number[];
  /** The recall that is wanted, 0 to 1. Default: 0.95. */
  target?: number;
  signal?: AbortSignal;
}

/** What searches under one setting find. */
export interface RecallAt {
  efSearch: number;
  /** Share of the `k` nearest that were found, 0 to 1, over all queries. What is as near as the k-th counts as it. */
  recall: number;
  /** Milliseconds a search, from the client: half of them are quicker. */
  p50: number;
  /** Whether the planner takes the index by itself. The measurement makes it. */
  planned: boolean;
}

export interface Recall {
  k: number;
  /** How many queries were run. */
  queries: number;
  /** By `efSearch`. */
  settings: RecallAt[];
  /** The smallest `efSearch` that reaches the target; undefined when none does: try a higher one, or build with a higher `m` and `efConstruction`. */
  efSearch: number | undefined;
  target: number;
  /** Milliseconds of an exact search: half of them are quicker. */
  exactP50: number;
}

interface RecallContext {
  db: Database;
  shape: Shape;
  embedder: Embedder | undefined;
}

/** A question, and the key of the row that it was taken from. */
interface Sample {
  vector: QueryVector;
  own: string | undefined;
}

interface Found {
  key: string;
  distance: number;
}

const defaultSettings = [20, 40, 80, 160, 320, 640];
/** Tables up to so many rows are sampled row by row, larger ones by page. */
const small = 50_000;

/** See `Collection.recall`. */
export async function recall(context: RecallContext, options: RecallOptions): Promise<Recall> {
  const { db, shape } = context;
  const { k = 10, target = 0.95, queries = 50, signal } = options;
  check(Number.isInteger(k) && k >= 1 && k <= 500, `k: ${k} is not a whole number from 1 to 500.`, "k");
  check(target >= 0 && target <= 1, `target: ${target} is not between 0 and 1.`, "target");
  const values = options.efSearch ?? defaultSettings.filter((value) => value > k);
  for (const value of values)
    check(Number.isInteger(value) && value >= 1 && value <= 1000, `${value} is not a whole number from 1 to 1,000.`, "efSearch");
  check(values.length > 0, "There is no value to measure at.", "efSearch");
  return withTranslatedErrors(async () => {
    const indexes = (await storedIndexes(db, shape.passages)).filter(({ kind, valid }) => kind === "hnsw" && valid);
    if (indexes.length === 0) {
      throw new ConfigurationError(
        `Table ${quotedName(shape.passages)} has no valid HNSW index to measure. Declare one in the schema and build it: docs.indexes.create().`,
      );
    }
    const samples = await samplesOf(context, queries, signal);
    // One more than is wanted: the row that a question was taken from finds itself.
    const more = samples.some(({ own }) => own !== undefined) ? 1 : 0;
    const exact = exactShape(shape);
    const truth = await measured(context, [readOnly], samples, signal, (vector) => nearest(exact, vector, undefined, 2 * k + 20));
    const settings: RecallAt[] = [];
    for (const efSearch of [...new Set(values)].sort((a, b) => a - b)) {
      // What a search with this setting does: see indexScan(), and candidates() for what is ranked again.
      const index = isReranked(shape) ? { ...shape.index, overfetch: 1, least: efSearch } : shape.index;
      const statement = (vector: SQL) => nearest({ ...shape, index }, vector, undefined, k + more);
      const under = [`hnsw.ef_search = ${efSearch}`, readOnly];
      const found = await measured(context, [...under, ...throughIndex], samples, signal, statement);
      const shares = found.lists.map((list, i) => share(list, truth.lists[i] as Found[], (samples[i] as Sample).own, k));
      const [first] = samples;
      settings.push({
        efSearch,
        recall: shares.reduce((sum, each) => sum + each, 0) / shares.length,
        p50: found.p50,
        planned: await isPlanned(
          db,
          isReranked(shape) ? [...under, ...throughIndex] : under,
          statement(param(db, shape, (first as Sample).vector)),
          indexes.map(({ name }) => name),
        ),
      });
    }
    const reached = settings.find((at) => at.recall >= target)?.efSearch;
    return { k, queries: samples.length, settings, efSearch: reached, target, exactP50: truth.p50 };
  });
}

const readOnly = "transaction_read_only = on";

/** Runs the statement for each sample, and takes the time of each. */
async function measured(
  { db, shape }: RecallContext,
  settings: readonly string[],
  samples: readonly Sample[],
  signal: AbortSignal | undefined,
  statement: (vector: SQL) => SQL,
): Promise<{ lists: Found[][]; p50: number }> {
  return withSettings(db, settings, async (tx) => {
    const lists: Found[][] = [];
    const times: number[] = [];
    for (const { vector } of samples) {
      signal?.throwIfAborted();
      const query = sql`select ${keyText(shape)} as key, distance from (${statement(param(tx, shape, vector))}) as found`;
      const start = performance.now();
      const list = await rows<{ key: string; distance: number | string }>(tx, query);
      times.push(performance.now() - start);
      lists.push(list.map(({ key, distance }) => ({ key, distance: Number(distance) })));
    }
    return { lists, p50: median(times) };
  });
}

function check(holds: boolean, message: string, field: string): void {
  if (!holds) throw new InputError(message, { field });
}

function param(db: Database, shape: Shape, vector: QueryVector): SQL {
  return vectorParam(vector, shape.vectorType, vectorFormat(db, shape.vectorFormat));
}

/** A key of whatever types as one text. */
function keyText(shape: Shape): SQL<string> {
  return sql`row(${keyAliases(shape)})::text`;
}

/** How many of the k nearest are among what was found. By distance, since of several that are equally far any will do. */
function share(found: readonly Found[], truth: readonly Found[], own: string | undefined, k: number): number {
  const others = truth.filter(({ key }) => key !== own);
  const wanted = Math.min(k, others.length);
  if (wanted === 0) return 1;
  const last = (others[wanted - 1] as Found).distance;
  const limit = last + Math.abs(last) * 1e-6 + 1e-9;
  const exact = new Map(others.map(({ key, distance }) => [key, distance]));
  const right = found
    .filter(({ key }) => key !== own)
    .slice(0, wanted)
    .filter(({ key, distance }) => (exact.get(key) ?? distance) <= limit);
  return right.length / wanted;
}

async function isPlanned(db: Database, under: readonly string[], statement: SQL, names: readonly string[]): Promise<boolean> {
  const plan = await withSettings(db, under, (tx) => rows<{ "QUERY PLAN": string }>(tx, sql`explain ${statement}`));
  return plan.some((line) =>
    names.some((name) => new RegExp(`Index Scan using "?${escaped(name)}"? on`).test(line["QUERY PLAN"])),
  );
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

async function samplesOf(
  { db, shape, embedder }: RecallContext,
  queries: number | readonly Query[],
  signal?: AbortSignal,
): Promise<Sample[]> {
  if (typeof queries === "number") {
    check(
      Number.isInteger(queries) && queries >= 1 && queries <= 10_000,
      `${queries} is not a whole number from 1 to 10,000.`,
      "queries",
    );
    const found = await storedSamples(db, shape, queries);
    if (found.length === 0)
      throw new InputError(`Table ${quotedName(shape.passages)} holds no vectors to search for.`, { field: "queries" });
    return found;
  }
  check(queries.length > 0, "There is no question in the list.", "queries");
  const texts = queries.flatMap((query) => (typeof query === "string" ? [query] : []));
  if (texts.length > 0 && embedder === undefined)
    throw new ConfigurationError("The collection has no embedder, so the questions have to be vectors.");
  const made =
    embedder === undefined || texts.length === 0
      ? []
      : await embedAll(embedder, texts, { kind: "query", ...(signal && { signal }) });
  const next = made.values();
  return queries.map((query, row) => {
    const vector = typeof query === "string" ? (next.next().value as Float32Array) : "vector" in query ? query.vector : query;
    const check = { dimensions: shape.dimensions, allowZero: shape.metric !== "cosine", row, field: "queries" };
    if (isSparse(vector)) return { vector: sparseToText(vector, check), own: undefined };
    checkVector(vector, check);
    return { vector, own: undefined };
  });
}

async function storedSamples(db: Database, shape: Shape, count: number): Promise<Sample[]> {
  const { column } = shape.columns.embedding;
  const [table] = await rows<{ rows: number; kind: string }>(
    db,
    sql`select reltuples::float8 as rows, relkind as kind from pg_class where oid = ${quotedName(shape.passages)}::regclass`,
  );
  const estimate = table?.rows ?? 0;
  const pick = async (from: SQL) => {
    const found = await rows<{ key: string; vector: string }>(
      db,
      // The vectors are read of those alone that were picked.
      sql`select ${keyText(shape)} as key, vector::text as vector from (
            select ${keyAliases(shape)}, vector from (
              select ${keyColumns(shape)}, ${column} as vector from ${from} where ${column} is not null limit ${sql.raw(String(small))}
            ) as rows_of order by random() limit ${sql.raw(String(count))}
          ) as sample`,
    );
    return found
      .map(({ key, vector }) => ({
        own: key,
        vector: shape.vectorType === "sparsevec" ? vector : Float32Array.from(JSON.parse(vector) as number[]),
      }))
      .filter(({ vector }) => shape.metric !== "cosine" || typeof vector === "string" || vector.some((x) => x !== 0));
  };
  // Whole pages at random, so many that the rows of one page are not most of the sample.
  const share = Math.min(100, (100 * Math.max(100 * count, 5000)) / Math.max(1, estimate));
  if (estimate > small && (table?.kind === "r" || table?.kind === "p")) {
    const found = await pick(sql`${shape.passages} tablesample system (${sql.raw(share.toFixed(6))})`);
    if (found.length >= count / 2) return found;
  }
  return pick(sql`${shape.passages}`);
}
