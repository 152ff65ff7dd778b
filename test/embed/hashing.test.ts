// The hashing embedder: the same everywhere, never zero, near for shared words in any script.
import fc from "fast-check";
import { expect, test } from "vitest";
import { hashingEmbedder } from "../../src/embed/hashing.ts";
import { ConfigurationError } from "../../src/errors.ts";
import { contentHash } from "../../src/util/hash.ts";

const embedder = hashingEmbedder();
async function similarity(a: string, b: string): Promise<number> {
  const [x, y] = (await embedder.embed([a, b])) as [Float32Array, Float32Array];
  return x.reduce((sum, value, i) => sum + value * (y[i] as number), 0);
}

test("gives the vectors it always gave: whoever changes this raises the version", async () => {
  expect(embedder.id).toBe("hashing/v1/1536");
  const texts = ["How are refunds handled?", "Les réfunds, 返金はどうなりますか。 환불 правила 42", "🦉 …", "x".repeat(5000)];
  const vectors = await embedder.embed(texts);
  expect(contentHash(...vectors.map((vector) => vector.join()))).toBe(
    "a69d60e0d0234c2cc5bf2239c11e9a01e7ff0c8c29f8b4ea969d1f814d25b172",
  );
});

test("vectors have length 1 and are finite for every text with something in it", async () => {
  const text = fc.string({ unit: "binary", minLength: 1 }).filter((value) => value.trim() !== "");
  await fc.assert(
    fc.asyncProperty(text, fc.constantFrom(1, 2, 3, 64, 1536), async (value, dimensions) => {
      const [vector] = await hashingEmbedder({ dimensions }).embed([value]);
      expect(vector!.reduce((sum, x) => sum + x * x, 0)).toBeCloseTo(1, 4);
    }),
  );
});

test("folds case, width and English plurals", async () => {
  expect(await similarity("Ｒｅｆｕｎｄ POLICY", "refund policy")).toBeCloseTo(1, 5);
  for (const [one, many] of [
    ["policy", "policies"],
    ["class", "classes"],
    ["refund", "refunds"],
  ] as const) {
    expect(await similarity(one, many)).toBeGreaterThan(0.75);
  }
});

test.each([
  ["English", "how are refunds handled", "Refund handling: money comes back within a week", "The tower is 300 metres high"],
  ["German", "Wie hoch ist der Eiffelturm?", "Der Eiffelturm ist 330 Meter hoch.", "Rückgaben nehmen wir binnen einer Woche an."],
  ["Russian", "возврат денег", "Возвраты денег занимают неделю", "Башня имеет высоту 330 метров"],
  ["Japanese", "返金の方法", "返金は一週間以内に行われます。", "塔の高さは三百三十メートルです。"],
  ["Thai", "การคืนเงิน", "เราจะคืนเงินภายในหนึ่งสัปดาห์", "หอคอยสูงสามร้อยเมตร"],
  ["Korean", "환불 방법", "환불은 일주일 안에 처리됩니다", "탑의 높이는 삼백 미터입니다"],
  ["misspelt", "recieve a refnd", "You receive a refund within a week", "The tower is 300 metres high"],
])("puts a question nearer to its answer: %s", async (_, question, answer, other) => {
  expect(await similarity(question, answer)).toBeGreaterThan((await similarity(question, other)) + 0.05);
});

test("unrelated texts are near 0, function words hardly count", async () => {
  expect(Math.abs(await similarity("the cost of the tower", "the taste of the soup"))).toBeLessThan(0.15);
  expect(await similarity("what is the warranty", "warranty")).toBeGreaterThan(0.95);
});

test("the order of words counts a little", async () => {
  const swapped = await similarity("dog bites man", "man bites dog");
  expect(swapped).toBeLessThan(0.999);
  expect(swapped).toBeGreaterThan(0.7);
});

test("a text's vector does not depend on those embedded with it, huge ones included", async () => {
  const huge = Array.from({ length: 60_000 }, (_, i) => `word${i}`).join(" ");
  const [, after] = await embedder.embed([huge, "a small text"]);
  expect([after]).toEqual(await embedder.embed(["a small text"]));
});

test.each([0, 1.5, -3, 65_537, Number.NaN])("refuses %d dimensions", (dimensions) => {
  expect(() => hashingEmbedder({ dimensions })).toThrow(ConfigurationError);
});
