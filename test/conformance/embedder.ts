// What every embedder must do, whoever makes the vectors. Run it over your own with `embedderSuite`.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { embedAll } from "../../src/embed/embed.ts";
import type { Embedder } from "../../src/embed/embedder.ts";

export interface EmbedderUnderTest {
  embedder: Embedder;
  close?: () => PromiseLike<void>;
}

const texts = [
  "The committee met on Tuesday.",
  "Große Straßen führen über den Fluß",
  "検索拡張生成とは何か",
  "Привет, мир",
  "a",
  "?!… —",
  "🦉🦉",
  `line one\n\tline two\r\n${"long ".repeat(500)}`,
];

export function embedderSuite(name: string, make: () => Promise<EmbedderUnderTest>): void {
  describe(`an embedder: ${name}`, () => {
    let made: EmbedderUnderTest;
    let embedder: Embedder;
    beforeAll(async () => {
      made = await make();
      embedder = made.embedder;
    });
    afterAll(async () => made.close?.());

    test("has an id that names its dimensions", () => {
      expect(Number.isInteger(embedder.dimensions) && embedder.dimensions > 0).toBe(true);
      expect(embedder.id.split("/")).toContain(String(embedder.dimensions));
    });

    test("gives a vector of its dimensions, finite and not zero, for each text", async () => {
      const vectors = await embedder.embed(texts);
      expect(vectors).toHaveLength(texts.length);
      for (const vector of vectors) {
        expect(vector).toBeInstanceOf(Float32Array);
        expect(vector).toHaveLength(embedder.dimensions);
        expect(vector.every(Number.isFinite)).toBe(true);
        expect(vector.some((x) => x !== 0)).toBe(true);
      }
    });

    test("keeps the order of the texts, and gives a text the same vector each time", async () => {
      const together = await embedder.embed(texts);
      const reversed = await embedder.embed([...texts].reverse());
      expect(reversed.reverse()).toEqual(together);
      for (const [i, text] of texts.entries()) expect(await embedder.embed([text])).toEqual([together[i]]);
    });

    test("gives different texts different vectors, in arrays of their own", async () => {
      const vectors = await embedder.embed(texts);
      expect(new Set(vectors.map((vector) => vector.join())).size).toBe(texts.length);
      expect(new Set(vectors.map((vector) => vector.buffer)).size).toBe(texts.length);
    });

    test("gives no vectors for no texts, and leaves its input alone", async () => {
      expect(await embedder.embed([])).toEqual([]);
      await embedder.embed(Object.freeze(["frozen"]));
    });

    test("takes questions too", async () => {
      const [vector] = await embedder.embed(["Who met on Tuesday?"], { kind: "query" });
      expect(vector).toHaveLength(embedder.dimensions);
    });

    test("rejects with the signal's own reason", async () => {
      const reason = new Error("the user left");
      await expect(embedder.embed(["a"], { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
      const controller = new AbortController();
      const pending = embedder.embed(["a"], { signal: controller.signal });
      controller.abort(reason);
      await expect(pending).rejects.toBe(reason);
    });

    test("embeds more texts than fit a batch", async () => {
      const many = Array.from({ length: 300 }, (_, i) => `text number ${i % 290}`);
      const vectors = await embedAll({ ...embedder, limits: { ...embedder.limits, batchSize: 32 } }, many);
      expect(vectors).toHaveLength(300);
      expect([vectors[137]]).toEqual(await embedder.embed([many[137] as string]));
      expect(vectors[295]).toBe(vectors[5]);
    });
  });
}
