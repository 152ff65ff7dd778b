// A JSON Schema in the form that strict structured output takes: an object at the root, every member required, nothing beside them.
// https://platform.openai.com/docs/guides/structured-outputs#supported-schemas
import type { JsonSchema } from "./model.ts";

/** A schema that providers take in strict mode, and the way back from what fits it to what fits the schema that it was made of. */
export interface StrictSchema {
  schema: JsonSchema;
  /** False where the schema says what strict mode cannot, such as objects with any keys: then it is sent as it is. */
  strict: boolean;
  restore(value: unknown): unknown;
  /** Out of the object that was put around a root that is none; at no cost, for values that are still being written. */
  unwrapped(value: unknown): unknown;
}

/** The member that holds an answer whose root is no object. */
const wrapper = "value";

/** A member that may be left out becomes one that may be null, and a null in its place is taken out again. */
export function strictSchema(given: JsonSchema): StrictSchema {
  const { $schema: _, ...root } = given;
  const wrap = root.type !== "object" || "anyOf" in root || "oneOf" in root || "$ref" in root;
  const { $defs, ...body } = root;
  const whole: JsonSchema = wrap
    ? {
        type: "object",
        properties: { [wrapper]: rerooted(body) },
        required: [wrapper],
        additionalProperties: false,
        ...($defs !== undefined && { $defs: rerooted($defs) }),
      }
    : root;
  const isStrict = { possible: true };
  const schema = tightened(whole, isStrict) as JsonSchema;
  const strict = isStrict.possible;
  const unwrapped = (value: unknown) => (wrap && isObject(value) ? value[wrapper] : value);
  return {
    schema: strict ? schema : whole,
    strict,
    restore(value) {
      const restored = strict ? withoutNulls(value, whole, whole) : value;
      return unwrapped(restored);
    },
    unwrapped,
  };
}

/** References to the root mean the wrapped one. */
function rerooted(schema: unknown): unknown {
  return JSON.parse(JSON.stringify(schema).replaceAll('"$ref":"#"', `"$ref":"#/properties/${wrapper}"`));
}

/** Keywords whose value is a map of schemas, or a list of them, or one. */
const maps = new Set(["properties", "$defs", "definitions", "patternProperties"]);
const lists = new Set(["anyOf", "oneOf", "allOf", "prefixItems"]);
const single = new Set(["items", "not"]);
/** Said elsewhere or nowhere: strict mode refuses them. */
const dropped = new Set(["default", "$schema", "title", "examples"]);

function tightened(schema: unknown, isStrict: { possible: boolean }): unknown {
  if (!isObject(schema)) return schema;
  const result: JsonSchema = {};
  for (const [key, value] of Object.entries(schema)) {
    if (dropped.has(key)) continue;
    if (maps.has(key) && isObject(value)) {
      result[key] = Object.fromEntries(Object.entries(value).map(([name, each]) => [name, tightened(each, isStrict)]));
    } else if (lists.has(key) && Array.isArray(value)) {
      // Strict mode knows anyOf alone; what fits exactly one of several fits one of them.
      result[key === "oneOf" ? "anyOf" : key] = value.map((each) => tightened(each, isStrict));
    } else if (single.has(key)) result[key] = tightened(value, isStrict);
    else result[key] = value;
  }
  if (
    result.allOf !== undefined ||
    result.patternProperties !== undefined ||
    result.not !== undefined ||
    result.prefixItems !== undefined
  )
    isStrict.possible = false;
  if (result.type !== "object" && result.properties === undefined) return result;
  const open = result.additionalProperties;
  if (open === true || isObject(open)) isStrict.possible = false;
  const properties = (result.properties ?? {}) as Record<string, unknown>;
  const required = new Set((result.required ?? []) as string[]);
  const members = Object.entries(properties).map(([name, each]) => [name, required.has(name) ? each : orNull(each)]);
  return { ...result, properties: Object.fromEntries(members), required: Object.keys(properties), additionalProperties: false };
}

function orNull(schema: unknown): unknown {
  return takesNull(schema) ? schema : { anyOf: [schema, { type: "null" }] };
}

function takesNull(schema: unknown): boolean {
  if (!isObject(schema)) return true;
  const { type, anyOf, oneOf, const: only, enum: several, $ref } = schema;
  if (type === "null" || (Array.isArray(type) && type.includes("null")) || only === null) return true;
  if (Array.isArray(several) && several.includes(null)) return true;
  const choices = (anyOf ?? oneOf) as unknown[] | undefined;
  return choices?.some(takesNull) ?? (type === undefined && $ref === undefined && several === undefined && only === undefined);
}

/** Takes out the nulls of members that may be left out and take no null. */
function withoutNulls(value: unknown, schema: unknown, root: JsonSchema): unknown {
  if (!isObject(schema)) return value;
  if (typeof schema.$ref === "string") return withoutNulls(value, resolve(schema.$ref, root), root);
  const choices = (schema.anyOf ?? schema.oneOf) as unknown[] | undefined;
  if (choices !== undefined) {
    const fitting = choices.find((choice) => fits(value, choice, root));
    return fitting === undefined ? value : withoutNulls(value, fitting, root);
  }
  if (Array.isArray(value)) return value.map((each) => withoutNulls(each, schema.items, root));
  if (!isObject(value) || !isObject(schema.properties)) return value;
  const properties = schema.properties;
  const required = (schema.required ?? []) as string[];
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, each]) => {
      const member = properties[name];
      if (each === null && !required.includes(name) && !takesNull(resolved(member, root))) return [];
      return [[name, withoutNulls(each, member, root)]];
    }),
  );
}

/** Whether a value could be of this choice, going by its type, its constants and its members. */
function fits(value: unknown, choice: unknown, root: JsonSchema): boolean {
  const schema = resolved(choice, root);
  if (!isObject(schema)) return true;
  if ("const" in schema) return schema.const === value;
  if (Array.isArray(schema.enum)) return schema.enum.includes(value);
  const choices = (schema.anyOf ?? schema.oneOf) as unknown[] | undefined;
  if (choices !== undefined) return choices.some((each) => fits(value, each, root));
  const { type } = schema;
  const kind = value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
  const types = Array.isArray(type) ? type : [type];
  if (type !== undefined && !types.includes(kind) && !(kind === "number" && types.includes("integer"))) return false;
  if (!isObject(value) || !isObject(schema.properties)) return true;
  const { properties } = schema;
  const required = (schema.required ?? []) as string[];
  if (!required.every((name) => name in value) || !Object.keys(value).every((name) => name in properties)) return false;
  return Object.entries(value).every(
    ([name, each]) => (each === null && !required.includes(name)) || fits(each, properties[name], root),
  );
}

function resolved(schema: unknown, root: JsonSchema): unknown {
  return isObject(schema) && typeof schema.$ref === "string" ? resolve(schema.$ref, root) : schema;
}

function resolve(ref: string, root: JsonSchema): unknown {
  let at: unknown = root;
  for (const step of ref.split("/").slice(1)) {
    if (!isObject(at)) return undefined;
    at = at[decodeURIComponent(step).replaceAll("~1", "/").replaceAll("~0", "~")];
  }
  return at;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
