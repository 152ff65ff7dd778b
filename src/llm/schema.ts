// Schemas as people write them (any Standard Schema), as JSON Schema for models, and as the check of what comes back.
import type { StandardJSONSchemaV1, StandardSchemaV1 } from "@standard-schema/spec";
import { ConfigurationError } from "../errors.ts";
import type { JsonSchema } from "./model.ts";

/** A schema of zod, valibot, arktype and others: https://standardschema.dev. For one that cannot write itself as JSON Schema, see `jsonSchema()`. */
export type Schema<Output = unknown> = StandardSchemaV1<unknown, Output>;

/** One thing that a value has against its schema. */
export interface SchemaIssue {
  /** Where in the value, such as `items.0.name`; empty for the whole. */
  path: string;
  message: string;
}

/**
 * A schema given as JSON Schema: for libraries that cannot write theirs, and for schemas that come from elsewhere.
 * @param schema What the model is told, draft 2020-12.
 * @param check Any Standard Schema that the value is held against. Default: none, the value is taken as it came.
 */
export function jsonSchema<Output = unknown>(schema: JsonSchema, check?: StandardSchemaV1<unknown, Output>): Schema<Output> {
  return {
    "~standard": {
      version: 1,
      vendor: "drizzle-rag",
      validate: (value) => (check === undefined ? { value: value as Output } : check["~standard"].validate(value)),
      jsonSchema: { input: () => schema, output: () => schema },
    } as StandardSchemaV1<unknown, Output>["~standard"],
  };
}

/**
 * What a model is told of a schema: the form that goes into it, before its own conversions.
 * @throws ConfigurationError for a schema that does not write itself as JSON Schema.
 */
export function jsonSchemaOf(schema: Schema, what: string): JsonSchema {
  const standard = schema?.["~standard"] as (Schema["~standard"] & Partial<StandardJSONSchemaV1["~standard"]>) | undefined;
  if (standard === undefined)
    throw new ConfigurationError(`${what}: this is no schema. Give one of zod, valibot or arktype, or jsonSchema({ … }).`);
  if (typeof standard.jsonSchema?.input !== "function") {
    throw new ConfigurationError(
      `${what}: ${standard.vendor} does not write this schema as JSON Schema by itself. ` +
        "Use zod 4.2 or later, arktype 2.1.28 or later, valibot's toStandardJsonSchema(), or jsonSchema(schema, check).",
    );
  }
  try {
    return { ...standard.jsonSchema.input({ target: "draft-2020-12" }) };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ConfigurationError(`${what}: ${standard.vendor} cannot write this schema as JSON Schema: ${why}`, { cause: error });
  }
}

/** The value as the schema makes it, or what it has against it. */
export async function checked<Output>(
  schema: Schema<Output>,
  value: unknown,
): Promise<{ value: Output } | { issues: SchemaIssue[] }> {
  const result = await schema["~standard"].validate(value);
  if (result.issues === undefined) return { value: result.value };
  return {
    issues: result.issues.map(({ message, path = [] }) => ({
      message,
      path: path.map((step) => String(typeof step === "object" ? step.key : step)).join("."),
    })),
  };
}

/** Issues as text, for models and for people. */
export function issuesText(issues: readonly SchemaIssue[]): string {
  return issues.map(({ path, message }) => (path === "" ? message : `${path}: ${message}`)).join("\n");
}
