// Questions answered from a collection: what is searched for, what the model is given, what the answer tells of itself.
import { beforeAll, describe, expect, it } from "vitest";
import {
  answer,
  condense,
  fitSources,
  hypotheticalAnswer,
  modelReranker,
  paraphrase,
  relevance,
} from "../../src/answer/index.ts";
import { hashingEmbedder } from "../../src/embed/hashing.ts";
import { InputError } from "../../src/errors.ts";
import type { Model } from "../../src/llm/model.ts";
import { textOf } from "../../src/llm/text.ts";
import { collection } from "../../src/store/collection.ts";
import type { Hit } from "../../src/store/types.ts";
import { createTables, databaseName, freshDatabase } from "../helpers/database.ts";
import { fake } from "../llm/fake.ts";
import { articleChunks, articles, dimensions } from "../store/tables.ts";

let db: Awaited<ReturnType<typeof freshDatabase>>;
const docs = () =>
  collection(db, {
    documents: articles,
    text: articles.body,
    title: articles.title,
    source: articles.slug,
    format: "markdown",
    chunks: articleChunks,
    embedder: hashingEmbedder({ dimensions }),
  });

beforeAll(async () => {
  db = await freshDatabase();
  await createTables(db, { articles, articleChunks });
  await docs().insert([
    {
      slug: "refunds",
      title: "Refunds",
      body: "# Refunds\n\nRefunds are paid within fourteen days. They go to the card that was charged.\n\n## Gifts\n\nGifts can be returned for a voucher.",
      lang: "en",
    },
    {
      slug: "shipping",
      title: "Shipping",
      body: "# Shipping\n\nParcels are sent on the day of the order. Shipping takes three days.",
      lang: "en",
    },
  ]);
});

const system = (model: ReturnType<typeof fake>, i = 0) => JSON.stringify(model.requests[i]?.system);
const said = (model: ReturnType<typeof fake>, i = 0) => model.requests[i]?.messages.map((message) => textOf(message)) ?? [];

describe(`answer on ${databaseName}`, () => {
  it("searches, asks and checks, with the user's own rows in the citations", async () => {
    const model = fake('Refunds are paid within fourteen days [1 "paid within fourteen days"]. Penguins live in the south.');
    const ask = answer(docs(), { model, system: "Be kind." });
    const found = await ask("Within how many days are refunds paid?");
    expect(found).toMatchObject({ abstained: false, questions: ["Within how many days are refunds paid?"] });
    expect(found.citations[0]).toMatchObject({ verified: "exact", source: { document: { slug: "refunds", lang: "en" } } });
    expect(found.sources[0]?.document.slug).toBe("refunds");
    // The chunk with those around it, whose place in the document is told.
    expect(found.sources[0]?.text).toBe(found.sources[0]?.document.body.slice(found.sources[0].start, found.sources[0].end));
    expect(found.sentences.map(({ supported }) => supported)).toEqual([true, false]);
    expect(found.unsupported.map(({ text }) => text)).toEqual(["Penguins live in the south."]);
    expect(system(model)).toContain("The sources do not answer this.");
    expect(system(model)).toContain("Be kind.");
  });

  it("streams the same", async () => {
    const model = fake('It takes fourteen days [1 "within fourteen days"].');
    const ask = answer(docs(), { model });
    const stream = ask.stream("Within how many days are refunds paid?");
    const events = [];
    for await (const event of stream) events.push(event);
    const response = await stream.response();
    expect(events.flatMap((event) => (event.type === "text" ? event.text : [])).join("")).toBe(response.text);
    expect(events.filter(({ type }) => type === "citation")).toHaveLength(1);
    const plain = await ask("Within how many days are refunds paid?");
    expect(response).toEqual(plain);
    expect(response.unsupported).toEqual([]);
  });

  it("says that the sources do not tell, without asking where nothing was found", async () => {
    const model = fake("never asked");
    const ask = answer(docs(), { model, search: { minScore: 2 } });
    const nothing = await ask("Within how many days are refunds paid?");
    expect(nothing).toMatchObject({ abstained: true, text: "The sources do not answer this.", sources: [], unsupported: [] });
    expect(model.requests).toHaveLength(0);
    expect(await ask.stream("Refunds?").response()).toMatchObject({ abstained: true });
    for (const text of ["The sources do not answer this.", "**The sources do not answer this**\n"])
      expect(await answer(docs(), { model: fake(text) })("Refunds?")).toMatchObject({ abstained: true, sentences: [] });
    expect(
      (await answer(docs(), { model: fake("Das weiß ich nicht."), abstention: "Das weiß ich nicht." })("Refunds?")).abstained,
    ).toBe(true);
    expect((await answer(docs(), { model: "extractive" })("What do penguins eat in winter?")).abstained).toBe(true);
  });

  it("abstains below a threshold, tells how relevant the best was, and does not ask the model", async () => {
    const model = fake('Within fourteen days [1 "within fourteen days"].');
    const question = "Within how many days are refunds paid?";
    const free = await answer(docs(), { model })(question);
    expect(free.abstained).toBe(false);
    expect(free.relevance.coverage).toBe(1);
    expect(free.relevance.vector).toBeCloseTo(Math.max(...free.sources.map(({ scores }) => scores.vector ?? 0)));
    const asked = model.requests.length;
    for (const threshold of [{ coverage: 0.5 }, { vector: 0.9 }, { vector: -1, coverage: 0.5 }]) {
      const ask = answer(docs(), { model, threshold });
      const foreign = await ask("What do penguins eat in winter days?");
      expect(foreign).toMatchObject({ abstained: true, text: "The sources do not answer this.", sources: [], citations: [] });
      expect(foreign.relevance.coverage).toBeLessThan(0.5);
      expect(await ask.stream("What do penguins eat?").response()).toMatchObject({ abstained: true });
    }
    expect(model.requests).toHaveLength(asked);
    expect((await answer(docs(), { model, threshold: { coverage: 0.9, vector: 0 } })(question)).abstained).toBe(false);
    const options = { model, threshold: { vector: 0.3 }, search: { mode: "keyword" } } as const;
    expect(() => answer(docs(), options)).toThrow(/threshold.vector/);
    expect(() => answer(docs(), { model, threshold: { coverage: 2 } })).toThrow(InputError);
    expect(() => answer(docs(), { model, threshold: { vector: Number.NaN } })).toThrow(InputError);
  });

  it("makes a question of its own of one that leans on the conversation", async () => {
    const model = fake("Can gifts be returned?");
    const ask = answer(docs(), { model });
    const first = await ask("How are refunds paid?");
    const second = await ask("And for gifts?", { history: first.messages });
    expect(second.questions).toEqual(["Can gifts be returned?"]);
    // The first turn, the rewriting, the second turn: which has the conversation, and the new sources alone.
    expect(model.requests).toHaveLength(3);
    expect(said(model, 1)[0]).toContain("How are refunds paid?");
    const turns = said(model, 2);
    expect(turns).toHaveLength(3);
    expect(turns[0]).toBe("How are refunds paid?");
    expect(turns[2]).toMatch(/<source-[\s\S]*And for gifts\?$/);
    const offline = answer(docs(), { model: "extractive" });
    const again = await offline("And for gifts?", { history: (await offline("How are refunds paid?")).messages });
    expect(again.questions).toEqual(["And for gifts?", "How are refunds paid? And for gifts?"]);
  });

  it("lets each step be replaced", async () => {
    const model = fake("Yes [1].");
    const seen: string[][] = [];
    const ask = answer(docs(), {
      model,
      limit: 1,
      rewrite: async (question) => [question, "shipping"],
      rerank: async (question, hits) => {
        seen.push([question, String(hits.length)]);
        return [...hits].reverse();
      },
    });
    const found = await ask("refunds");
    expect(found.questions).toEqual(["refunds", "shipping"]);
    expect(Number(seen[0]?.[1])).toBeGreaterThan(1);
    expect(found.sources).toHaveLength(1);
    const given = await docs().search("shipping", { mode: "keyword" });
    const own = await answer(docs(), { model, retrieve: async () => given })("anything");
    expect(own.sources.map(({ source }) => source)).toEqual(["shipping"]);
  });

  it("ends with the signal, and refuses what cannot be meant", async () => {
    const ask = answer(docs(), { model: fake("x") });
    await expect(ask("  ")).rejects.toThrow(InputError);
    await expect(ask.stream("").response()).rejects.toThrow(InputError);
    const reason = new Error("enough");
    await expect(ask("refunds", { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(() => answer(docs(), { model: fake("x"), limit: 0 })).toThrow(InputError);
  });
});

const hit = (text: string, more: Partial<Hit> = {}): Hit => ({
  text,
  title: undefined,
  source: undefined,
  start: 0,
  end: text.length,
  headings: [],
  score: 1,
  scores: {},
  document: {},
  chunk: {} as never,
  ...more,
});

describe("fitSources", () => {
  const measure = (text: string) => text.length;
  const words = (n: number, from = 0) =>
    Array.from({ length: n }, (_, i) => `word${String.fromCharCode(97 + from + i)}x`).join(" ");

  it("keeps to the budget, and always gives the first", () => {
    const hits = [hit("a".repeat(50)), hit("b".repeat(60)), hit("c".repeat(40))];
    expect(fitSources(hits, { maxTokens: 100, measure })).toEqual([hits[0], hits[2]]);
    expect(fitSources(hits, { maxTokens: 10, measure })).toEqual([hits[0]]);
    expect(fitSources(hits, { maxTokens: 1000, measure, limit: 2 })).toEqual(hits.slice(0, 2));
    expect(fitSources([], { measure })).toEqual([]);
  });

  it("leaves out what says the same", () => {
    const hits = [hit(words(8)), hit(`${words(8)}!`), hit(words(8, 10))];
    expect(fitSources(hits, { measure })).toEqual([hits[0], hits[2]]);
  });

  it("gives the text around a hit where there is room, and not what lies inside it again", () => {
    const document = {};
    const text = `${words(6)}\n\n${words(6, 6)}\n\n${words(6, 12)}`;
    const parts = text.split("\n\n");
    let at = 0;
    const chunks = parts.map((part) => {
      const start = text.indexOf(part, at);
      at = start + part.length;
      return hit(part, { document, start, end: at, context: { of: "document", text, start: 0, end: text.length } });
    });
    const whole = fitSources(chunks.slice(0, 2), { maxTokens: 1000, measure });
    expect(whole).toMatchObject([{ text, start: 0, end: text.length, document }]);
    const tight = fitSources(chunks.slice(0, 2), { maxTokens: measure(parts[0] as string) * 2 + 5, measure });
    expect(tight.map((each) => each.text)).toEqual(parts.slice(0, 2));
  });
});

describe("fitSources, of one document", () => {
  const measure = (text: string) => text.length;
  const document = {};
  // Thirty paragraphs; a section is six of them.
  const text = Array.from({ length: 30 }, (_, i) => `Part ${i} tells of ${"abcdefghij"[i % 10]?.repeat(20)}${i}.`).join("\n\n");
  const starts = [...text.matchAll(/Part/g)].map(({ index }) => index);
  const part = (from: number, to: number) => {
    const [start, end] = [starts[from] as number, to + 1 < 30 ? (starts[to + 1] as number) - 2 : text.length];
    return { text: text.slice(start, end), start, end };
  };
  const at = (i: number, of: Hit["document"] = document): Hit => {
    const near = { of: "neighbours" as const, ...part(Math.max(0, i - 1), Math.min(29, i + 1)) };
    const section = { of: "section" as const, ...part(i - (i % 3), Math.min(29, i - (i % 3) + 5)) };
    const whole = { of: "document" as const, text, start: 0, end: text.length };
    return hit(part(i, i).text, { document: of, ...part(i, i), context: { ...whole, narrower: { ...section, narrower: near } } });
  };
  const passage = part(0, 0).text.length;
  const given = (hits: Hit[], maxTokens: number) => {
    const sources = fitSources(hits, { maxTokens, measure });
    for (const source of sources) expect(source.text).toBe(text.slice(source.start, source.end));
    expect(sources.reduce((sum, source) => sum + source.text.length, 0)).toBeLessThanOrEqual(Math.max(maxTokens, passage));
    return sources.map(({ text: { length } }) => length);
  };

  it("gives the document, else the section, else the neighbours, else the passage", () => {
    expect(given([at(4)], 10_000)).toEqual([text.length]);
    expect(given([at(4)], part(3, 8).text.length)).toEqual([part(3, 8).text.length]);
    expect(given([at(4)], part(3, 8).text.length - 1)).toEqual([part(3, 5).text.length]);
    expect(given([at(4)], passage)).toEqual([passage]);
  });

  it("gives the best the most", () => {
    const other = { other: true };
    expect(given([at(4), at(4, other)], part(3, 8).text.length + passage)).toEqual([part(3, 8).text.length, passage]);
  });

  it("gives several hits of a document once, in the place of the best", () => {
    expect(given([at(4), at(20), at(5)], 10_000)).toEqual([text.length]);
    const near = part(3, 8).text.length + part(18, 23).text.length;
    expect(given([at(4), at(20), at(5)], near)).toEqual([part(3, 8).text.length, part(18, 23).text.length]);
    // Neighbours that overlap are one passage.
    const short = (i: number) => ({ ...at(i), context: { of: "neighbours" as const, ...part(i - 1, i + 1) } });
    expect(given([short(4), short(6)], 10_000)).toEqual([part(3, 7).text.length]);
  });

  it("puts chunks together that overlap", () => {
    const piece = (start: number, end: number) => hit(text.slice(start, end), { document, start, end });
    const [first, second, third] = [piece(0, 100), piece(500, 600), piece(80, 180)];
    expect(fitSources([first, second, third], { measure })).toMatchObject([{ start: 0, end: 180 }, second]);
    // The same places in another document, and of one that was changed meanwhile.
    const changed = { ...third, text: "x".repeat(100) };
    expect(fitSources([first, { ...third, document: {} }], { measure })).toHaveLength(2);
    expect(fitSources([first, changed], { measure })).toEqual([first, changed]);
  });
});

describe("relevance", () => {
  it("is the share of the question's words, names that no passage holds counting for more", () => {
    const hits = [
      hit("Refunds are paid in days."),
      hit("Parcels are sent in days.", { title: "Refunds", scores: { vector: 0.4 } }),
    ];
    expect(relevance("refunds", hits)).toEqual({ vector: 0.4, coverage: 1 });
    expect(relevance("penguins", hits)).toEqual({ vector: 0.4, coverage: 0 });
    expect(relevance("penguin days", hits).coverage).toBeLessThan(0.5);
    expect(relevance(["penguins", "refunds in days"], hits).coverage).toBe(1);
    expect(relevance("???", [])).toEqual({ vector: undefined, coverage: 0 });
  });
});

describe("rewriting and reranking by a model", () => {
  const replying = (text: string): Model => fake(text);

  it("condenses, rephrases and makes up an answer", async () => {
    const history = [{ role: "user" as const, content: [{ type: "text" as const, text: "How are refunds paid?" }] }];
    expect(await condense("And gifts?", history, { model: replying(" Can gifts be refunded?\n") })).toBe(
      "Can gifts be refunded?",
    );
    const idle = fake("x");
    expect(await condense("Gifts?", [], { model: idle })).toBe("Gifts?");
    expect(idle.requests).toHaveLength(0);
    const listed = replying("1. How do I get money back?\n- Returns?\n\nRefunds?\nReturns?\nMore?");
    expect(await paraphrase("Refunds?", { model: listed, count: 2 })).toEqual([
      "Refunds?",
      "How do I get money back?",
      "Returns?",
    ]);
    expect(await hypotheticalAnswer("Refunds?", { model: replying("They take two weeks.") })).toBe("They take two weeks.");
    await expect(paraphrase("x", { model: listed, count: 0 })).rejects.toThrow(InputError);
  });

  it("takes the order that a model gives, and no number that is not there", async () => {
    const hits = [hit("one"), hit("two"), hit("three")];
    const rerank = modelReranker({ model: replying('{"ranking": [3, 9, 1, 3]}') });
    expect(await rerank("q", hits)).toEqual([hits[2], hits[0]]);
    expect(await modelReranker({ model: replying('{"ranking": [2, 1]}'), limit: 1 })("q", hits)).toEqual([hits[1]]);
    expect(await rerank("q", hits.slice(0, 1))).toEqual(hits.slice(0, 1));
  });
});
