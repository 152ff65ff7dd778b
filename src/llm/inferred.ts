// The types that a call infers: of its sources, its output, the tools that may be called, and the provider's own response.

import type { Anthropic } from "@anthropic-ai/sdk";
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { OpenAI } from "openai";
import type { Source } from "../values.ts";
import type { ExtractiveRaw } from "./extractive.ts";
import type { Model, ToolCallPart } from "./model.ts";
import type { Schema } from "./schema.ts";
import type { ServerName } from "./servers.ts";
import type { ModelInput, Prompt } from "./settings.ts";
import type { AnyTool, Tool } from "./tool.ts";

/** What is known of a call's types besides those of its sources. */
export interface CallTypes {
  /** Of the provider's own response. */
  raw: unknown;
  /** Of the value that was asked for; `undefined` where none was. */
  output: unknown;
  /** Of the tool calls: a union told apart by `name` where the tools are known. */
  toolCall: ToolCallPart;
}

/**
 * A call of a tool with this name. `input` is what the tool's schema takes, as the model was told; it is checked when the tool is run and not
 * before, and a model may make up a name too.
 */
export interface ToolCall<Name extends string = string, Input = unknown> extends ToolCallPart {
  name: Name;
  input: Input;
}

/** A call of one of these tools; of any where they are not known. */
export type ToolCallOf<Tools> = [CallOf<Each<Tools>>] extends [never] ? ToolCallPart : CallOf<Each<Tools>>;
type Each<List> = List extends readonly (infer One)[] ? One : never;
type CallOf<T> = T extends Tool<infer Name, infer Input> ? ToolCall<Name, Input> : never;

/** What a schema takes; what it gives where it does not say. */
export type InputOf<S extends Schema> =
  unknown extends StandardSchemaV1.InferInput<S> ? StandardSchemaV1.InferOutput<S> : StandardSchemaV1.InferInput<S>;

/** The types of a call with settings of these types. */
export interface TypesOf<P extends Prompt, G extends Given> extends CallTypes {
  raw: RawOf<G["model"] | ModelIn<Returned<P>>>;
  output: OutputOf<P, G["output"]>;
  toolCall: ToolCallOf<G["tools"] | ToolsIn<Returned<P>>>;
}

/** The types of a call with other settings, which go before all that it has; `never` for what is not among them. */
export interface Changed<T extends CallTypes, G extends Given> extends CallTypes {
  raw: [G["model"]] extends [never] ? T["raw"] : RawOf<G["model"]>;
  output: [G["output"]] extends [never] ? T["output"] : ValueOf<G["output"]>;
  toolCall: [G["tools"]] extends [never] ? T["toolCall"] : ToolCallOf<G["tools"]>;
}

/** The settings that types come from. */
export interface Given {
  model: ModelInput;
  output: Schema;
  tools: readonly AnyTool[];
}

type Returned<P extends Prompt> = Awaited<ReturnType<P>>;
type SourcesIn<R> = R extends { sources: infer L } ? (NonNullable<L> extends readonly (infer S)[] ? S : never) : never;
type OutputIn<R> = R extends { output: infer O } ? NonNullable<O> : never;
type ModelIn<R> = R extends { model: infer M } ? NonNullable<M> : never;
type ToolsIn<R> = R extends { tools: infer T } ? NonNullable<T> : never;

/** The type of a prompt's own sources; `Source` where it returns none. */
export type SourceOf<P extends Prompt> = [SourcesIn<Returned<P>>] extends [never]
  ? Source
  : SourcesIn<Returned<P>> extends Source
    ? SourcesIn<Returned<P>>
    : Source;

/** The type of `output`: of the prompt's own schema, else of the settings'; `undefined` without one. */
type OutputOf<P extends Prompt, O> = [OutputIn<Returned<P>>] extends [never] ? ValueOf<O> : ValueOf<OutputIn<Returned<P>>>;
type ValueOf<O> = [O] extends [never] ? undefined : O extends Schema<infer Value> ? Value : undefined;

/** The type of a model's `raw`; `unknown` for a name that is not a literal. */
export type RawOf<M> =
  M extends Model<infer Raw>
    ? Raw
    : M extends `openai/${string}`
      ? OpenAI.Responses.Response
      : M extends `openai-chat/${string}` | `${ServerName}/${string}`
        ? OpenAI.Chat.ChatCompletion
        : M extends `anthropic/${string}`
          ? Anthropic.Message
          : M extends "extractive"
            ? ExtractiveRaw
            : unknown;
