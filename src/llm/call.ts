// call(): a prompt, which is a plain function, made into a function that asks a model.
import { ConfigurationError } from "../errors.ts";
import { abortable } from "./connection.ts";
import { answer, type Plan, streamed } from "./converse.ts";
import type { CallTypes, Changed, Given, SourceOf, TypesOf } from "./inferred.ts";
import type { Model, ModelRequest, RequestMessage } from "./model.ts";
import { outputPlan } from "./output.ts";
import { prepareRequest } from "./prepare.ts";
import { resolveModel } from "./resolve.ts";
import type { CallResponse } from "./response.ts";
import type { Schema } from "./schema.ts";
import {
  type CallSettings,
  checkNames,
  type ModelInput,
  overlay,
  type Prompt,
  type PromptResult,
  resolvePrompt,
} from "./settings.ts";
import type { CallStream } from "./stream.ts";
import type { AnyTool, Tool } from "./tool.ts";

/** Settings of which types are inferred. */
type TypedSettings<G extends Given> = CallSettings & { [Name in keyof G]?: G[Name] | undefined };

/** A request as it would be sent. */
export interface RenderedCall extends ModelRequest {
  /** Of the model that would be asked, `provider/name`. */
  model: string;
  /** The body of the provider's request, as far as the model can show it. */
  body?: unknown;
}

/** A prompt with a model: `await ask("…")`. It holds no state; every call stands for itself. */
export interface Call<P extends Prompt, T extends CallTypes = CallTypes> {
  /**
   * Asks. Throws a `ConfigurationError` for settings that do not fit, a `MissingKeyError` or `MissingPackageError` before anything is sent,
   * a `ProviderError` when the request fails, the signal's reason after an abort, and what the prompt throws. With `output`: an `InvalidOutputError` for an answer that does not fit it, a `RefusalError`, a `ContentFilterError`.
   */
  (...args: Parameters<P>): Promise<CallResponse<SourceOf<P>, T>>;
  /** Asks for a streamed answer, when it is first read. Errors come where it is read. */
  stream(...args: Parameters<P>): CallStream<SourceOf<P>, T>;
  /** A new call with other settings. They go before what the prompt returns; a `signal` is added to those that are there. */
  with<M extends ModelInput = never, O extends Schema = never, L extends readonly AnyTool[] = never>(
    settings: TypedSettings<{ model: M; output: O; tools: L }>,
  ): Call<P, Changed<T, { model: M; output: O; tools: L }>>;
  /** The messages as they would be sent, sources included; nothing is sent. */
  messages(...args: Parameters<P>): Promise<RequestMessage[]>;
  /** The whole request as it would be sent, with the provider's body; nothing is sent. */
  render(...args: Parameters<P>): Promise<RenderedCall>;
}

/**
 * Makes a prompt callable. The prompt may be async and returns a string, parts, messages, or a config object with `messages` and any setting;
 * what it returns goes before `options`, and settings given to `with()` go before both.
 *
 * Its `sources` are sent as data: natively to models that cite by themselves, else numbered, fenced and escaped. `citations` of the response
 * have been looked up in the sources, and hold the very objects that the prompt returned.
 *
 * Throws a `ConfigurationError` at once for a name that is no setting or no model.
 */
export function call<
  P extends Prompt,
  M extends ModelInput = never,
  O extends Schema = never,
  L extends readonly AnyTool[] = never,
>(options: TypedSettings<{ model: M; output: O; tools: L }>, prompt: P): Call<P, TypesOf<P, { model: M; output: O; tools: L }>> {
  if (typeof prompt !== "function")
    throw new ConfigurationError("call(options, prompt): the prompt is a function that returns the messages.");
  checkSettings(options, "call()");
  // The types that were inferred stand on the outside; inside, a prompt takes what it takes.
  return build(options, {}, prompt as unknown as UntypedPrompt, new Map()) as unknown as Call<
    P,
    TypesOf<P, { model: M; output: O; tools: L }>
  >;
}

type UntypedPrompt = (...args: unknown[]) => PromptResult | Promise<PromptResult>;

/** Names resolved before, so that a call keeps one client. */
type KnownModels = Map<string, Model>;

function build(base: CallSettings, overrides: CallSettings, prompt: UntypedPrompt, known: KnownModels): Call<UntypedPrompt> {
  // What ends the call also while its prompt is still searching.
  const { signal: early } = overlay(base, overrides);

  async function prepare(args: unknown[]): Promise<Plan> {
    early?.throwIfAborted();
    const resolved = resolvePrompt(
      await (early === undefined ? prompt(...args) : abortable(Promise.resolve(prompt(...args)), early)),
      base,
      overrides,
    );
    const { settings, messages, sources = [] } = resolved;
    const model = modelOf(settings, known);
    const output = outputPlan(settings);
    const request = prepareRequest(model, resolved, output);
    const citations = output === undefined ? model.citations : "native";
    return {
      model,
      request,
      facts: { modelId: model.id, citations, messages, sources, prices: settings.prices, metadata: settings.metadata },
      signal: settings.signal,
      tools: (settings.tools ?? []).filter((each): each is Tool => "answer" in each),
      maxSteps: settings.maxSteps ?? 1,
      stopWhen: settings.stopWhen,
      approve: settings.approve,
      onToolError: settings.onToolError,
      output,
    };
  }

  const ask = async (...args: unknown[]) => answer(await prepare(args));
  return Object.assign(ask, {
    stream: (...args: unknown[]) => streamed(() => prepare(args)),
    with(settings: CallSettings): Call<UntypedPrompt, never> {
      checkSettings(settings, "with()");
      // A later `with` goes before an earlier one; signals add up in both.
      return build(base, overlay(overrides, settings), prompt, known) as Call<UntypedPrompt, never>;
    },
    messages: async (...args: unknown[]) => (await prepare(args)).request.messages,
    async render(...args: unknown[]): Promise<RenderedCall> {
      const { model, request } = await prepare(args);
      return { model: model.id, ...request, ...(model.encode !== undefined && { body: model.encode(request) }) };
    },
  });
}

function checkSettings(settings: CallSettings, where: string): void {
  checkNames(settings, where);
  if (typeof settings.model === "string") resolveModel(settings.model);
}

function modelOf({ model, client }: CallSettings, known: KnownModels): Model {
  if (model === undefined)
    throw new ConfigurationError(
      'No model. Give one: call({ model: "openai/gpt-5-mini" }, prompt), or let the prompt return it.',
    );
  if (typeof model !== "string" || client !== undefined) return resolveModel(model, client);
  const found = known.get(model) ?? resolveModel(model);
  known.set(model, found);
  return found;
}
