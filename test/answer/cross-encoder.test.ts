// Rerankers behind HTTP: what is sent in each protocol, what comes back, and every way it can fail.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { crossEncoder } from "../../src/answer/index.ts";
import { AuthenticationError, ConfigurationError, InvalidResponseError, ServerError } from "../../src/errors.ts";
import { type Loopback, loopback } from "../helpers/loopback.ts";

let server: Loopback;
beforeAll(async () => {
  server = await loopback();
});
afterAll(() => server.close());

const hits = [{ text: "one", title: "First" }, { text: "two", headings: ["A", "B"] }, { text: "three" }];
const scores = [
  { index: 2, relevance_score: 0.9 },
  { index: 0, relevance_score: 0.4 },
  { index: 1, relevance_score: 0.1 },
];

describe.each([
  { service: "cohere", limit: "top_n", list: "results" },
  { service: "jina", limit: "top_n", list: "results" },
  { service: "voyage", limit: "top_k", list: "data" },
] as const)("$service", ({ service, limit, list }) => {
  const rerank = (more: Partial<Parameters<typeof crossEncoder>[0]> = {}) =>
    crossEncoder({ service, model: "m", url: `${server.url}/rerank`, apiKey: "key", retries: 0, ...more });

  it("sends question and passages with their headings, and gives the hits themselves", async () => {
    server.reply({ json: { [list]: scores } });
    expect(await rerank({ limit: 2 })("q", hits)).toEqual([hits[2], hits[0]]);
    const [asked] = server.requests;
    expect(asked?.headers.authorization).toBe("Bearer key");
    expect(asked?.body).toEqual({ model: "m", query: "q", documents: ["First\n\none", "A > B\n\ntwo", "three"], [limit]: 2 });
    expect(await rerank({ minScore: 0.3 })("q", hits)).toEqual([hits[2], hits[0]]);
    expect(await rerank()("q", [])).toEqual([]);
  });

  it("tries again what may pass, and names what will not", async () => {
    server.reply({ status: 500, json: {}, headers: { "retry-after": "0" } }, { json: { [list]: scores } });
    expect(await rerank({ retries: 1 })("q", hits)).toHaveLength(3);
    expect(server.requests).toHaveLength(2);
    server.reply({ status: 500, json: {} });
    await expect(rerank()("q", hits)).rejects.toThrow(ServerError);
    server.reply({ status: 401, json: { message: "bad key" } });
    await expect(rerank({ retries: 2 })("q", hits)).rejects.toThrow(AuthenticationError);
    expect(server.requests).toHaveLength(1);
    for (const json of [{}, { [list]: [{ index: 7, relevance_score: 1 }] }, { [list]: [{ index: 0, relevance_score: "x" }] }]) {
      server.reply({ json });
      await expect(rerank()("q", hits)).rejects.toThrow(InvalidResponseError);
    }
  });

  it("ends with the signal", async () => {
    server.reply({ broken: "stall" });
    const reason = new Error("enough");
    const closer = new AbortController();
    const running = rerank()("q", hits, { signal: closer.signal });
    closer.abort(reason);
    await expect(running).rejects.toBe(reason);
  });
});

it("says which key is missing, and knows its services", async () => {
  const { COHERE_API_KEY: kept } = process.env;
  delete process.env.COHERE_API_KEY;
  await expect(crossEncoder({ service: "cohere", model: "m" })("q", hits)).rejects.toThrow(/COHERE_API_KEY/);
  if (kept !== undefined) process.env.COHERE_API_KEY = kept;
  expect(() => crossEncoder({ service: "other" as "cohere", model: "m" })).toThrow(ConfigurationError);
});
