// Words in several languages: each row read in its own, by whichever column tells it, and what is refused.
import { eq, sql } from "drizzle-orm";
import { bigint, getTableConfig, integer, pgTable, text, varchar, vector } from "drizzle-orm/pg-core";
import { beforeAll, describe, expect, it } from "vitest";
import { hashingEmbedder } from "../../src/embed/hashing.ts";
import { ConfigurationError, InputError, MissingExtensionError } from "../../src/errors.ts";
import { collection } from "../../src/store/collection.ts";
import { chunkColumns, chunkIndexes, regconfig, tsvector } from "../../src/table/index.ts";
import { createTables, databaseName, freshDatabase } from "../helpers/database.ts";

const dimensions = 64;
const embedder = hashingEmbedder({ dimensions });

const pages = pgTable("pages", {
  id: bigint({ mode: "number" }).primaryKey().generatedAlwaysAsIdentity(),
  slug: text().notNull().unique(),
  body: text().notNull(),
  language: text().notNull(),
});
const pageChunks = pgTable(
  "page_chunks",
  {
    pageId: bigint({ mode: "number" })
      .notNull()
      .references(() => pages.id, { onDelete: "cascade" }),
    readIn: regconfig("read in").notNull(),
    ...chunkColumns({ dimensions, language: { column: "read in" } }),
  },
  (t) => chunkIndexes(t),
);
/** One vector a row, and the language as text: the words are made by an expression that Postgres can see to be immutable. */
const lines = pgTable("lines", {
  id: integer().primaryKey(),
  content: text().notNull(),
  tongue: varchar({ length: 20 }),
  embedding: vector({ dimensions }),
  words: tsvector({ language: { column: "tongue" } }).generatedAlwaysAs(
    sql`to_tsvector(case "tongue" when 'german' then 'german'::regconfig when 'english' then 'english'::regconfig end, "content")`,
  ),
});

let db: Awaited<ReturnType<typeof freshDatabase>>;
const setUp = (more: { namedStatements?: boolean } = {}) =>
  collection(db, { documents: pages, text: pages.body, chunks: pageChunks, embedder, language: pages.language, ...more });
const inLines = () => collection(db, { documents: lines, text: lines.content, language: lines.tongue });

const rows = [
  { slug: "returns", language: "english", body: "Goods can be returned within thirty days. A gift is returned by its giver." },
  { slug: "shipping", language: "english", body: "Shipping takes three days and costs nothing from fifty on." },
  { slug: "parcels", language: "english", body: "A parcel is shipped on the day of the order." },
  { slug: "rueckgabe", language: "german", body: "Die Rückgaben der Waren dauern dreißig Tage. Ein Gift ist in keiner Ware." },
  { slug: "versand", language: "german", body: "Der Versand kostet nichts. Bestellungen werden am gleichen Tag versandt." },
  { slug: "retours", language: "french", body: "Les retours sont acceptés pendant trente jours après la livraison." },
];

beforeAll(async () => {
  db = await freshDatabase();
  await createTables(db, { pages, pageChunks, lines });
  await setUp().insert(rows);
});

const found = async (question: string, options: Parameters<ReturnType<typeof setUp>["search"]>[1] = {}) =>
  (await setUp().search(question, { mode: "keyword", ...options })).map(({ document }) => document.slug);

describe(`a language for each row, on ${databaseName}`, () => {
  it("is written to the chunks, and reads a question as each row was read", async () => {
    const stored = await db
      .select({ slug: pages.slug, language: pageChunks.readIn })
      .from(pageChunks)
      .innerJoin(pages, eq(pages.id, pageChunks.pageId));
    expect(Object.fromEntries(stored.map(({ slug, language }) => [slug, language]))).toMatchObject({
      returns: "english",
      versand: "german",
      retours: "french",
    });
    expect(await found("returning")).toEqual(["returns"]);
    expect(await found("Rückgabe einer Bestellung")).toEqual(expect.arrayContaining(["rueckgabe", "versand"]));
    expect(await found("accepter")).toEqual(["retours"]);
    // English would have made "ship" of it, German makes "shipping".
    expect(await found("shipping")).toEqual(expect.arrayContaining(["shipping", "parcels"]));
  });

  it("holds for phrases and exclusions, each in the row's language", async () => {
    expect(await found('"gleiche Tage"')).toEqual(["versand"]);
    expect(await found('"Tage gleich"')).toEqual([]);
    expect((await found("gift")).sort()).toEqual(["returns", "rueckgabe"]);
    expect(await found("gift -giver")).toEqual(["rueckgabe"]);
    expect(await found("gift -Rückgabe")).toEqual(["returns"]);
    expect(await found('gift -"returned by"')).toEqual(["rueckgabe"]);
    expect(await found("gift -Rückgabe -returning")).toEqual([]);
    expect(await found("gift", { where: eq(pages.language, "german") })).toEqual(["rueckgabe"]);
    expect(await found("gift", { where: sql`language = 'german'` as never })).toEqual(["rueckgabe"]);
  });

  it("reads a question in the language it names", async () => {
    // German makes "tag" of both, English "tage" of the one and "tag" of the other.
    expect((await found("Tage")).sort()).toEqual(["rueckgabe", "versand"]);
    expect((await found("Tage", { language: "german" })).sort()).toEqual(["rueckgabe", "versand"]);
    expect(await found("Tage", { language: "english" })).toEqual([]);
    expect(await found("returning", { language: "german" })).toEqual([]);
    expect(await found("the die der", { language: "german" })).toEqual([]);
  });

  it("serves hybrid search, several questions, and statements that are kept", async () => {
    for (const namedStatements of [false, true]) {
      const docs = setUp({ namedStatements });
      for (let n = 0; n < 7; n++) {
        for (const [question, language, slugs] of [
          ["Tage", undefined, ["rueckgabe", "versand"]],
          ["Tage", "english", []],
          ["returning", undefined, ["returns"]],
          ["returning", "english", ["returns"]],
        ] as const) {
          const hits = await docs.search(question, { ...(language && { language }) });
          expect(hits).toHaveLength(6);
          const byWord = hits.filter(({ scores }) => scores.keyword !== undefined).map(({ document }) => document.slug);
          expect(byWord.sort()).toEqual(slugs);
        }
      }
    }
    const many = await setUp().search(["returning", "Rückgabe"], { mode: "keyword" });
    expect(many.map(({ document }) => document.slug).sort()).toEqual(["returns", "rueckgabe"]);
    const [first, second] = await setUp().searchMany(["Tage", "accepter"], { mode: "keyword", perDocument: 1 });
    expect([first?.length, second?.[0]?.document.slug]).toEqual([2, "retours"]);
  });

  it("follows the document, whose passages keep their vectors", async () => {
    const docs = setUp();
    const changed = await docs.update({ language: "simple" }, eq(pages.slug, "parcels"));
    expect(changed).toMatchObject({ embedded: 0, kept: 1 });
    expect(await found("shipping")).toEqual(["shipping"]);
    expect(await found("shipped")).toContain("parcels");
    const [row] = rows.filter(({ slug }) => slug === "parcels");
    expect(await docs.upsert(row as (typeof rows)[0], { key: pages.slug })).toMatchObject({ embedded: 0, kept: 1 });
    expect(await found("shipping")).toContain("parcels");
  });

  it("reaches rows that were there before", async () => {
    const docs = setUp();
    await db.insert(pages).values({ slug: "old", body: "Alte Häuser", language: "german" });
    expect(await docs.backfill()).toMatchObject({ documents: 1 });
    expect(await found("Haus")).toEqual(["old"]);
    await docs.delete(eq(pages.slug, "old"));
  });

  it("ranks as one language does where there is only one", async () => {
    const only = { where: eq(pages.language, "english"), mode: "keyword" } as const;
    await db
      .transaction(async (tx) => {
        await setUp().in(tx).delete(sql`${pages.language} <> 'english'`);
        for (const question of ["days of shipping", "gift returned by the giver", "three parcels -gift"]) {
          const each = await setUp().in(tx).search(question, only);
          const one = await setUp()
            .in(tx)
            .search(question, { ...only, language: "english" });
          expect(each.map(({ score }) => score)).toEqual(one.map(({ score }) => score));
          expect(each.map(({ chunk }) => chunk.id)).toEqual(one.map(({ chunk }) => chunk.id));
          expect(each.length).toBeGreaterThan(0);
        }
        tx.rollback();
      })
      .catch((error) => expect(String(error)).toMatch(/Rollback/));
  });

  it("takes the words of the question, not each language's lexemes, for common or rare", async () => {
    // "parcel" is in most rows and in one of the two German ones; "gift" in one row of each language.
    const contents = (n: number, word: string, tongue: string) =>
      Array.from({ length: n }, () => ({ content: `${word} number`, tongue }));
    const all = [...contents(30, "parcel", "english"), ...contents(1, "parcel", "german"), ...contents(9, "nothing", "german")];
    all.push({ content: "gift number", tongue: "english" }, { content: "gift number", tongue: "german" });
    await db.insert(lines).values(all.map((row, id) => ({ ...row, id })));
    await db.execute(sql`analyze ${lines}`);
    const hits = await inLines().search("parcel gift", { mode: "keyword", limit: 40 });
    const rarity = (held: number) => Math.log(1 + (all.length - held + 0.5) / (held + 0.5));
    for (const { text: content, score } of hits) expect(score).toBeCloseTo(rarity(content.startsWith("gift") ? 2 : 31), 5);
    expect(hits.slice(0, 2).map(({ text: content }) => content)).toEqual(["gift number", "gift number"]);
    expect(hits).toHaveLength(33);
    // Rows without a language have no words.
    await db.insert(lines).values({ id: 1000, content: "parcel", tongue: null });
    expect(await inLines().search("parcel", { mode: "keyword", limit: 100 })).toHaveLength(31);
  });

  it("steps through the languages in the index over them", async () => {
    await db.transaction(async (tx) => {
      await tx.execute(sql`set local enable_seqscan = off`);
      const plan = await setUp().in(tx).search("gift", { mode: "keyword" }).explain();
      expect(plan).toMatch(/Index Only Scan using page_chunks_language_idx/);
      expect(plan).toMatch(/Bitmap Index Scan on page_chunks_search_idx/);
    });
  });

  it("comes from a function of the document too, and in loads of any size", async () => {
    const docs = collection(db, {
      documents: pages,
      text: pages.body,
      chunks: pageChunks,
      embedder,
      language: ({ slug }) => (slug.startsWith("de") ? "german" : "english"),
    });
    const more = Array.from({ length: 150 }, (_, i) => ({
      slug: `${i % 2 === 0 ? "de" : "en"}-${i}`,
      body: "Die Häuser houses",
      language: "unknown",
    }));
    await docs.load(more);
    const count = async (question: string) => (await docs.search(question, { mode: "keyword", limit: 200 })).length;
    expect(await count("Haus")).toBe(75);
    expect(await count("housing")).toBe(75);
    await docs.delete(sql`${pages.language} = 'unknown'`);
  });
});

describe(`what no language can be, on ${databaseName}`, () => {
  it("is a name that the server does not have", async () => {
    const docs = setUp();
    const klingon = { slug: "k", body: "Qapla'", language: "klingon" };
    await expect(docs.insert(klingon)).rejects.toThrow(MissingExtensionError);
    await expect(docs.insert(klingon)).rejects.toThrow(/"klingon" does not exist.*\\dF/);
    expect(await docs.count(eq(pages.slug, "k"))).toBe(0);
    await expect(docs.search("Qapla", { language: "klingon" })).rejects.toThrow(/"klingon" does not exist.*\\dF/);
    expect(() => docs.search("Qapla", { language: " " })).toThrow(InputError);
  });

  it("is a column that does not fit", () => {
    const options = { documents: pages, text: pages.body, chunks: pageChunks, embedder };
    const refusal = (make: () => unknown) => {
      try {
        make();
      } catch (error) {
        expect(error).toBeInstanceOf(ConfigurationError);
        return (error as Error).message;
      }
    };
    expect(refusal(() => collection(db, { ...options, language: pages.id }))).toMatch(
      /"pages.id" is of type bigint.*regconfig\(\)/,
    );
    expect(refusal(() => collection(db, { ...options, language: lines.tongue }))).toMatch(/not a column of table "pages"/);
    const single = { documents: lines, text: lines.content };
    expect(refusal(() => collection(db, { ...single, language: () => "german" }))).toMatch(/needs a table of chunks/);
    const ids = { id: bigint({ mode: "number" }).references(() => pages.id) };
    const columns = chunkColumns({ dimensions });
    const plain = pgTable("plain", { pageId: ids.id, ...columns });
    expect(refusal(() => collection(db, { ...options, chunks: plain, language: pages.language }))).toMatch(
      /"plain" has no column for the language.*chunkColumns/,
    );
    const named = chunkColumns({ dimensions, language: { column: "tongue" } });
    const lacking = pgTable("lacking", { pageId: ids.id, ...named });
    expect(refusal(() => collection(db, { ...options, chunks: lacking }))).toMatch(/"lacking" has no column "tongue".*Add it/);
    const asText = pgTable("as_text", { pageId: ids.id, tongue: text(), ...named }, (t) => chunkIndexes(t));
    expect(refusal(() => getTableConfig(asText))).toMatch(/is of type text.*generated.*regconfig\("tongue"\)/);
  });
});
