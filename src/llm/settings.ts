// What a call can be told: the settings, what a prompt may return, and how they are laid over each other and checked.
import { ConfigurationError, InputError, type ToolError } from "../errors.ts";
import type { Json, Source } from "../values.ts";
import type { AnthropicOptions } from "./anthropic.ts";
import type {
  AssistantPart,
  Extra,
  Message,
  Model,
  ModelParams,
  ModelResponse,
  ReasoningEffort,
  SystemPrompt,
  TextPart,
  ToolCallPart,
  ToolChoice,
  UserPart,
} from "./model.ts";
import type { OpenAIChatOptions, OpenAIOptions } from "./openai.ts";
import type { Prices } from "./prices.ts";
import type { Schema } from "./schema.ts";
import type { ServerName } from "./servers.ts";
import { joinSystem } from "./text.ts";
import type { AnyTool } from "./tool.ts";

/** A model, or its name: "openai/gpt-5-mini", "openai-chat/gpt-4o", "anthropic/claude-sonnet-5-5", "extractive". */
export type ModelInput =
  | Model
  | `openai/${string}`
  | `openai-chat/${string}`
  | `anthropic/${string}`
  | `${ServerName}/${string}`
  | "extractive"
  | (string & {});

/** An SDK's client of your own, for a model given by name. */
export type ClientInput = NonNullable<OpenAIOptions["client"] | OpenAIChatOptions["client"] | AnthropicOptions["client"]>;

/** Settings of a call. All can be given to `call`, returned by its prompt, or changed with `with()`. */
export interface CallSettings extends ModelParams {
  model?: ModelInput | undefined;
  /** Instructions. With sources and a model that does not cite by itself, how to cite is added behind them. */
  system?: SystemPrompt | undefined;
  /** For what the provider has and this package has not named. Merged member by member; what is nearer to the call wins. */
  extra?: Extra | undefined;
  /** Used in place of a client of our own making, when `model` is a name. */
  client?: ClientInput | undefined;
  /** What the model may call; see `tool()`. Made afresh by the prompt where they depend on its arguments. */
  tools?: readonly AnyTool[] | undefined;
  /** `required` and one tool by name hold until tools have been run: then the model may answer. Default: as the model likes. */
  toolChoice?: ToolChoice | undefined;
  /** Whether the model may call several tools in one turn. Default: the provider's. */
  parallelToolCalls?: boolean | undefined;
  /**
   * Most times the model is asked in one call. Above 1, tools that it calls are run and their results given back, until it answers or calls
   * one that does not run by itself. Default: 1, the calls are the response's `toolCalls`.
   */
  maxSteps?: number | undefined;
  /**
   * Asked each time the model calls tools that would be run, with all its responses so far: `true` ends the call there, and the calls are the
   * response's `toolCalls`. Default: never.
   */
  stopWhen?: ((steps: readonly ModelResponse[]) => boolean | Promise<boolean>) | undefined;
  /**
   * Asked before each tool is run. `false`, or a text that says why not, goes to the model in place of a result. Default: all are run.
   */
  approve?: ((call: ToolCallPart) => boolean | string | Promise<boolean | string>) | undefined;
  /**
   * Told of each tool that gave no result (it threw, its arguments do not fit, there is no such tool) before the model is told. What it throws
   * ends the call. Default: the model alone is told.
   */
  onToolError?: ((error: ToolError) => void | Promise<void>) | undefined;
  /** How long the model thinks before it answers. Default: the provider's. */
  reasoning?: ReasoningEffort | undefined;
  /** The answer is a value of this schema: `output` of the response, checked. */
  output?: Schema | undefined;
  /**
   * How the model is told of `output`. `native`: the provider makes sure of it. `tool`: as the arguments of a tool, `json`: in words, for models
   * without. Default: native.
   */
  outputMode?: OutputMode | undefined;
  /** Times the model is shown what is wrong with its output and asked again. Default: 1. */
  outputRetries?: number | undefined;
  /** What `cost` goes by, in place of the package's table; see `costOf()`. */
  prices?: Prices | undefined;
  /** Notes of your own, such as a user or an experiment: on the response, and given to wrappers, which may log them. Sent to no provider. */
  metadata?: Readonly<Record<string, Json>> | undefined;
  /** Ends the call. Where several are given (here, by the prompt, by `with`), each of them does. */
  signal?: AbortSignal | undefined;
}

/** See `outputMode` of the settings. */
export type OutputMode = "native" | "tool" | "json";

/** A turn, as loosely as people write it. A `system` turn goes to the system prompt. */
export type MessageInput =
  | { role: "system"; content: string | TextPart | readonly TextPart[] }
  | { role: "user"; content: string | UserPart | readonly UserPart[] }
  | { role: "assistant"; content: string | AssistantPart | readonly AssistantPart[]; model?: string };

/** The conversation: what the user says, as text or parts, or turns. */
export type MessagesInput = string | UserPart | readonly (string | UserPart)[] | MessageInput | readonly MessageInput[];

/** What a prompt returns when it has more to say than messages. Settings in it go before those given to `call`. */
export interface PromptConfig<S extends Source = Source> extends CallSettings {
  messages: MessagesInput;
  /** What the answer may rest on, best first. Citations hold these very objects. */
  sources?: readonly S[] | undefined;
}

export type PromptResult = MessagesInput | PromptConfig;

/** A prompt: a plain function. Its arguments are the call's arguments, its closure is the state. */
export type Prompt = (...args: never[]) => PromptResult | Promise<PromptResult>;

/** Settings and prompt laid over each other; `messages` normalised. */
export interface Resolved {
  settings: CallSettings;
  params: ModelParams;
  messages: Message[];
  sources: readonly Source[] | undefined;
}

const paramNames = ["maxTokens", "temperature", "topP", "topK", "seed", "stopSequences"] as const satisfies (keyof ModelParams)[];
const settingNames = [
  ...paramNames,
  ...(["model", "system", "extra", "client", "signal", "reasoning", "prices", "metadata"] as const),
  ...(["tools", "toolChoice", "parallelToolCalls", "maxSteps", "stopWhen", "approve", "onToolError"] as const),
  ...(["output", "outputMode", "outputRetries"] as const),
] as const satisfies (keyof CallSettings)[];

const knownSettings: ReadonlySet<string> = new Set(settingNames);

/** Throws a `ConfigurationError` for a name that is no setting: a misspelt one would be ignored in silence. */
export function checkNames(settings: object, where: string, also: readonly string[] = []): void {
  for (const name of Object.keys(settings)) {
    if (knownSettings.has(name) || also.includes(name)) continue;
    const known = [...knownSettings, ...also].join(", ");
    const remedy = "What only a provider knows goes into extra: { body: { … } }.";
    throw new ConfigurationError(`${where}: "${name}" is not a setting. Known are ${known}. ${remedy}`);
  }
}

/**
 * Lays settings over each other, the last before the first. A member that is `undefined` does not count as given. A client goes when
 * a model of another provider comes.
 */
export function overlay(...layers: readonly CallSettings[]): CallSettings {
  const result: CallSettings = {};
  for (const layer of layers) {
    if (layer.model !== undefined && providerOf(layer.model) !== providerOf(result.model)) delete result.client;
    for (const name in layer) {
      const value = layer[name as keyof CallSettings];
      if (value !== undefined) (result as Record<string, unknown>)[name] = value;
    }
  }
  const extras = result.extra === undefined ? [] : given(layers, "extra");
  if (extras.length > 0) {
    result.extra = {
      ...merged("body", extras),
      ...merged("headers", extras),
      ...merged("query", extras),
    };
  }
  const notes = result.metadata === undefined ? [] : given(layers, "metadata");
  if (notes.length > 0) result.metadata = Object.assign({}, ...notes);
  const signals = result.signal === undefined ? [] : given(layers, "signal");
  if (signals.length > 0) result.signal = signals.length === 1 ? signals[0] : AbortSignal.any(signals);
  return result;
}

function given<K extends keyof CallSettings>(layers: readonly CallSettings[], name: K): NonNullable<CallSettings[K]>[] {
  return layers.map((layer) => layer[name]).filter((value) => value !== undefined && value !== null) as NonNullable<
    CallSettings[K]
  >[];
}

function providerOf(model: ModelInput | undefined): unknown {
  return typeof model === "string" ? model.split("/")[0] : model;
}

function merged(name: keyof Extra, extras: readonly Extra[]): Extra {
  const given = extras.flatMap((extra) => extra[name] ?? []);
  return given.length === 0 ? {} : { [name]: Object.assign({}, ...given) };
}

/** What a prompt returns beside settings. */
const ownNames = ["messages", "sources"];

/** What a prompt returned, laid between the call's own settings and those of `with()`. */
export function resolvePrompt(returned: PromptResult, base: CallSettings, overrides: CallSettings): Resolved {
  if (!isConfig(returned)) return resolved(overlay(base, overrides), returned, undefined);
  checkNames(returned, "What the prompt returned", ownNames);
  const { messages, sources, ...given } = returned;
  return resolved(overlay(base, given, overrides), messages, sources);
}

function resolved(settings: CallSettings, input: MessagesInput, sources: readonly Source[] | undefined): Resolved {
  const { system, messages } = normaliseMessages(input);
  checkCounts(settings);
  settings.system = joinSystem(settings.system, system);
  const params: ModelParams = {};
  for (const name of paramNames) if (settings[name] !== undefined) (params as Record<string, unknown>)[name] = settings[name];
  return { settings, params, messages, sources };
}

function isConfig(returned: PromptResult): returned is PromptConfig {
  return typeof returned === "object" && returned !== null && "messages" in returned;
}

/** Messages in their strict form. Throws an `InputError` for a turn without content, and where no turn is the user's. */
function normaliseMessages(input: MessagesInput): { system: TextPart[]; messages: Message[] } {
  const turns = turnsOf(input);
  const system: TextPart[] = [];
  const messages: Message[] = [];
  for (const [row, turn] of turns.entries()) {
    const given: unknown = turn?.content;
    const parts: (AssistantPart | UserPart)[] =
      typeof given === "string"
        ? [{ type: "text", text: given }]
        : Array.isArray(given)
          ? given
          : given
            ? [given as UserPart]
            : [];
    const place = { row, field: "messages" };
    const known = turn?.role === "assistant" ? assistantTypes : turn?.role === "system" ? textTypes : userTypes;
    const odd = parts.find((part) => !known.has(part?.type) || !isWhole(part));
    if (odd !== undefined) {
      const types = [...known].join(", ");
      throw new InputError(
        `A part of a turn of the ${turn?.role ?? "user"} has one of the types ${types}, and what belongs to it: text, or the source of a medium.`,
        place,
      );
    }
    const empty = parts.every((part) => part.type === "text" && part.text.trim() === "");
    if (turn?.role === "system") system.push(...(parts as TextPart[]));
    else if (turn?.role === "assistant") {
      if (empty) continue;
      messages.push({
        role: "assistant",
        content: parts as AssistantPart[],
        ...(turn.model !== undefined && { model: turn.model }),
      });
    } else if (turn?.role === "user") {
      if (empty) throw new InputError("The user's message is empty.", place);
      messages.push({ role: "user", content: parts as UserPart[] });
    } else throw new InputError('A message has role "user", "assistant" or "system".', place);
  }
  if (!messages.some(({ role }) => role === "user"))
    throw new InputError("There is no user's message to answer.", { field: "messages" });
  return { system, messages };
}

function turnsOf(input: MessagesInput): readonly MessageInput[] {
  const list = (Array.isArray(input) ? input : [input]) as readonly (string | UserPart | MessageInput)[];
  const isPart = (each: string | UserPart | MessageInput) => typeof each === "string" || (each != null && "type" in each);
  if (!list.some(isPart)) return list as readonly MessageInput[];
  if (!list.every(isPart))
    throw new InputError("Give turns, or the parts of one turn of the user's, and not both in one list.", { field: "messages" });
  const parts = (list as readonly (string | UserPart)[]).map(
    (each): UserPart => (typeof each === "string" ? { type: "text", text: each } : each),
  );
  return [{ role: "user", content: parts }];
}

function isWhole(part: AssistantPart | UserPart): boolean {
  if (part.type === "text" || part.type === "reasoning") return typeof part.text === "string";
  if (part.type === "image" || part.type === "audio" || part.type === "document") return typeof part.source === "object";
  return part.type !== "tool-result" || Array.isArray(part.content);
}

const textTypes = new Set(["text"]);
const userTypes = new Set(["text", "image", "audio", "document", "tool-result"]);
const assistantTypes = new Set(["text", "reasoning", "tool-call", "provider"]);

function checkCounts({ maxSteps = 1, outputRetries = 0 }: CallSettings): void {
  checkCount("maxSteps", maxSteps, 1);
  checkCount("outputRetries", outputRetries, 0);
}

function checkCount(name: string, value: number, least: number): void {
  if (!Number.isInteger(value) || value < least)
    throw new ConfigurationError(`${name}: ${value} is not a whole number from ${least}.`);
}
