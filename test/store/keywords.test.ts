// Keyword search by extensions: pg_textsearch for real, on embedded Postgres; the others by what they are asked.
import { readFileSync } from "node:fs";
import { PGlite } from "@electric-sql/pglite";
import { pg_textsearch } from "@electric-sql/pglite-pg_textsearch";
import { vector as pgvector } from "@electric-sql/pglite-pgvector";
import { and, eq, sql } from "drizzle-orm";
import { bigint, customType, integer, pgSchema, pgTable, text, vector } from "drizzle-orm/pg-core";
import { drizzle, type PgliteDatabase } from "drizzle-orm/pglite";
import { beforeAll, describe, expect, inject, it } from "vitest";
import type { Database } from "../../src/db/database.ts";
import { hashingEmbedder } from "../../src/embed/hashing.ts";
import { ConfigurationError, MissingExtensionError, MissingMigrationError } from "../../src/errors.ts";
import { collection } from "../../src/store/collection.ts";
import { type KeywordRanker, pgSearch, pgTextsearch, vchordBm25 } from "../../src/store/keywords/index.ts";
import { chunkColumns, chunkIndexes } from "../../src/table/index.ts";
import { afterFile, createTables, databaseName, freshDatabase, onServer } from "../helpers/database.ts";
import { articleChunks, articles, dimensions, pageChunks, pages } from "./tables.ts";

const embedder = hashingEmbedder({ dimensions });
const index = "article_chunks_bm25";

/** Without search words of Postgres' own, in a schema, and with a name that wants quotes. */
const shelf = pgSchema("Shelf");
const notes = shelf.table("notes", {
  id: integer().primaryKey(),
  content: text("the content").notNull(),
  embedding: vector({ dimensions }),
});

const topics = ["refund policy", "shipping times", "password reset", "gift cards", "warranty claims", "store hours"];
const rows = topics.map((topic, i) => ({
  slug: topic.replace(" ", "-"),
  title: topic,
  body: `This page is about ${topic}. Everything on ${topic} is explained here, with number ${i}.`,
  lang: i % 2 === 0 ? "en" : "de",
  views: i,
}));

const inArticles = (db: Database, keywords?: KeywordRanker, namedStatements = false) =>
  collection(db, {
    documents: articles,
    text: articles.body,
    title: articles.title,
    chunks: articleChunks,
    embedder,
    namedStatements,
    ...(keywords && { keywords }),
  });

describe.skipIf(onServer)("pg_textsearch, on embedded Postgres", () => {
  let db: PgliteDatabase;
  const docs = (namedStatements = false) => inArticles(db, pgTextsearch({ index }), namedStatements);

  beforeAll(async () => {
    const loadDataDir = new Blob([readFileSync(inject("template"))]);
    // As users would: a database of theirs, with the extensions that they want.
    const client = await PGlite.create({ extensions: { vector: pgvector, pg_textsearch }, loadDataDir });
    afterFile(() => client.close());
    db = drizzle(client);
    await createTables(db, { shelf, articles, articleChunks, notes });
  });

  it("says what is missing: the extension, then the index, then nothing", async () => {
    for (const mode of ["keyword", "hybrid"] as const) {
      await expect(docs().search("refund", { mode })).rejects.toThrow(MissingExtensionError);
      await expect(docs().search("refund", { mode })).rejects.toThrow(/pg_textsearch.*CREATE EXTENSION pg_textsearch/);
    }
    await db.execute(sql`create extension pg_textsearch`);
    const same = docs();
    await expect(same.search("refund")).rejects.toThrow(MissingMigrationError);
    await expect(same.search("refund").explain()).rejects.toThrow(
      /CREATE INDEX "article_chunks_bm25" ON "article_chunks" USING bm25/,
    );
    await expect(same.searchMany(["refund"], { mode: "keyword" })).rejects.toThrow(MissingMigrationError);
    await expect(same.searchQuery("refund")).rejects.toThrow(MissingMigrationError);
    expect(await same.search("refund", { mode: "vector" })).toEqual([]);
    expect(await same.searchMany(["refund"], { mode: "vector", perDocument: 1 })).toEqual([[]]);
    // An index of that name over another table is not it.
    await db.execute(sql`create index ${sql.identifier(index)} on ${articles} using bm25 (body) with (text_config = 'english')`);
    await expect(same.search("refund")).rejects.toThrow(MissingMigrationError);
    await db.execute(sql`drop index ${sql.identifier(index)}`);
    await db.execute(
      sql`create index ${sql.identifier(index)} on ${articleChunks} using bm25 (text) with (text_config = 'english')`,
    );
    expect(await same.search("refund")).toEqual([]);
    await same.insert(rows);
  });

  it("ranks as BM25 does on stock Postgres where there are no headings", async () => {
    const plain = (keywords?: KeywordRanker) =>
      collection(db, {
        documents: articles,
        text: articles.body,
        chunks: articleChunks,
        embedder,
        ...(keywords && { keywords }),
      });
    await db
      .transaction(async (tx) => {
        await plain().in(tx).upsert(rows, { key: articles.slug });
        for (const question of ["explained refund", "page about gift cards", "everything store explained"]) {
          const ours = await plain().in(tx).search(question, { mode: "keyword", limit: 20 });
          const theirs = await plain(pgTextsearch({ index })).in(tx).search(question, { mode: "keyword", limit: 20 });
          expect(theirs.map(({ document }) => document.slug)).toEqual(ours.map(({ document }) => document.slug));
          theirs.forEach(({ score }, i) => {
            expect(score).toBeGreaterThan(0);
            expect(score / (theirs[0]?.score as number)).toBeCloseTo((ours[i]?.score as number) / (ours[0]?.score as number), 1);
          });
        }
        tx.rollback();
      })
      .catch((error) => expect(String(error)).toMatch(/Rollback/));
  });

  for (const mode of ["keyword", "hybrid"] as const) {
    it(`filters, limits and pages by ${mode}`, async () => {
      const where = and(eq(articles.lang, "de"), eq(articleChunks.ordinal, 0)) as NonNullable<ReturnType<typeof and>>;
      const hits = await docs().search("page about everything", { mode, where, limit: 20 });
      expect(hits.map(({ document }) => document.views).sort()).toEqual([1, 3, 5]);
      expect(await docs().search("page about everything", { mode, limit: 2 })).toHaveLength(2);
      const seen: string[] = [];
      for await (const page of docs().pages("page about everything", { mode, pageSize: 2 }))
        seen.push(...page.map(({ document }) => document.slug));
      expect(seen.sort()).toEqual(rows.map(({ slug }) => slug).sort());
      const [first] = await docs().search("refund policy", { mode, perDocument: 1 });
      expect(first).toMatchObject({ document: { slug: "refund-policy" } });
      expect(first?.scores.keyword).toBeGreaterThan(0);
      const all = await docs().search("page about everything", { mode, perDocument: 1, limit: 50 });
      expect(all).toHaveLength(6);
    });
  }

  it("finds nothing for words that stand nowhere", async () => {
    expect(await docs().search("zebra", { mode: "keyword" })).toEqual([]);
    expect(await docs().search("the of and", { mode: "keyword" })).toEqual([]);
    const hits = await docs().search("zebra", { mode: "hybrid" });
    expect(hits).toHaveLength(6);
    expect(hits.every(({ scores }) => scores.keyword === undefined)).toBe(true);
    expect(await docs().search("' \\ \" $9x :: -- article_chunks_bm25:", { mode: "keyword" })).toEqual([]);
  });

  it("knows quoted phrases and exclusions, from the tsvector column", async () => {
    const slugs = async (query: string) =>
      (await docs().search(query, { mode: "keyword", limit: 20 })).map(({ document }) => document.slug);
    expect(await slugs('"store hours"')).toEqual(["store-hours"]);
    expect(await slugs('"hours store"')).toEqual([]);
    expect(await slugs("page -refund")).toHaveLength(5);
    expect(await slugs('page -"gift cards" -refund')).toHaveLength(4);
  });

  it("keeps statements, also on the server past the fifth run", async () => {
    for (const namedStatements of [false, true]) {
      const same = docs(namedStatements);
      for (let n = 0; n < 8; n++) {
        for (const [question, slug] of [
          ["refund", "refund-policy"],
          ["warranty", "warranty-claims"],
        ]) {
          const [hit] = await same.search(question as string, { mode: "keyword", where: eq(articles.lang, "en") });
          expect(hit?.document.slug).toBe(slug);
        }
      }
    }
  });

  it("serves a table that has no words of its own, in a schema", async () => {
    const inNotes = collection(db, {
      documents: notes,
      text: notes.content,
      embedder,
      keywords: pgTextsearch({ index: "Notes' words" }),
    });
    await expect(inNotes.search("tea")).rejects.toThrow(/"Notes' words" of "Shelf"."notes"/);
    await db.execute(sql`create index "Notes' words" on ${notes} using bm25 ("the content") with (text_config = 'english')`);
    await inNotes.insert([
      { id: 1, content: "Green tea is brewed at 80 degrees." },
      { id: 2, content: "Coffee is brewed at 92 degrees." },
    ]);
    const ids = async (query: string, mode: "keyword" | "hybrid" = "keyword") =>
      (await inNotes.search(query, { mode })).map(({ document }) => document.id);
    expect(await ids("brewing tea")).toEqual([1, 2]);
    expect(await ids("brewing tea -coffee")).toEqual([1]);
    expect(await ids('brewing "92 degrees"')).toEqual([2]);
    expect((await inNotes.search("brewing tea"))[0]?.scores.keyword).toBeGreaterThan(0);
    const computed = collection(db, {
      documents: notes,
      text: ({ content }) => content,
      embedder,
      keywords: pgTextsearch({ index: "Notes' words", text: notes.content }),
    });
    expect((await computed.search("tea", { mode: "keyword" })).map(({ document }) => document.id)).toEqual([1]);
    await expect(computed.search('"green tea"', { mode: "keyword" }).toSQL()).rejects.toThrow(/neither/);
  });

  it("answers from its index in a table of some size, and completely under filters", async () => {
    await db
      .transaction(async (tx) => {
        await tx.execute(sql`insert into ${articles} (slug, title, body, lang, views)
        select 'more-' || i, 'more', 'about number ' || i, case when i % 100 = 0 then 'fr' else 'en' end, 100 + i from generate_series(1, 5000) i`);
        await tx.execute(sql`insert into ${articleChunks} ("articleId", ordinal, text, char_start, char_end, hash, embedder, embedding)
        select id, 0, body || case when views % 7 = 0 then ' with gift and ribbon' else '' end, 0, 1, 'h', ${embedder.id}, array_fill(0.125::real, array[64])::vector
        from ${articles} where title = 'more'`);
        await tx.execute(sql`analyze`);
        const inside = docs().in(tx);
        for (const [question, where] of [
          ["gift ribbon", undefined],
          ["gift ribbon -claims", eq(articleChunks.ordinal, 0)],
          ['gift "and ribbon"', eq(articles.lang, "en")],
        ] as const) {
          for (const mode of ["keyword", "hybrid"] as const) {
            const search = inside.search(question, { mode, ...(where && { where }) });
            expect(await search.explain()).toMatch(/Index Scan using article_chunks_bm25 on article_chunks/);
            expect(await search).toHaveLength(10);
          }
        }
        // One in 100 documents, of which one in 7 has the words: far below the first that the index gives.
        const few = await inside.search("gift ribbon", { mode: "keyword", where: eq(articles.lang, "fr"), limit: 50 });
        const [{ count } = { count: 0 }] = (
          await tx.execute<{ count: number }>(sql`select count(*)::int from ${articles} where lang = 'fr' and views % 7 = 0`)
        ).rows;
        expect(few).toHaveLength(count);
        expect(count).toBeGreaterThan(5);
        tx.rollback();
      })
      .catch((error) => expect(String(error)).toMatch(/Rollback/));
  });

  it("takes a function of the user's for another extension", async () => {
    const trigrams: KeywordRanker = {
      name: "trigrams",
      rank: ({ text: passage, words }) => ({
        rank: sql`(length(${passage}) - length(replace(${passage}, ${words}, '')))`,
        best: "highest",
      }),
    };
    const hits = await inArticles(db, trigrams).search("gift", { mode: "keyword" });
    expect(hits.map(({ document, score }) => [document.slug, score])).toEqual([["gift-cards", 8]]);
  });
});

describe(`what is asked of extensions, on ${databaseName}`, () => {
  let db: Database;
  const bm25vector = customType<{ data: string }>({ dataType: () => "bm25vector" });
  const books = shelf.table("books", { id: integer().primaryKey(), body: text().notNull() });
  const bookChunks = shelf.table(
    "book_chunks",
    { bookId: integer().references(() => books.id), tokens: bm25vector(), ...chunkColumns({ dimensions }) },
    (t) => chunkIndexes(t),
  );
  const inBooks = (keywords: KeywordRanker) =>
    collection(db, { documents: books, text: books.body, chunks: bookChunks, embedder, keywords });
  const asked = async (docs: ReturnType<typeof inBooks>, question: string, options = {}) => {
    const { sql: statement, params } = await docs.search(question, { mode: "keyword", limit: 10, ...options }).toSQL();
    return { statement: statement.replace(/\s+/g, " "), params };
  };
  const vchord = (more = {}) => vchordBm25({ index: "books_bm25", column: bookChunks.tokens, tokenizer: "bert", ...more });

  beforeAll(async () => {
    db = await freshDatabase();
    await createTables(db as PgliteDatabase, { articles, articleChunks });
  });

  it("is ParadeDB's match operator and score, at the level of the order and the limit", async () => {
    const { statement, params } = await asked(inBooks(pgSearch()), "running shoes -blue");
    expect(statement).toContain(
      `select "Shelf"."book_chunks"."id" as "k0", pdb.score("Shelf"."book_chunks"."id") as rank from "Shelf"."book_chunks" ` +
        `where ("Shelf"."book_chunks"."text" ||| $1::text) and not "Shelf"."book_chunks"."search" @@ plainto_tsquery($2::regconfig, $3) ` +
        `order by pdb.score("Shelf"."book_chunks"."id") desc limit 10`,
    );
    expect(params).toEqual(["running shoes ", "english", "blue"]);
    const two = await asked(inBooks(pgSearch({ text: [bookChunks.text, bookChunks.headings] })), "shoes");
    expect(two.statement).toContain(
      `("Shelf"."book_chunks"."text" ||| $1::text or "Shelf"."book_chunks"."headings" ||| $2::text)`,
    );
  });

  it("is vchord_bm25's operator, with as many candidates as a filter may take", async () => {
    const { statement, params } = await asked(inBooks(vchord()), "running shoes");
    const rank = `"Shelf"."book_chunks"."tokens" <&> bm25_catalog.to_bm25query('"Shelf"."books_bm25"'::regclass, tokenizer_catalog.tokenize($1::text, 'bert')::bm25_catalog.bm25vector)`;
    expect(statement).toContain(
      `${rank} as rank from "Shelf"."book_chunks" where (select set_config('bm25_catalog.bm25_limit', '100', true) is not null)`,
    );
    expect(statement).toContain(`order by ${rank.replace("$1", "$2")} asc limit 10`);
    expect(statement).toContain('select "k0", -rank::float8 as score');
    expect(params).toEqual(["running shoes", "running shoes"]);
    const limitOf = async (ranker: KeywordRanker, options: object, question = "shoes") =>
      (await asked(inBooks(ranker), question, options)).statement.match(/bm25_limit', '(\d+)'/)?.[1];
    expect(await limitOf(vchord(), { limit: 500 })).toBe("500");
    expect(await limitOf(vchord(), { where: eq(bookChunks.ordinal, 0) })).toBe("65535");
    expect(await limitOf(vchord(), {}, "shoes -blue")).toBe("65535");
    expect(await limitOf(vchord({ candidates: 1000 }), { where: eq(bookChunks.ordinal, 0) })).toBe("1000");
  });

  it("is a key of one column for pg_search, and a text that is indexed", async () => {
    const composite = { documents: pages, text: pages.body, chunks: pageChunks, embedder };
    const reference = [
      [pageChunks.tenant, pages.tenant],
      [pageChunks.page, pages.page],
    ] as const;
    const keyed = (keywords: KeywordRanker) =>
      collection(db, { ...composite, reference, keywords }).search("x", { mode: "keyword" });
    await expect(keyed(pgSearch()).toSQL()).rejects.toThrow(/several columns.*key_field/);
    expect((await keyed(pgSearch({ key: pageChunks.id })).toSQL()).sql).toContain('pdb.score("wiki"."page_chunks"."id")');
    const single = pgTable("single", { id: bigint({ mode: "number" }).primaryKey(), v: vector({ dimensions }) });
    for (const keywords of [pgSearch(), pgTextsearch({ index })]) {
      const docs = collection(db, { documents: single, text: () => "x", embedder, keywords });
      await expect(docs.search("x", { mode: "keyword" }).toSQL()).rejects.toThrow(ConfigurationError);
    }
  });

  it("is an error that says what to create, where it is missing", async () => {
    const column = articleChunks.text;
    for (const [ranker, extension] of [
      [pgSearch(), "pg_search"],
      [pgTextsearch({ index }), "pg_textsearch"],
      [vchordBm25({ index, column, tokenizer: "bert" }), "vchord_bm25"],
    ] as const) {
      const docs = inArticles(db, ranker);
      await expect(docs.search("tea")).rejects.toThrow(MissingExtensionError);
      await expect(docs.search("tea", { mode: "keyword" })).rejects.toThrow(`CREATE EXTENSION ${extension}`);
      await expect(db.transaction((tx) => Promise.resolve(docs.in(tx).search("tea")))).rejects.toThrow(MissingExtensionError);
    }
  });
});
