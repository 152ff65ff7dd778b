// What models cost, as their providers' price pages say. Data, with its date: prices change, and `costOf()` takes others.

/** US dollars for a million tokens, at the standard tier. */
export interface Price {
  input: number;
  output: number;
  /** Input read from the provider's cache. Default: as other input. */
  cacheRead?: number;
  /** Input written to the provider's cache, kept for five minutes where there is a choice. Default: as other input. */
  cacheWrite?: number;
  /** Of that, what is kept for an hour. Default: as the rest of it. */
  cacheWriteHour?: number;
  /** In its place for requests whose input, cached or not, is longer than this. */
  above?: { inputTokens: number } & Omit<Price, "above">;
}

/** By `provider/model`, the model without the date at its end. */
export type Prices = Readonly<Record<string, Price>>;

/** When the table was last compared with the providers' pages. */
export const pricesAsOf = "2026-11-23";

/** Anthropic: what is written to the cache costs 1.25 times the input, for an hour twice the input; what is read, a tenth unless another share is given. */
function claude(input: number, output: number, readShare = 0.1): Price {
  return {
    input,
    output,
    cacheRead: rounded(input * readShare),
    cacheWrite: rounded(input * 1.25),
    cacheWriteHour: rounded(input * 2),
  };
}

/** OpenAI: writing to the cache costs nothing extra. */
function gpt(input: number, output: number, cacheRead?: number): Price {
  return { input, output, ...(cacheRead !== undefined && { cacheRead }) };
}

function rounded(price: number): number {
  return Math.round(price * 1e6) / 1e6;
}

/** Sources: platform.claude.com/docs/en/about-claude/pricing and developers.openai.com/api/docs/pricing. */
export const prices: Prices = {
  "anthropic/claude-fable-5-1": claude(10, 50, 0.025),
  "anthropic/claude-fable-5": claude(10, 50),
  "anthropic/claude-opus-5-5": claude(4, 20, 0.05),
  "anthropic/claude-opus-5": claude(5, 25),
  "anthropic/claude-opus-4-8": claude(5, 25),
  "anthropic/claude-opus-4-7": claude(5, 25),
  "anthropic/claude-opus-4-6": claude(5, 25),
  "anthropic/claude-opus-4-5": claude(5, 25),
  "anthropic/claude-opus-4-1": claude(15, 75),
  "anthropic/claude-opus-4": claude(15, 75),
  "anthropic/claude-sonnet-5-5": claude(2, 10, 0.05),
  "anthropic/claude-sonnet-5": claude(2, 10),
  "anthropic/claude-sonnet-4-6": claude(3, 15),
  "anthropic/claude-sonnet-4-5": claude(3, 15),
  "anthropic/claude-sonnet-4": claude(3, 15),
  "anthropic/claude-3-7-sonnet": claude(3, 15),
  "anthropic/claude-haiku-5-5": { ...claude(0.1, 0.5), above: { inputTokens: 100_000, ...claude(0.5, 2.5) } },
  "anthropic/claude-haiku-4-5": claude(1, 5),
  "anthropic/claude-3-5-haiku": claude(0.8, 4),
  "openai/gpt-5.5": gpt(5, 30, 0.5),
  "openai/gpt-5.5-pro": gpt(30, 180),
  "openai/gpt-5.4": gpt(2.5, 15, 0.25),
  "openai/gpt-5.4-mini": gpt(0.75, 4.5, 0.075),
  "openai/gpt-5.4-nano": gpt(0.2, 1.25, 0.02),
  "openai/gpt-5.4-pro": gpt(30, 180),
  "openai/gpt-5.2": gpt(1.75, 14, 0.175),
  "openai/gpt-5.2-pro": gpt(21, 168),
  "openai/gpt-5.1": gpt(1.25, 10, 0.125),
  "openai/gpt-5": gpt(1.25, 10, 0.125),
  "openai/gpt-5-mini": gpt(0.25, 2, 0.025),
  "openai/gpt-5-nano": gpt(0.05, 0.4, 0.005),
  "openai/gpt-5-pro": gpt(15, 120),
  "openai/gpt-4.1": gpt(2, 8, 0.5),
  "openai/gpt-4.1-mini": gpt(0.4, 1.6, 0.1),
  "openai/gpt-4.1-nano": gpt(0.1, 0.4, 0.025),
  "openai/gpt-4o": gpt(2.5, 10, 1.25),
  "openai/gpt-4o-2024-05-13": gpt(5, 15),
  "openai/gpt-4o-mini": gpt(0.15, 0.6, 0.075),
  "openai/o1": gpt(15, 60, 7.5),
  "openai/o3": gpt(2, 8, 0.5),
  "openai/o3-mini": gpt(1.1, 4.4, 0.55),
  "openai/o4-mini": gpt(1.1, 4.4, 0.275),
};
