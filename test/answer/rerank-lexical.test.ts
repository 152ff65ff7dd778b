// Reranking by words alone: what comes first, what is left as it is, and what is refused.
import { describe, expect, it } from "vitest";
import { lexicalReranker } from "../../src/answer/index.ts";
import { InputError } from "../../src/errors.ts";

const rerank = lexicalReranker();
const padding = ["on tea", "on coffee", "on milk", "on water", "on juice"].map((text) => ({ text }));
const rest = padding.map((each) => ({ ...each, score: 0.1 }));

describe("lexicalReranker", () => {
  it("puts words that stand together before words that do not", async () => {
    const apart = { text: "The policy of the shop is on the wall. Whoever wants a refund asks at the desk.", score: 1 };
    const together = { text: "Our refund policy is simple.", score: 0.9 };
    expect((await rerank("What is the refund policy?", [apart, together, ...rest]))[0]).toBe(together);
  });

  it("reads titles and headings", async () => {
    const plain = { text: "It takes two weeks.", score: 1 };
    const titled = { text: "It takes two weeks.", score: 0.9, title: "Refunds" };
    const headed = { text: "It takes two weeks.", score: 0.9, headings: ["Shop", "Refunds"] };
    expect((await rerank("When are refunds paid?", [plain, titled, ...rest]))[0]).toBe(titled);
    expect((await rerank("When are refunds paid?", [plain, headed, ...rest]))[0]).toBe(headed);
  });

  it("leaves a clear lead alone, and everything where no word tells", async () => {
    const best = { text: "Something else.", score: 1 };
    const last = { text: "The refund policy.", score: 0 };
    expect((await rerank("refund policy", [best, ...rest, last]))[0]).toBe(best);
    const hits = [...padding];
    expect(await rerank("penguins", hits)).toEqual(hits);
    expect(await rerank("???", hits)).toEqual(hits);
    expect(await lexicalReranker({ weight: 0 })("water", hits)).toEqual(hits);
    expect(await rerank("q", [])).toEqual([]);
  });

  it("takes hits that are not in the order of their scores by their places", async () => {
    const diverse = [
      { text: "first", score: 0.2 },
      { text: "second", score: 0.9 },
    ];
    expect(await rerank("q", diverse)).toEqual(diverse);
    const level = padding.map((each) => ({ ...each, score: 1 }));
    expect(await rerank("q", level)).toEqual(level);
  });

  it("gives as many as are wanted, ends with the signal, and refuses what cannot be meant", async () => {
    expect(await lexicalReranker({ limit: 2 })("q", padding)).toEqual(padding.slice(0, 2));
    const reason = new Error("enough");
    await expect(rerank("q", padding, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    for (const options of [{ limit: 0 }, { weight: -1 }, { weight: Number.NaN }])
      expect(() => lexicalReranker(options)).toThrow(InputError);
  });
});
