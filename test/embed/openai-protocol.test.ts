// How both OpenAI embedders take a server that misbehaves: through the real SDK, over a loopback connection.
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { embedAll } from "../../src/embed/embed.ts";
import type { Embedder, EmbedderLimits } from "../../src/embed/embedder.ts";
import { openaiEmbedder } from "../../src/embed/openai.ts";
import { openaiCompatibleEmbedder } from "../../src/embed/openai-compatible.ts";
import {
  AuthenticationError,
  BadRequestError,
  DimensionError,
  EmbeddingCountError,
  InvalidResponseError,
  InvalidVectorError,
  NotFoundError,
  OverloadedError,
  ProviderConnectionError,
  RateLimitError,
  ServerError,
} from "../../src/errors.ts";
import { type EmbeddingServer, type Misbehaviour, startEmbeddingServer, vectorOf } from "../helpers/embedding-server.ts";
import { fakeClock } from "../helpers/fake-clock.ts";

const dimensions = 6;
const makers: Record<string, (baseURL: string, limits?: Partial<EmbedderLimits>) => Embedder> = {
  openai: (baseURL, limits) => openaiEmbedder("text-embedding-3-small", { apiKey: "test", baseURL, dimensions, limits }),
  "openai-compatible": (baseURL, limits) => openaiCompatibleEmbedder("m", { baseURL, dimensions, limits }),
};

describe.each(Object.keys(makers))("%s and its server", (name) => {
  const make = makers[name] as (typeof makers)[string];
  let server: EmbeddingServer;
  let embedder: Embedder;
  beforeEach(async () => {
    server = await startEmbeddingServer({ dimensions });
    embedder = make(server.url);
  });
  afterEach(() => server[Symbol.asyncDispose]());

  const expected = (...texts: string[]) => texts.map((text) => Float32Array.from(vectorOf(text, dimensions)));

  test("orders shuffled vectors by their index", async () => {
    server.queue.push({ kind: "shuffled" });
    expect(await embedder.embed(["one", "two", "three"])).toEqual(expected("one", "two", "three"));
  });

  test("takes an index that is left out, or 0 everywhere, as the order of the reply", async () => {
    server.queue.push({ kind: "edit", edit: (items) => items.map(({ embedding }) => ({ embedding })) });
    server.queue.push({ kind: "edit", edit: (items) => items.map((item) => ({ ...item, index: 0 })) });
    expect(await embedder.embed(["one", "two"])).toEqual(expected("one", "two"));
    expect(await embedder.embed(["one", "two"])).toEqual(expected("one", "two"));
  });

  const replies: [string, Misbehaviour, new (...args: never[]) => Error][] = [
    [
      "an index that comes twice",
      { kind: "edit", edit: (items) => items.map((item) => ({ ...item, index: 1 })) },
      InvalidResponseError,
    ],
    ["too few vectors", { kind: "short" }, EmbeddingCountError],
    ["no data", { kind: "edit", edit: () => undefined }, InvalidResponseError],
    ["an item that is null", { kind: "edit", edit: () => [null, null] }, InvalidResponseError],
    [
      "base64 of half a float",
      { kind: "edit", edit: (items) => items.map((i) => ({ ...i, embedding: "AAAAAAA=" })) },
      InvalidResponseError,
    ],
    ["a body that is not JSON", { kind: "raw", text: "<html>" }, InvalidResponseError],
    ["NaN", { kind: "nan" }, InvalidVectorError],
    ["another dimension", { kind: "dimensions", dimensions: 7 }, DimensionError],
    ["400", { kind: "status", status: 400 }, BadRequestError],
    ["401", { kind: "status", status: 401 }, AuthenticationError],
    ["404", { kind: "status", status: 404 }, NotFoundError],
  ];
  test.each(replies)("gives up at once on %s", async (_, reply, Leaf) => {
    server.queue.push(reply);
    const clock = fakeClock();
    await expect(embedAll(embedder, ["one", "two"], { clock })).rejects.toThrow(Leaf);
    expect(server.requests).toHaveLength(1);
    expect(clock.waits).toEqual([]);
  });

  test("names the embedder that gives the wrong dimension", async () => {
    server.queue.push({ kind: "dimensions", dimensions: 7 });
    const error = await embedAll(embedder, ["one"]).catch((e: unknown) => e);
    expect(error).toMatchObject({ expected: 6, actual: 7, row: 0, message: expect.stringContaining(embedder.id) });
  });

  const passing: [string, Misbehaviour, number][] = [
    ["429 with retry-after in seconds", { kind: "status", status: 429, headers: { "retry-after": "2" } }, 2000],
    ["429 with retry-after-ms", { kind: "status", status: 429, headers: { "retry-after-ms": "1234" } }, 1234],
    ["429", { kind: "status", status: 429 }, 250],
    ["500", { kind: "status", status: 500 }, 250],
    ["503", { kind: "status", status: 503 }, 250],
    ["a socket closed before the reply", { kind: "drop", when: "before" }, 250],
    ["a socket closed within the reply", { kind: "drop", when: "within" }, 250],
  ];
  test.each(passing)("tries again after %s", async (_, reply, wait) => {
    server.queue.push(reply);
    const clock = fakeClock();
    expect(await embedAll(embedder, ["one", "two"], { clock })).toEqual(expected("one", "two"));
    // Two requests: the SDK's own retries would make more.
    expect(server.requests).toHaveLength(2);
    expect(clock.waits).toEqual([wait]);
  });

  test.each([
    [429, RateLimitError],
    [500, ServerError],
    [503, OverloadedError],
  ] as const)("throws the last error when %i stays", async (status, Leaf) => {
    const twice = make(server.url, { retries: 2 });
    for (let i = 0; i < 5; i++) server.queue.push({ kind: "status", status });
    const error = await embedAll(twice, ["one"], { clock: fakeClock() }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(Leaf);
    expect(error).toMatchObject({ status, requestId: "req-1" });
    expect(server.requests).toHaveLength(3);
  });

  test("does not wait longer than a minute for a server", async () => {
    server.queue.push({ kind: "status", status: 429, headers: { "retry-after": "3600" } });
    const clock = fakeClock();
    await expect(embedAll(embedder, ["one"], { clock })).rejects.toMatchObject({ retryAfter: 3_600_000 });
    expect(clock.waits).toEqual([]);
  });

  test("an abort ends a request under way", async () => {
    server.queue.push({ kind: "hang" });
    const controller = new AbortController();
    const requested = server.requested();
    const pending = embedAll(embedder, ["one"], { signal: controller.signal });
    const reason = new Error("enough");
    const outcome = expect(pending).rejects.toBe(reason);
    await requested;
    controller.abort(reason);
    await outcome;
    expect(server.requests).toHaveLength(1);
  });

  test("names the URL when nobody listens there", async () => {
    const gone = await startEmbeddingServer({ dimensions });
    await gone[Symbol.asyncDispose]();
    const error = await embedAll(make(gone.url, { retries: 0 }), ["one"]).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ProviderConnectionError);
    expect((error as Error).message).toContain(gone.url);
    expect((error as Error).message).toMatch(/ECONNREFUSED.*Check that the server is running/);
  });

  test("keeps to the concurrency, and sends each text once", async () => {
    const narrow = make(server.url, { concurrency: 2, batchSize: 3 });
    const texts = Array.from({ length: 30 }, (_, i) => `t${i % 20}`);
    const vectors = await embedAll(narrow, texts);
    expect(vectors).toEqual(expected(...texts));
    expect(server.requests.flatMap((request) => request.body.input)).toHaveLength(20);
    expect(server.peak()).toBeLessThanOrEqual(2);
  });
});

test("halves a batch that the server finds too large, and tells the row of a text that is too long by itself", async () => {
  await using server = await startEmbeddingServer({ dimensions, maxCharacters: 20 });
  const embedder = openaiCompatibleEmbedder("m", { baseURL: server.url, dimensions });
  const texts = Array.from({ length: 9 }, (_, i) => `eight-${i}!`);
  expect(await embedAll(embedder, texts)).toEqual(texts.map((text) => Float32Array.from(vectorOf(text, dimensions))));

  const long = texts.with(6, "x".repeat(21));
  await expect(embedAll(embedder, long)).rejects.toMatchObject({ name: "InputError", row: 6 });
});
