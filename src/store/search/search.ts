// Runs a search: embeds the questions, sets what completeness needs, and makes hits of the rows.
import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import type { PgTable } from "drizzle-orm/pg-core";
import { rows } from "../../db/database.ts";
import { withTranslatedErrors } from "../../db/errors.ts";
import { reading } from "../../db/running.ts";
import type { QueryVector } from "../../db/vectors.ts";
import { InputError } from "../../errors.ts";
import type { Hit, HitContext, Row } from "../types.ts";
import { candidates, isReranked } from "./approximate.ts";
import { contextsOf } from "./context.ts";
import { inOrder, sharing, toHit } from "./hits.ts";
import { isNarrow, isNarrowAgain } from "./narrow.ts";
import { candidatesOf, firstPass, nextPass, type Pass } from "./passes.ts";
import { type SearchContext, vectorsOf } from "./questions.ts";
import type { SearchRequest } from "./request.ts";
import { exactly, indexScan, plainly, type Scan, scanning, throughIndex } from "./settings.ts";
import { type FoundRow, isComposed, questionsOf, searchStatement } from "./statement.ts";

/** A search that runs when it is awaited, and can show its statement instead. */
export class Search<D extends PgTable, C extends PgTable | undefined, Document = Row<D>>
  implements PromiseLike<Hit<D, C, Document>[]>
{
  private result: Promise<Hit<D, C, Document>[]> | undefined;
  private embedded: Promise<(QueryVector | undefined)[]> | undefined;

  constructor(
    private readonly context: SearchContext,
    private readonly request: SearchRequest,
  ) {}

  // biome-ignore lint/suspicious/noThenProperty: awaiting a search is how it is run, as with Drizzle's own queries.
  then<A = Hit<D, C, Document>[], B = never>(
    onfulfilled?: ((hits: Hit<D, C, Document>[]) => A | PromiseLike<A>) | null,
    onrejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): PromiseLike<A | B> {
    this.result ??= this.run();
    return this.result.then(onfulfilled, onrejected);
  }

  /** The statement and its parameters, with the question's vector among them. Nothing is sent to the database. */
  async toSQL(): Promise<{ sql: string; params: unknown[] }> {
    const { db, shape } = this.context;
    return searchStatement(db, shape, this.request, questionsOf(db, shape, this.request, await this.vectors())).toSQL();
  }

  /** Postgres' plan for the statement, under the settings that it runs with. With `analyze` the statement is run. */
  async explain(options: { analyze?: boolean } = {}): Promise<string> {
    const { db, shape } = this.context;
    const { request } = this;
    const vectors = await this.vectors();
    return withTranslatedErrors(async () => {
      const scan = await scanOf(this.context, request, firstPass(request));
      return scanning(db, shape, scan, async (tx, searched) => {
        const statement = searchStatement(tx, searched, request, questionsOf(tx, shape, request, vectors)).getSQL() as SQL;
        const mode = sql.raw(options.analyze === true ? "(analyze, buffers)" : "");
        const plan = await rows<{ "QUERY PLAN": string }>(tx, sql`explain ${mode} ${statement}`);
        // A plan repeats the question's vector in each step, which nobody reads.
        return plan.map((line) => line["QUERY PLAN"].replace(/'\[[^\]]{80,}\]'/g, "'[…]'")).join("\n");
      });
    });
  }

  private async run(): Promise<Hit<D, C, Document>[]> {
    const { context, request } = this;
    const found = await findRows(context, request, await this.vectors());
    return showHits<D, C, Document>(context, request, found);
  }

  private vectors(): Promise<(QueryVector | undefined)[]> {
    this.embedded ??= vectorsOf(this.context, this.request.asked, this.request);
    return this.embedded;
  }
}

/** Runs the statement, again where it came back short, and puts the rows in the order of the result. */
export async function findRows(
  context: SearchContext,
  request: SearchRequest,
  vectors: readonly (QueryVector | undefined)[],
): Promise<FoundRow[]> {
  const { db, shape, kept } = context;
  const read = (scan: Scan, depth: number) =>
    reading(db, request.signal, (on) => {
      const found = kept?.find(request, scan);
      if (found !== undefined) return found.run(vectors[0], on);
      return scanning(on, shape, scan, async (tx, searched) => {
        const questions = questionsOf(tx, shape, request, vectors);
        return (await searchStatement(tx, searched, request, questions, depth)) as FoundRow[];
      });
    });
  const found = await withTranslatedErrors(async () => {
    let result: FoundRow[] = [];
    for (let pass: Pass | undefined = firstPass(request); pass !== undefined; ) {
      const scan = await scanOf(context, request, pass);
      result = await read(scan, pass.depth);
      // A narrow filter makes it exact from the start.
      pass = nextPass(request, { depth: pass.depth, way: scan.exact ? "exact" : pass.way }, result);
    }
    return result;
  });
  request.signal?.throwIfAborted();
  if (request.asked[0].stored !== undefined && found.some(({ distance }) => distance === null))
    throw new InputError("There is nothing with this key that has a vector.", { field: "key" });
  return inOrder(shape, request, found);
}

/** The hits of rows, with what is around them where it is wanted. */
export async function showHits<D extends PgTable, C extends PgTable | undefined, Document>(
  { db, shape }: SearchContext,
  request: SearchRequest,
  found: readonly FoundRow[],
): Promise<Hit<D, C, Document>[]> {
  const hits = sharing(shape, request, found).map((row) => toHit<D, C, Document>(shape, request, row));
  if (request.context === undefined) return hits;
  const contexts = await reading(db, request.signal, (on) => contextsOf(on, shape, request, found));
  request.signal?.throwIfAborted();
  return hits.map((hit, i) => ({ ...hit, context: contexts[i] as HitContext }));
}

/**
 * How one run of the statement scans.
 *
 * @param again Whether it can be followed by another, where it comes back short.
 */
export async function scanOf(
  { capabilities, db, estimates, keywordsReady, shape }: Omit<SearchContext, "embedder" | "kept">,
  request: SearchRequest,
  { depth, way }: Pass,
  again = true,
): Promise<Scan> {
  if (request.mode !== "vector") await keywordsReady();
  if (request.mode === "keyword") return plainly;
  if (way === "exact") return exactly;
  const wanted = isComposed(request) || request.mode === "hybrid" ? candidatesOf(request, depth) : request.limit + request.offset;
  const can = await capabilities();
  const asksPlanner = request.filter !== undefined || can.rowSecurity;
  // A condition of our own, such as that of `similar`, hides next to nothing.
  const matching = asksPlanner ? await estimates.rows(db, request.filter) : request.where && can.passages;
  if (way === "deep" && isNarrowAgain(matching ?? 0)) return exactly;
  if (asksPlanner && isNarrow(matching as number, wanted)) return exactly;
  const scan = indexScan(can, {
    rows: candidates(shape, wanted),
    matching,
    least: shape.index.efSearch,
    again,
    deep: way === "deep",
  });
  return isReranked(shape) && scan.settings.length > 0 ? { ...scan, planning: throughIndex } : scan;
}
