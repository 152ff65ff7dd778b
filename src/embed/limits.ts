// How much goes into one request: the defaults, and a check of what an embedder says.
import { ConfigurationError } from "../errors.ts";
import type { EmbedderLimits } from "./embedder.ts";

/** What holds where an embedder says nothing else: modest enough for a server on a laptop. */
export const defaultLimits: Readonly<EmbedderLimits> = { batchSize: 128, batchTokens: 50_000, concurrency: 4, retries: 5 };

/** An embedder's limits with the defaults filled in. Throws a `ConfigurationError` for a number that cannot be. */
export function resolveLimits(limits: Partial<EmbedderLimits> = {}): EmbedderLimits {
  const resolved = { ...defaultLimits };
  for (const name of ["batchSize", "batchTokens", "concurrency", "retries"] as const) {
    const value = limits[name] ?? resolved[name];
    const least = name === "retries" ? 0 : 1;
    if (!Number.isInteger(value) || value < least) {
      throw new ConfigurationError(`limits.${name} is ${value}. Give a whole number of at least ${least}.`);
    }
    resolved[name] = value;
  }
  return resolved;
}
