// What an answer cost, from the tokens that were billed and a table of prices.
import type { Usage } from "./model.ts";
import { type Price, type Prices, prices as standard } from "./prices.ts";

/** What is known of an answer: a `CallResponse` has it. */
export interface Billed {
  usage: Usage;
  /** The model that answered, as the provider names it: "gpt-5-mini-2025-08-07". */
  model: string;
  /** The model that was asked, `provider/name`. */
  modelId: string;
}

/**
 * US dollars, or undefined for a model that is not in the table and for usage that was not reported: never 0 for what is not known. Prices are
 * those of the standard tier; batches, priority tiers and tools that are billed apart are not in it.
 * @param prices In place of the package's own table; `{ ...prices, "mine/model": { input: 1, output: 2 } }` adds to that.
 */
export function costOf({ usage, model, modelId }: Billed, prices: Prices = standard): number | undefined {
  const price = priceOf(model, modelId, prices);
  const { inputTokens, outputTokens, cacheReadTokens = 0, cacheWriteTokens = 0, cacheWriteHourTokens = 0 } = usage;
  if (price === undefined || inputTokens === undefined || outputTokens === undefined) return undefined;
  const { above } = price;
  const {
    input,
    output,
    cacheRead = input,
    cacheWrite = input,
    cacheWriteHour = cacheWrite,
  } = above && inputTokens > above.inputTokens ? above : price;
  const fresh = Math.max(0, inputTokens - cacheReadTokens - cacheWriteTokens);
  const written = (cacheWriteTokens - cacheWriteHourTokens) * cacheWrite + cacheWriteHourTokens * cacheWriteHour;
  return (fresh * input + cacheReadTokens * cacheRead + written + outputTokens * output) / 1e6;
}

function priceOf(model: string, modelId: string, prices: Prices): Price | undefined {
  const slash = modelId.indexOf("/");
  // Chat Completions and Responses are two doors of one provider.
  const named = modelId.slice(0, Math.max(0, slash));
  const provider = named === "openai-chat" ? "openai" : named;
  const of = (name: string) => {
    const key = `${provider}/${name}`;
    return Object.hasOwn(prices, key) ? prices[key] : undefined;
  };
  // What answered is more exact than what was asked, which may be an alias.
  const asked = modelId.slice(slash + 1);
  return of(model) ?? of(undated(model)) ?? of(asked) ?? of(undated(asked));
}

/** Without what a provider puts behind a model's name: a date, `-latest`, or `-0` for the first of its line. */
function undated(name: string): string {
  return name.replace(/-(\d{4}-\d{2}-\d{2}|\d{8}|latest|0)$/, "");
}
