// What the OpenAI embedders send, where their keys come from, and what they refuse before sending anything.
import { endianness } from "node:os";
import OpenAI from "openai";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { openaiEmbedder } from "../../src/embed/openai.ts";
import { openaiCompatibleEmbedder } from "../../src/embed/openai-compatible.ts";
import { decodeFloats } from "../../src/embed/openai-response.ts";
import { ConfigurationError, MissingKeyError } from "../../src/errors.ts";
import { type EmbeddingServer, startEmbeddingServer } from "../helpers/embedding-server.ts";

let server: EmbeddingServer;
beforeEach(async () => {
  for (const name of ["OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_ADMIN_KEY"]) {
    vi.stubEnv(name, undefined);
  }
  server = await startEmbeddingServer({ dimensions: 8 });
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await server[Symbol.asyncDispose]();
});

describe("openaiEmbedder", () => {
  test.each([
    ["text-embedding-3-small", 1536],
    ["text-embedding-3-large", 3072],
    ["text-embedding-ada-002", 1536],
  ])("knows the dimensions of %s", (model, dimensions) => {
    expect(openaiEmbedder(model)).toMatchObject({ id: `openai/${model}/${dimensions}`, dimensions });
  });

  test("takes text-embedding-3-small when no model is named", () => {
    expect(openaiEmbedder().id).toBe("openai/text-embedding-3-small/1536");
  });

  test("asks for base64, and for dimensions only when they were given", async () => {
    await openaiEmbedder("text-embedding-3-small", { baseURL: server.url, dimensions: 5 }).embed(["a"]);
    await openaiEmbedder("text-embedding-3-small", { baseURL: server.url }).embed(["a"]);
    const common = { model: "text-embedding-3-small", input: ["a"], encoding_format: "base64" };
    expect(server.requests.map((request) => request.body)).toEqual([{ ...common, dimensions: 5 }, common]);
    expect(server.requests[0]?.url).toBe("/v1/embeddings");
  });

  test("sends the key, organization, headers and body it was given", async () => {
    vi.stubEnv("OPENAI_API_KEY", "from-environment");
    const embedder = openaiEmbedder("new-model", {
      baseURL: server.url,
      dimensions: 8,
      organization: "org-1",
      headers: { "x-team": "search" },
      body: (kind) => ({ user: "u1", input_type: kind }),
    });
    await embedder.embed(["a"], { kind: "query" });
    expect(server.requests[0]).toMatchObject({
      headers: { authorization: "Bearer from-environment", "openai-organization": "org-1", "x-team": "search" },
      body: { user: "u1", input_type: "query" },
    });
    await openaiEmbedder("new-model", { baseURL: server.url, dimensions: 8, apiKey: "own" }).embed(["a"]);
    expect(server.requests[1]?.headers.authorization).toBe("Bearer own");
  });

  test("uses a fetch of one's own", async () => {
    const own = vi.fn(fetch);
    await openaiEmbedder("m", { baseURL: server.url, dimensions: 8, fetch: own }).embed(["a"]);
    expect(own).toHaveBeenCalledOnce();
  });

  test("uses a client of one's own, without a key and without the client's retries", async () => {
    const client = new OpenAI({ apiKey: "theirs", baseURL: server.url, maxRetries: 4 });
    const embedder = openaiEmbedder("m", { dimensions: 8, client });
    await embedder.embed(["a"]);
    expect(server.requests[0]?.headers.authorization).toBe("Bearer theirs");
    server.queue.push({ kind: "status", status: 500 });
    await expect(embedder.embed(["a"])).rejects.toMatchObject({ status: 500 });
    expect(server.requests).toHaveLength(2);
  });

  test("misses its key at the first request, and takes one that is set later", async () => {
    const own = (url: unknown, init?: RequestInit) => fetch(String(url).replace(/^.*\/v1/, server.url), init);
    const embedder = openaiEmbedder("m", { dimensions: 8, fetch: own as typeof fetch });
    await expect(embedder.embed(["a"])).rejects.toThrow(MissingKeyError);
    vi.stubEnv("OPENAI_API_KEY", "later");
    expect(await embedder.embed(["a"])).toHaveLength(1);
  });

  test("needs no key for a server of one's own", async () => {
    await openaiEmbedder("m", { baseURL: server.url, dimensions: 8 }).embed(["a"]);
    vi.stubEnv("OPENAI_BASE_URL", server.url);
    await openaiEmbedder("m", { dimensions: 8 }).embed(["a"]);
    expect(server.requests.map((request) => request.headers.authorization)).toEqual([undefined, undefined]);
  });

  test.each([
    ["an unknown model without dimensions", () => openaiEmbedder("new-model"), /dimensions/],
    ["more dimensions than the model has", () => openaiEmbedder("text-embedding-3-small", { dimensions: 3072 }), /1536/],
    ["no dimensions at all", () => openaiEmbedder("m", { dimensions: 0 }), /at least 1/],
  ])("refuses %s", (_, make, message) => {
    expect(make).toThrow(ConfigurationError);
    expect(make).toThrow(message);
  });
});

describe("openaiCompatibleEmbedder", () => {
  test("sends the prefix of a kind, asks for floats, and leaves dimensions out", async () => {
    const embedder = openaiCompatibleEmbedder("nomic-embed-text", {
      baseURL: server.url,
      dimensions: 8,
      queryPrefix: "search_query: ",
      documentPrefix: "search_document: ",
    });
    await embedder.embed(["a"]);
    await embedder.embed(["b"], { kind: "query" });
    expect(server.requests.map((request) => request.body)).toEqual([
      { model: "nomic-embed-text", input: ["search_document: a"], encoding_format: "float" },
      { model: "nomic-embed-text", input: ["search_query: b"], encoding_format: "float" },
    ]);
  });

  test("sends its own key, and never what the environment holds for OpenAI", async () => {
    vi.stubEnv("OPENAI_API_KEY", "secret-1");
    vi.stubEnv("OPENAI_ADMIN_KEY", "secret-2");
    vi.stubEnv("OPENAI_ORG_ID", "secret-3");
    vi.stubEnv("OPENAI_PROJECT_ID", "secret-4");
    await openaiCompatibleEmbedder("m", { baseURL: server.url, dimensions: 8 }).embed(["a"]);
    await openaiCompatibleEmbedder("m", { baseURL: server.url, dimensions: 8, apiKey: "own" }).embed(["a"]);
    expect(JSON.stringify(server.requests)).not.toContain("secret");
    expect(server.requests.map((request) => request.headers.authorization)).toEqual([undefined, "Bearer own"]);
  });

  test("a document prefix changes the id, a question's does not", () => {
    const id = (options: object) => openaiCompatibleEmbedder("m", { baseURL: server.url, dimensions: 8, ...options }).id;
    expect(id({})).toBe("openai-compatible/m/8");
    expect(id({ queryPrefix: "query: " })).toBe(id({}));
    expect(id({ documentPrefix: "passage: " })).toMatch(/^openai-compatible\/m\/8\/[0-9a-f]{8}$/);
  });

  test("refuses what is no http URL, and dimensions below 1", () => {
    expect(() => openaiCompatibleEmbedder("m", { baseURL: "localhost:11434", dimensions: 8 })).toThrow(/http:\/\/localhost/);
    expect(() => openaiCompatibleEmbedder("m", { baseURL: server.url, dimensions: 1.5 })).toThrow(ConfigurationError);
  });
});

test("decodes base64 the same on machines of either byte order", () => {
  const bytes = Buffer.alloc(12);
  for (const [i, x] of [1, -2.5, 3e-7].entries()) bytes.writeFloatLE(x, i * 4);
  const base64 = bytes.toString("base64");
  expect(decodeFloats(base64)).toEqual(Float32Array.of(1, -2.5, 3e-7));
  // As a machine of the other order: it swaps, and reads swapped bytes here, where they are not.
  const other = decodeFloats(base64, endianness() !== "LE");
  expect(Buffer.from(other!.buffer).swap32()).toEqual(bytes);
  expect(decodeFloats("AAAA")).toBeUndefined();
  expect(decodeFloats("")).toBeUndefined();
});
