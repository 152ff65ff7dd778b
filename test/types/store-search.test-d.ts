// What searches infer of `select` and joins, and what must not compile. Checked by tsc; never run.
import { eq, sql } from "drizzle-orm";
import type { NodePgDatabase } from "drizzle-orm/node-postgres";
import type { Collection, Hit, Row } from "../../src/index.ts";
import { type articleChunks, articles } from "../store/tables.ts";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function is<_T extends true>(): void {}

declare const db: NodePgDatabase;
declare const docs: Collection<typeof articles, typeof articleChunks>;
const select = { title: articles.title, n: sql<number>`1` };
interface Chosen {
  title: string;
  n: number;
}

export async function inferred(): Promise<void> {
  const [hit] = await docs.search("q");
  is<Equal<typeof hit, Hit<typeof articles, typeof articleChunks> | undefined>>();
  const [limited] = await docs.search(["q", "r"], { limit: 3, perDocument: 1, diversity: 0.2, context: "section" });
  is<Equal<NonNullable<typeof limited>["document"], Row<typeof articles>>>();
  limited?.context?.text satisfies string | undefined;

  const [chosen] = await docs.search("q", { select });
  is<Equal<NonNullable<typeof chosen>["document"], Chosen>>();
  const [near] = await docs.similar(1, { select, chunk: 2 });
  is<Equal<NonNullable<typeof near>["document"], Chosen>>();
  const [many] = await docs.searchMany(["q"], { select });
  is<Equal<NonNullable<typeof many>[number]["document"], Chosen>>();
  for await (const page of docs.pages("q", { select })) is<Equal<(typeof page)[number]["document"], Chosen>>();
  if (hit !== undefined) is<Equal<Awaited<ReturnType<typeof docs.neighbours>>, Row<typeof articleChunks>[]>>();

  const hits = (await docs.searchQuery("q")).as("hits");
  const rows = await db
    .select({ title: articles.title, score: hits.score, place: hits.ordinal })
    .from(hits)
    .innerJoin(articles, eq(articles.id, hits.articleId));
  is<Equal<typeof rows, { title: string; score: number; place: number }[]>>();
  const best = db.$with("best").as(await docs.searchQuery("q"));
  const scores = await db.with(best).select({ score: best.score }).from(best);
  is<Equal<typeof scores, { score: number }[]>>();
}

export async function refused(): Promise<void> {
  const [chosen] = await docs.search("q", { select });
  // @ts-expect-error not chosen
  chosen?.document.body;
  // @ts-expect-error columns or SQL
  docs.search("q", { select: { title: "title" } });
  // @ts-expect-error by vector alone
  docs.similar(1, { mode: "keyword" });
  // @ts-expect-error pages cut by themselves
  docs.pages("q", { limit: 3 });
  const hits = (await docs.searchQuery("q")).as("hits");
  // @ts-expect-error vectors are not in results
  hits.embedding;
}
