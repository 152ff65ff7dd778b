// Runs a search: embeds the question, sets what completeness needs, and makes hits of the rows.
import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import type { PgTable } from "drizzle-orm/pg-core";
import { type Database, rows } from "../../db/database.ts";
import { withTranslatedErrors } from "../../db/errors.ts";
import { embedAll } from "../../embed/embed.ts";
import type { Embedder } from "../../embed/embedder.ts";
import { ConfigurationError } from "../../errors.ts";
import { checkVector } from "../../util/vectors.ts";
import type { AnyRow, Shape } from "../shape.ts";
import type { Hit, Query, SearchOptions } from "../types.ts";
import { depthOf } from "./hybrid.ts";
import { isKeepable, type KeptStatements } from "./kept.ts";
import { type SearchRequest, searchRequest } from "./request.ts";
import { type Capabilities, exactly, searchSettings, withSettings } from "./settings.ts";
import { type FoundRow, questionOf, searchStatement } from "./statement.ts";
import { similarity } from "./vector.ts";

export interface SearchContext {
  db: Database;
  shape: Shape;
  embedder: Embedder | undefined;
  capabilities: () => Promise<Capabilities>;
  /** Undefined in a transaction of the user's. */
  kept: KeptStatements | undefined;
}

/** A search that runs when it is awaited, and can show its statement instead. */
export class Search<D extends PgTable, C extends PgTable | undefined> implements PromiseLike<Hit<D, C>[]> {
  private readonly request: SearchRequest;
  private result: Promise<Hit<D, C>[]> | undefined;

  constructor(
    private readonly context: SearchContext,
    query: Query,
    options: SearchOptions,
  ) {
    this.request = searchRequest(context.shape, query, options);
  }

  // biome-ignore lint/suspicious/noThenProperty: awaiting a search is how it is run, as with Drizzle's own queries.
  then<A = Hit<D, C>[], B = never>(
    onfulfilled?: ((hits: Hit<D, C>[]) => A | PromiseLike<A>) | null,
    onrejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): PromiseLike<A | B> {
    this.result ??= this.run();
    return this.result.then(onfulfilled, onrejected);
  }

  /** The statement and its parameters, with the question's vector among them. Nothing is sent to the database. */
  async toSQL(): Promise<{ sql: string; params: unknown[] }> {
    const { db, shape } = this.context;
    return searchStatement(db, shape, this.request, questionOf(db, shape, this.request, await this.vector())).toSQL();
  }

  /** Postgres' plan for the statement, under the settings that it runs with. With `analyze` the statement is run. */
  async explain(options: { analyze?: boolean } = {}): Promise<string> {
    const { db, shape } = this.context;
    const vector = await this.vector();
    return withTranslatedErrors(async () =>
      withSettings(db, await this.settings(), async (tx) => {
        const statement = searchStatement(tx, shape, this.request, questionOf(tx, shape, this.request, vector)).getSQL() as SQL;
        const mode = sql.raw(options.analyze === true ? "(analyze, buffers)" : "");
        const plan = await rows<{ "QUERY PLAN": string }>(tx, sql`explain ${mode} ${statement}`);
        // A plan repeats the question's vector in each step, which nobody reads.
        return plan.map((line) => line["QUERY PLAN"].replace(/'\[[^\]]{80,}\]'/g, "'[…]'")).join("\n");
      }),
    );
  }

  private async run(): Promise<Hit<D, C>[]> {
    const { shape, db, kept } = this.context;
    const { request } = this;
    const vector = await this.vector();
    const read = async (settings: readonly string[]) => {
      request.signal?.throwIfAborted();
      if (settings.length === 0 && kept !== undefined && isKeepable(request))
        return withTranslatedErrors(() => kept.run(request, vector));
      return withTranslatedErrors(() =>
        withSettings(
          db,
          settings,
          async (tx) => (await searchStatement(tx, shape, request, questionOf(tx, shape, request, vector))) as FoundRow[],
        ),
      );
    };
    let found = await read(await withTranslatedErrors(() => this.settings()));
    // The index gave fewer than were asked for. There may be more: a filter can be narrower than any index scan reaches.
    if (this.isShort(found)) found = await read(exactly);
    request.signal?.throwIfAborted();
    return found
      .map((row) => toHit<D, C>(shape, row))
      .sort((a, b) => b.score - a.score)
      .filter(({ score }) => request.minScore === undefined || score >= request.minScore);
  }

  private isShort(found: FoundRow[]): boolean {
    const { mode, limit } = this.request;
    if (mode === "keyword") return false;
    if (mode === "vector") return found.length < limit;
    return (found[0]?.near ?? 0) < depthOf(this.request);
  }

  private async settings(): Promise<string[]> {
    const { mode, limit, offset, where } = this.request;
    if (mode === "keyword") return [];
    const wanted = mode === "vector" ? limit + offset : depthOf(this.request);
    return searchSettings(await this.context.capabilities(), wanted, where !== undefined);
  }

  private async vector(): Promise<Float32Array | undefined> {
    const { request, context } = this;
    if (request.mode === "keyword") return undefined;
    const { embedder, shape } = context;
    let vector = request.vector;
    if (vector === undefined) {
      if (embedder === undefined)
        throw new ConfigurationError("The collection has no embedder, so the question has to be a vector.");
      const signal = request.signal === undefined ? {} : { signal: request.signal };
      [vector] = await embedAll(embedder, [request.text], { kind: "query", ...signal });
      request.vector = vector;
    }
    checkVector(vector as Float32Array, {
      dimensions: shape.dimensions,
      allowZero: shape.metric !== "cosine",
      field: "query",
      ...(request.vector === undefined && embedder !== undefined && { embedder: embedder.id }),
    });
    return vector;
  }
}

function toHit<D extends PgTable, C extends PgTable | undefined>(shape: Shape, row: FoundRow): Hit<D, C> {
  const { document } = row;
  const passage = shape.chunked ? (row.chunk as AnyRow) : document;
  const text = String(shape.chunked ? passage[shape.columns.text?.key ?? "text"] : shape.textOf(document));
  const byVector = row.distance === null ? undefined : similarity(shape.metric, Number(row.distance));
  const scores = {
    ...(byVector !== undefined && { vector: byVector }),
    ...(row.keyword !== null && { keyword: Number(row.keyword) }),
  };
  return {
    text,
    title: shape.titleOf(document),
    source: shape.sourceOf(document),
    start: shape.chunked ? Number(passage.start) : 0,
    end: shape.chunked ? Number(passage.end) : text.length,
    headings: shape.chunked ? (passage.headings as string[]) : [],
    score: row.score === null ? (byVector as number) : Number(row.score),
    scores,
    document: document as Hit<D, C>["document"],
    chunk: (shape.chunked ? passage : undefined) as Hit<D, C>["chunk"],
  };
}
