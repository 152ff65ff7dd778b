// Costs: every token counted once, and nothing made up for what is not known.
import fc from "fast-check";
import { expect, it } from "vitest";
import { call } from "../../src/llm/call.ts";
import { costOf } from "../../src/llm/cost.ts";
import { prices, pricesAsOf } from "../../src/llm/prices.ts";
import { fake } from "./fake.ts";

const usage = { inputTokens: 1_000_000, outputTokens: 100_000 };
const cost = (modelId: string, model: string, more = {}) => costOf({ modelId, model, usage: { ...usage, ...more } });

it("prices by the model that answered, whichever door it came through and whatever date it bears", () => {
  expect(cost("openai/gpt-5-mini", "gpt-5-mini-2025-08-07")).toBeCloseTo(0.25 + 0.2, 10);
  expect(cost("openai-chat/gpt-4o", "gpt-4o-2024-08-06")).toBeCloseTo(2.5 + 1, 10);
  expect(cost("openai/gpt-4o", "gpt-4o-2024-05-13")).toBeCloseTo(5 + 1.5, 10);
  expect(cost("anthropic/claude-sonnet-4-0", "claude-sonnet-4-20250514")).toBeCloseTo(3 + 1.5, 10);
  expect(cost("anthropic/claude-haiku-4-5", "claude-haiku-4-5-20251001")).toBeCloseTo(1 + 0.5, 10);
});

it("prices what was read from a cache and written to it apart", () => {
  const cached = { cacheReadTokens: 800_000, cacheWriteTokens: 100_000 };
  expect(cost("anthropic/claude-sonnet-4-5", "claude-sonnet-4-5", cached)).toBeCloseTo(
    0.1 * 3 + 0.8 * 0.3 + 0.1 * 3.75 + 1.5,
    10,
  );
  expect(cost("openai/gpt-5", "gpt-5", { cacheReadTokens: 800_000 })).toBeCloseTo(0.2 * 1.25 + 0.8 * 0.125 + 1, 10);
});

it("prices what is kept for an hour above what is kept for five minutes", () => {
  const cached = { cacheWriteTokens: 300_000, cacheWriteHourTokens: 200_000 };
  const both = 0.7 * 3 + 0.1 * 3.75 + 0.2 * 6 + 1.5;
  expect(cost("anthropic/claude-sonnet-4-5", "claude-sonnet-4-5", cached)).toBeCloseTo(both, 10);
  const mine = { "mine/m": { input: 1, output: 1, cacheWrite: 2 } };
  expect(costOf({ modelId: "mine/m", model: "m", usage: { ...usage, ...cached } }, mine)).toBeCloseTo(0.7 + 0.6 + 0.1, 10);
});

it("prices a long prompt at the price of long ones", () => {
  const short = { inputTokens: 100_000, outputTokens: 0 };
  expect(cost("anthropic/claude-haiku-5-5", "claude-haiku-5-5", short)).toBeCloseTo(0.01, 10);
  expect(cost("anthropic/claude-haiku-5-5", "claude-haiku-5-5", { ...short, inputTokens: 100_001 })).toBeCloseTo(0.0500005, 10);
});

it("does not know what it was not told", () => {
  expect(cost("ollama/gpt-4o", "gpt-4o")).toBeUndefined();
  expect(cost("openai/gpt-9", "gpt-9")).toBeUndefined();
  expect(cost("openai/constructor", "toString")).toBeUndefined();
  expect(costOf({ modelId: "openai/gpt-5", model: "gpt-5", usage: { inputTokens: 5 } })).toBeUndefined();
  const mine = { ...prices, "ollama/llama": { input: 0, output: 0 } };
  expect(costOf({ modelId: "ollama/llama", model: "llama", usage }, mine)).toBe(0);
});

it("stands on the response", async () => {
  const known = { ...fake("x"), id: "openai/gpt-4o" };
  expect(await call({ model: known }, () => "hello")()).toMatchObject({
    modelId: "openai/gpt-4o",
    cost: (1 * 2.5 + 2 * 10) / 1e6,
  });
  expect((await call({ model: fake("x") }, () => "hello")()).cost).toBeUndefined();
  const own = { "fake/one": { input: 1, output: 2 } };
  expect((await call({ model: fake("x"), prices: own }, () => "hello")()).cost).toBe((1 * 1 + 2 * 2) / 1e6);
});

it("has a table that makes sense: cached input is never dearer than twice the fresh, and the date is one", () => {
  expect(Date.parse(pricesAsOf)).not.toBeNaN();
  for (const [name, { input, output, cacheRead = input, cacheWrite = input }] of Object.entries(prices)) {
    expect(name).toMatch(/^(openai|anthropic)\/[a-z0-9.-]+$/);
    expect(cacheRead).toBeLessThanOrEqual(input);
    expect(cacheWrite).toBeGreaterThanOrEqual(input);
    expect(output).toBeGreaterThan(input);
  }
  const tokens = fc.nat(2_000_000);
  fc.assert(
    fc.property(fc.constantFrom(...Object.keys(prices)), tokens, tokens, (modelId, inputTokens, outputTokens) => {
      const one = costOf({ modelId, model: "", usage: { inputTokens, outputTokens } }) as number;
      expect(one).toBeGreaterThanOrEqual(0);
      expect(costOf({ modelId, model: "", usage: { inputTokens, outputTokens: outputTokens + 1 } })).toBeGreaterThan(one);
    }),
  );
});
