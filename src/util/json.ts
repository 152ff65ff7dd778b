// From any value to one that JSON, and a jsonb column, can hold.
import type { Json } from "../values.ts";

const LONE_SURROGATE = /\p{Surrogate}/gu;

/**
 * Makes a value safe for a `jsonb` column: dates become ISO strings, large integers strings, and what JSON has no word for (NaN,
 * infinity, functions, undefined, an object inside itself) null. NUL characters and halves of surrogate pairs become U+FFFD.
 */
export function toJson(value: unknown, within: readonly object[] = []): Json {
  if (value === null || typeof value === "boolean") return value;
  if (typeof value === "string") return value.replaceAll("\0", "\uFFFD").replace(LONE_SURROGATE, "\uFFFD");
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (typeof value === "bigint") return value.toString();
  if (typeof value !== "object" || within.includes(value)) return null;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  const path = [...within, value];
  if (Array.isArray(value)) return value.map((item) => toJson(item, path));
  const entries = value instanceof Map ? [...value] : value instanceof Set ? undefined : Object.entries(value);
  if (entries === undefined) return [...(value as Set<unknown>)].map((item) => toJson(item, path));
  // `fromEntries` defines properties, so a key "__proto__" does no harm.
  return Object.fromEntries(entries.map(([key, item]) => [String(toJson(String(key))), toJson(item, path)]));
}
