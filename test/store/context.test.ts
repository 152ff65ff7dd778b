// What stands around hits: neighbours, sections and documents, as exact slices, in one statement for all hits.
import { eq, inArray } from "drizzle-orm";
import { beforeAll, describe, expect, it } from "vitest";
import { hashingEmbedder } from "../../src/embed/hashing.ts";
import { ConfigurationError, InputError } from "../../src/errors.ts";
import { collection } from "../../src/store/collection.ts";
import type { HitContext } from "../../src/store/types.ts";
import { createTables, databaseName, freshDatabase } from "../helpers/database.ts";
import { articleChunks, articles, dimensions, notes, pageChunks, pages, wiki } from "./tables.ts";

let db: Awaited<ReturnType<typeof freshDatabase>>;
const embedder = hashingEmbedder({ dimensions });

/** One chunk a paragraph; a paragraph's headings are the lines with # above it. */
const chunker = {
  id: "paragraphs",
  chunk: ({ text }: { text: string }) => {
    let path: string[] = [];
    let [start, ordinal] = [0, 0];
    return text.split("\n\n").flatMap((part) => {
      const range = { start, end: start + part.length };
      start = range.end + 2;
      const depth = /^#*/.exec(part)?.[0].length ?? 0;
      if (depth > 0) path = [...path.slice(0, depth - 1), part.slice(depth + 1)];
      return depth > 0 ? [] : [{ ordinal: ordinal++, text: part, ...range, headings: path }];
    });
  },
};
const body = `Before the first heading 🎉.

# Kettles

All about kettles.

## Steel

Steel kettles are light.

They last long.

### Care

Steel kettles are rinsed.

## Copper

Copper kettles are dear.

# Cups

All about cups.`;
const docs = () =>
  collection(db, { documents: articles, text: articles.body, source: articles.slug, chunks: articleChunks, embedder, chunker });
const wikiDocs = () =>
  collection(db, {
    documents: pages,
    text: pages.body,
    chunks: pageChunks,
    reference: [
      [pageChunks.tenant, pages.tenant],
      [pageChunks.page, pages.page],
    ],
    embedder,
    chunker,
  });

beforeAll(async () => {
  db = await freshDatabase();
  await createTables(db, { articles, articleChunks, notes, wiki, pages, pageChunks });
  await docs().insert([
    { slug: "kitchen", title: "", body, lang: "en" },
    { slug: "plain", title: "", body: "One.\n\nTwo.\n\nThree.\n\nFour.", lang: "en" },
  ]);
  await wikiDocs().insert(["a", "b"].map((tenant) => ({ tenant, page: 1, body })));
});

/** The context of the chunk that has this text. */
async function contextOf(text: string, context: NonNullable<Parameters<ReturnType<typeof docs>["search"]>[1]>["context"]) {
  const [hit] = await docs().search("kettles", { where: eq(articleChunks.text, text), limit: 1, ...(context && { context }) });
  for (let level = hit?.context; level !== undefined; level = level.narrower)
    expect(level.text).toBe(hit?.document.body.slice(level.start, level.end));
  return hit?.context as HitContext;
}

describe(`context, on ${databaseName}`, () => {
  it("gives neighbours as an exact slice of the document", async () => {
    expect((await contextOf("Two.", { neighbours: 1 })).text).toBe("One.\n\nTwo.\n\nThree.");
    expect((await contextOf("Four.", { neighbours: 2 })).text).toBe("Two.\n\nThree.\n\nFour.");
    expect(await contextOf("Two.", undefined)).toBeUndefined();
  });

  it.each([
    ["Steel kettles are light.", "Steel kettles are light.\n\nThey last long.\n\n### Care\n\nSteel kettles are rinsed."],
    ["They last long.", "Steel kettles are light.\n\nThey last long.\n\n### Care\n\nSteel kettles are rinsed."],
    ["Steel kettles are rinsed.", "Steel kettles are rinsed."],
    ["All about kettles.", body.slice(body.indexOf("All about kettles"), body.indexOf("\n\n# Cups"))],
    ["All about cups.", "All about cups."],
    ["Before the first heading 🎉.", body],
    ["Three.", "One.\n\nTwo.\n\nThree.\n\nFour."],
  ])("gives the section: %s", async (text, section) => {
    expect(await contextOf(text, "section")).toMatchObject({ of: "section", text: section });
  });

  it("gives the document, and several, the longest first", async () => {
    expect(await contextOf("They last long.", "document")).toEqual({ of: "document", text: body, start: 0, end: body.length });
    const all = await contextOf("They last long.", [{ neighbours: 1 }, "document", "section"]);
    expect([all.of, all.narrower?.of, all.narrower?.narrower?.of, all.narrower?.narrower?.narrower]).toEqual([
      "document",
      "section",
      // Here the same as the section, so that it is there once.
      undefined,
      undefined,
    ]);
    const three = await contextOf("Copper kettles are dear.", ["document", "section", { neighbours: 1 }]);
    expect([three.of, three.narrower?.of, three.narrower?.narrower?.of]).toEqual(["document", "neighbours", "section"]);
  });

  it("takes one statement for all hits, and none for documents that are there", async () => {
    const count = async (context: NonNullable<Parameters<typeof contextOf>[1]> | undefined) => {
      const sent: string[] = [];
      const logged = new Proxy(db, {
        get: (target, name) => {
          if (name === "select") sent.push("select");
          const value = Reflect.get(target, name) as unknown;
          return typeof value === "function" ? value.bind(target) : value;
        },
      });
      const watched = collection(logged, {
        documents: articles,
        text: articles.body,
        chunks: articleChunks,
        embedder,
        chunker,
      });
      const hits = await watched.search("kettles", { limit: 8, mode: "keyword", ...(context && { context }) });
      expect(hits.length).toBeGreaterThan(2);
      return sent.length;
    };
    const plain = await count(undefined);
    expect((await count("section")) - plain).toBe(1);
    expect((await count(["section", { neighbours: 1 }, "document"])) - plain).toBe(1);
    expect((await count("document")) - plain).toBe(0);
  });

  it("joins the chunks where the document is not there, or is not what they were cut from", async () => {
    const options = { limit: 9, select: { id: articles.id } };
    for (const hit of await docs().search("kettles", { ...options, context: { neighbours: 1 } }))
      expect(hit.context?.text.split("\n\n").length).toBeGreaterThan(1);
    const [hit] = await docs().search("three", {
      ...options,
      where: eq(articles.slug, "plain"),
      context: ["document", "section"],
    });
    expect(hit?.context).toMatchObject({ of: "document", text: "One.\n\nTwo.\n\nThree.\n\nFour.", start: 0 });
    await db.update(articles).set({ body: "changed without its chunks" }).where(eq(articles.slug, "plain"));
    const [old] = await docs().search("three", { where: eq(articles.slug, "plain"), context: "document" });
    expect(old?.context).toMatchObject({ of: "document", text: "One.\n\nTwo.\n\nThree.\n\nFour." });
    await db.update(articles).set({ body: "One.\n\nTwo.\n\nThree.\n\nFour." }).where(eq(articles.slug, "plain"));
  });

  it("stays in the document where keys have several columns, and hits of one document share it", async () => {
    const hits = await wikiDocs().search("kettles", { limit: 12, context: ["section", { neighbours: 1 }] });
    for (const hit of hits) {
      expect(hit.context?.text).toBe(hit.document.body.slice(hit.context?.start, hit.context?.end));
      expect(hit.context?.text).toContain(hit.text);
    }
    expect(new Set(hits.map(({ document }) => document)).size).toBe(2);
    const lists = await docs().searchMany(["kettles", "cups"], { context: "section", limit: 4 });
    expect(lists.flat().every(({ context, text }) => context?.text.includes(text))).toBe(true);
    const some = docs().pages("kettles", {
      context: "section",
      pageSize: 3,
      where: inArray(articles.slug, ["kitchen"]),
    });
    for await (const page of some) for (const hit of page) expect(hit.context?.text).toContain(hit.text);
  });

  it("looks at a hundred chunks of a section on each side", async () => {
    const long = Array.from({ length: 250 }, (_, i) => `Paragraph ${i}.`).join("\n\n");
    await docs().insert([{ slug: "long", title: "", body: long, lang: "en" }]);
    const { text } = await contextOf("Paragraph 120.", "section");
    expect([text.split("\n\n").length, text.slice(0, 13)]).toEqual([201, "Paragraph 20."]);
    expect((await contextOf("Paragraph 120.", ["document", "section"])).text).toBe(long);
    await docs().delete(eq(articles.slug, "long"));
  });

  it("refuses what cannot be meant", async () => {
    expect(() => docs().search("x", { context: { neighbours: 0 } })).toThrow(InputError);
    expect(() => docs().search("x", { context: "chapter" as "section" })).toThrow(ConfigurationError);
    const single = collection(db, { documents: notes, text: notes.content, embedder });
    expect(() => single.search("x", { context: "document" })).toThrow(ConfigurationError);
  });
});
