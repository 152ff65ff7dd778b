// The JSON Schemas that Anthropic's structured outputs take: no limits on numbers, lengths and sizes. What is left out is checked when the
// answer comes. https://docs.anthropic.com/en/docs/build-with-claude/structured-outputs#json-schema-limitations
import type { JsonSchema } from "./model.ts";

const limits = new Set(
  "minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minLength maxLength maxItems uniqueItems minProperties maxProperties".split(
    " ",
  ),
);
/** Members whose names are the user's, with a schema each. */
const maps = new Set(["properties", "$defs", "definitions"]);

/** The schema without them. The model is told of each in the description. */
export function withoutLimits(schema: JsonSchema): JsonSchema {
  const kept: JsonSchema = {};
  const told: string[] = [];
  for (const [key, value] of Object.entries(schema)) {
    if (limits.has(key) || (key === "minItems" && value !== 0 && value !== 1)) told.push(`${key}: ${JSON.stringify(value)}`);
    else if (maps.has(key) && isSchema(value))
      kept[key] = Object.fromEntries(Object.entries(value).map(([name, each]) => [name, inside(each)]));
    // The values of `enum` and `const` are no schemas.
    else kept[key] = key === "enum" || key === "const" || key === "default" || key === "examples" ? value : inside(value);
  }
  if (told.length === 0) return kept;
  const limited = `(${told.join(", ")})`;
  return { ...kept, description: typeof kept.description === "string" ? `${kept.description} ${limited}` : limited };
}

function inside(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inside);
  return isSchema(value) ? withoutLimits(value) : value;
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
