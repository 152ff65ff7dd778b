// From a model's name to the model. There is no registry: what a name can say stands here, anything else is a model value.
import { ConfigurationError } from "../errors.ts";
import { type AnthropicOptions, anthropic } from "./anthropic.ts";
import { extractive } from "./extractive.ts";
import type { Model } from "./model.ts";
import { compatible, type OpenAIChatOptions, type OpenAIOptions, openai, openaiChat } from "./openai.ts";
import { type ServerName, servers } from "./servers.ts";
import type { ClientInput, ModelInput } from "./settings.ts";

const providers: Record<string, (name: string, client: ClientInput | undefined) => Model> = {
  // Which client belongs to which provider is the caller's to know; a wrong one fails at its first method.
  openai: (name, client) => openai({ client: client as OpenAIOptions["client"] })(name),
  "openai-chat": (name, client) => openaiChat({ client: client as OpenAIChatOptions["client"] })(name),
  anthropic: (name, client) => anthropic({ client: client as AnthropicOptions["client"] })(name),
  ...Object.fromEntries(
    (Object.keys(servers) as ServerName[]).map((server) => [
      server,
      (name: string, client: ClientInput | undefined) =>
        compatible(server, { client: client as OpenAIChatOptions["client"] })(name),
    ]),
  ),
};

/**
 * The model that a name stands for; a model is returned as it is. Names: "openai/…" (Responses API), "openai-chat/…" (Chat Completions),
 * "anthropic/…", "extractive", and "groq/…" and the like for the servers of `compatible()`. Throws a `ConfigurationError` for any other, and for a `client` beside a model that has its own.
 */
export function resolveModel(model: ModelInput, client?: ClientInput): Model {
  if (typeof model !== "string") {
    if (client === undefined) return model;
    throw new ConfigurationError(
      `"client" goes with a model's name. ${model.id} is a model already; give the client to its factory.`,
    );
  }
  if (model === "extractive") return extractive();
  const slash = model.indexOf("/");
  const provider = model.slice(0, Math.max(0, slash));
  const make = Object.hasOwn(providers, provider) ? providers[provider] : undefined;
  const name = model.slice(slash + 1);
  if (make === undefined || name.trim() === "") {
    const known =
      'Known are "openai/<name>", "openai-chat/<name>", "anthropic/<name>" and "extractive", such as "openai/gpt-5-mini", ' +
      `and <name> of ${Object.keys(servers).join(", ")}.`;
    const others = 'For other servers give a model: openaiChat({ baseURL: "http://localhost:11434/v1" })("llama3.2").';
    throw new ConfigurationError(`There is no model "${model}". ${known} ${others}`);
  }
  return make(name, client);
}
