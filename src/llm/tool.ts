// Tools: what a model is told of a function of the caller's, and how a call of it is run.
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { ConfigurationError, DrizzleRagError } from "../errors.ts";
import type { InputOf } from "./inferred.ts";
import type { CacheMark, DocumentPart, ImagePart, ModelTool, TextPart, ToolCallPart, ToolResultPart } from "./model.ts";
import { checked, issuesText, jsonSchemaOf, type Schema } from "./schema.ts";
import { strictSchema } from "./strict-schema.ts";

/** What a tool gives back: text, parts, or anything that JSON can hold. */
export type ToolOutput = string | readonly (TextPart | ImagePart | DocumentPart)[] | unknown;

export interface ToolContext {
  /** Of the call. */
  signal: AbortSignal | undefined;
  /** The model's id of this call of the tool. */
  id: string;
}

export interface ToolDefinition<Name extends string = string, S extends Schema = Schema> {
  /** 1 to 64 of letters, digits, `_` and `-`: what all providers take. */
  name: Name;
  /** When to use it and what it gives, for the model. */
  description?: string | undefined;
  /** Of the arguments; they are checked before `run`. Default: none. */
  input?: S | undefined;
  /** The provider makes sure that the arguments fit, where it can and the schema allows. Default: false. */
  strict?: boolean | undefined;
  /** Ends a part of the request that the provider is to cache. */
  cache?: CacheMark | undefined;
  /** Left out: the call stops with the tool's call in its response, for the caller to answer. */
  run?: ((input: StandardSchemaV1.InferOutput<S>, context: ToolContext) => ToolOutput | Promise<ToolOutput>) | undefined;
}

/** Told why a tool gave no result, before its result says so; `cause` is what it threw. What it throws itself is thrown. */
export type OnToolFailure = (reason: "arguments" | "failed", message: string, cause?: unknown) => void | Promise<void>;

/** A tool, for the `tools` of a call. `Input` is what its schema takes. */
export interface Tool<Name extends string = string, Input = unknown> {
  readonly name: Name;
  /** What the model is told. */
  readonly model: ModelTool;
  /** Whether it runs by itself. */
  readonly runs: boolean;
  /** The result of one call of it, also where it fails: then the model is told how. Throws the signal's reason after an abort. */
  answer(call: ToolCallPart, signal: AbortSignal | undefined, onFailure?: OnToolFailure): Promise<ToolResultPart>;
  /** For types alone: what the model is to give. */
  readonly input?: Input;
}

/** A tool that the provider runs itself, such as its web search, in the provider's own words. */
export interface ProviderTool {
  type: "provider";
  tool: Record<string, unknown>;
}

export type AnyTool = Tool | ProviderTool;

/**
 * A function that a model may call. Arguments that do not fit, and errors thrown by `run`, are handed back to the model as its result, so that
 * it can try again or say so.
 *
 * @throws ConfigurationError for a name that providers refuse, and for a schema that cannot be shown to a model.
 */
export function tool<Name extends string, S extends Schema = Schema<Record<string, never>>>(
  definition: ToolDefinition<Name, S>,
): Tool<Name, InputOf<S>> {
  const { name, description, input, strict = false, cache, run } = definition;
  if (!/^[\w-]{1,64}$/.test(name))
    throw new ConfigurationError(`"${name}" is no name for a tool: providers take 1 to 64 letters, digits, _ and -.`);
  const given =
    input === undefined
      ? { type: "object", properties: {}, additionalProperties: false }
      : withoutDialect(jsonSchemaOf(input, `The tool "${name}"`));
  if (given.type !== "object" && given.$ref === undefined && given.anyOf === undefined)
    throw new ConfigurationError(`The tool "${name}" takes an object: wrap its input, such as z.object({ value: … }).`);
  const tight = strict ? strictSchema(given) : undefined;
  const isStrict = tight?.strict === true;
  return {
    name,
    runs: run !== undefined,
    model: {
      type: "function",
      name,
      ...(description !== undefined && { description }),
      inputSchema: isStrict ? tight.schema : given,
      ...(isStrict && { strict: true }),
      ...(cache !== undefined && { cache }),
    },
    async answer(call, signal, onFailure) {
      signal?.throwIfAborted();
      const refused = (text: string) => result(call, [{ type: "text", text }], true);
      if (run === undefined) return refused(`The tool "${name}" does not run here.`);
      const value = isStrict ? tight.restore(call.input) : call.input;
      const arguments_ = input === undefined ? { value: {} } : await checked(input, value);
      if ("issues" in arguments_) {
        const message = `The arguments do not fit the tool's schema:\n${issuesText(arguments_.issues)}`;
        await onFailure?.("arguments", message);
        return refused(message);
      }
      try {
        return result(call, contentOf(await run(arguments_.value, { signal, id: call.id })), false);
      } catch (error) {
        signal?.throwIfAborted();
        // A mistake in the program is not the model's to mend.
        if (error instanceof ConfigurationError) throw error;
        const message = told(error);
        await onFailure?.("failed", message, error);
        return refused(message);
      }
    },
  };
}

/** A tool of the provider's own, handed through as it is: `providerTool({ type: "web_search" })`. What it does is in `raw` and in `content`. */
export function providerTool(tool: Record<string, unknown>): ProviderTool {
  return { type: "provider", tool };
}

export function result(call: ToolCallPart, content: ToolResultPart["content"], isError: boolean): ToolResultPart {
  return { type: "tool-result", id: call.id, name: call.name, content, ...(isError && { isError }) };
}

function told(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error instanceof DrizzleRagError ? error.message : `${error.name}: ${error.message}`;
}

function contentOf(output: ToolOutput): ToolResultPart["content"] {
  if (typeof output === "string") return [{ type: "text", text: output }];
  if (Array.isArray(output) && output.length > 0 && output.every(isPart)) return [...output];
  const text =
    output === undefined ? "done" : JSON.stringify(output, (_, each) => (typeof each === "bigint" ? String(each) : each));
  return [{ type: "text", text }];
}

function isPart(part: unknown): part is TextPart | ImagePart | DocumentPart {
  const { type, text, source } = (part ?? {}) as { type?: unknown; text?: unknown; source?: unknown };
  return type === "text" ? typeof text === "string" : (type === "image" || type === "document") && typeof source === "object";
}

function withoutDialect({ $schema: _, ...schema }: Record<string, unknown>): Record<string, unknown> {
  return schema;
}
