// OpenAI: models over the Responses API, and over Chat Completions for OpenAI and for every server that speaks it.
import type { OpenAI } from "openai";
import { MissingKeyError } from "../errors.ts";
import { env } from "../util/env.ts";
import { lazyImport } from "../util/lazy-import.ts";
import { once } from "../util/once.ts";
import { type ConnectionOptions, clientOptions, decoded, request, requestOptions, requestStream } from "./connection.ts";
import type { Model } from "./model.ts";
import { chatDecoder, decodeChat, encodeChat, type MaxTokensField } from "./openai-chat.ts";
import { decodeResponse, encodeResponses } from "./openai-responses.ts";
import { responsesDecoder } from "./openai-responses-stream.ts";
import { type ServerName, servers } from "./servers.ts";

/** How to reach OpenAI. A `client` of your own (also an `AzureOpenAI`) takes the place of all other options. */
export interface OpenAIOptions extends ConnectionOptions {
  client?: Pick<OpenAI, "responses"> | undefined;
}

/**
 * Models over OpenAI's Responses API: `openai()("gpt-5-mini")`. The key is `apiKey` or OPENAI_API_KEY; the SDK (package "openai") is
 * loaded on the first request. Sources are sent as numbered text. With a `baseURL` and no `apiKey`, no key is sent.
 */
export function openai(options: OpenAIOptions = {}): (name: string) => Model<OpenAI.Responses.Response> {
  const client = once(async () => options.client ?? (await connect(options, "openai()")));
  return (name) => {
    const place = { provider: "openai", model: name };
    return {
      id: `openai/${name}`,
      citations: "numbered",
      encode: (asked) => encodeResponses(name, asked),
      async generate(asked, given) {
        const body = encodeResponses(name, asked);
        const { responses } = await client();
        const raw = await request(place, given.signal, () => responses.create(body, requestOptions(asked.extra, given)));
        return decoded(place, () => decodeResponse(raw, place, requestIdOf(raw)), raw);
      },
      stream(asked, given) {
        let requestId: string | undefined;
        const open = async (closing: AbortSignal) => {
          const body = { ...encodeResponses(name, asked), stream: true as const };
          const { responses } = await client();
          const opened = await responses.create(body, requestOptions(asked.extra, { ...given, signal: closing })).withResponse();
          requestId = opened.request_id ?? undefined;
          return opened;
        };
        return requestStream(
          place,
          given.signal,
          open,
          responsesDecoder(place, () => requestId),
        );
      },
    };
  };
}

/** How to reach a server that speaks Chat Completions. */
export interface OpenAIChatOptions extends ConnectionOptions {
  client?: Pick<OpenAI, "chat"> | undefined;
  /** Goes into the models' ids and into errors: "ollama". Default: "openai-chat". */
  provider?: string | undefined;
  /**
   * How the server calls the limit of the answer's length. Default: `max_completion_tokens` for OpenAI, whose reasoning models take
   * nothing else; `max_tokens` where `baseURL` is set, since that is what compatible servers know.
   */
  maxTokensField?: MaxTokensField | undefined;
}

/**
 * Models over Chat Completions: `openaiChat({ baseURL: "http://localhost:11434/v1" })("llama3.2")`, or OpenAI itself without a `baseURL`.
 * The key is `apiKey` or OPENAI_API_KEY; with a `baseURL` and no `apiKey`, no key is sent, since OpenAI's is not for others.
 */
export function openaiChat(options: OpenAIChatOptions = {}): (name: string) => Model<OpenAI.Chat.ChatCompletion> {
  return chatModels(options, () => connect(options, "openaiChat()"));
}

/**
 * Models of a server that people know by name: `compatible("groq")("llama-3.3-70b-versatile")`, or `model: "groq/…"`. Where it is and which
 * environment variable holds its key is known; `options` go before that. Throws a `MissingKeyError` on the first request without a key.
 */
export function compatible(
  server: ServerName,
  options: OpenAIChatOptions = {},
): (name: string) => Model<OpenAI.Chat.ChatCompletion> {
  const { baseURL, key }: { baseURL: string; key?: string } = servers[server];
  return chatModels({ provider: server, baseURL, ...options }, () => {
    const apiKey = options.apiKey ?? (key === undefined ? undefined : env(key));
    if (key !== undefined && !apiKey && options.baseURL === undefined) throw new MissingKeyError(server, key);
    return connect({ baseURL, ...options, apiKey }, `compatible("${server}")`);
  });
}

function chatModels(
  options: OpenAIChatOptions,
  open: () => Promise<OpenAI>,
): (name: string) => Model<OpenAI.Chat.ChatCompletion> {
  const client = once(async () => options.client ?? (await open()));
  const provider = options.provider ?? "openai-chat";
  const field = options.maxTokensField ?? (options.baseURL === undefined ? "max_completion_tokens" : "max_tokens");
  return (name) => {
    const place = { provider, model: name };
    return {
      id: `${provider}/${name}`,
      citations: "numbered",
      encode: (asked) => encodeChat(name, asked, field, provider),
      async generate(asked, given) {
        const body = encodeChat(name, asked, field, provider);
        const { chat } = await client();
        const raw = await request(place, given.signal, () => chat.completions.create(body, requestOptions(asked.extra, given)));
        return decoded(place, () => decodeChat(raw, place, requestIdOf(raw)), raw);
      },
      stream(asked, given) {
        let requestId: string | undefined;
        const open = async (closing: AbortSignal) => {
          const body = {
            stream_options: { include_usage: true },
            ...encodeChat(name, asked, field, provider),
            stream: true as const,
          };
          const { chat } = await client();
          const opened = await chat.completions
            .create(body, requestOptions(asked.extra, { ...given, signal: closing }))
            .withResponse();
          requestId = opened.request_id ?? undefined;
          return opened;
        };
        return requestStream(
          place,
          given.signal,
          open,
          chatDecoder(place, () => requestId),
        );
      },
    };
  };
}

async function connect(options: ConnectionOptions, neededBy: string): Promise<OpenAI> {
  const apiKey = options.apiKey ?? (options.baseURL === undefined ? env("OPENAI_API_KEY") : undefined);
  if (!apiKey && options.baseURL === undefined) throw new MissingKeyError("OpenAI", "OPENAI_API_KEY");
  const { OpenAI } = await lazyImport(() => import("openai"), "openai", neededBy);
  const { defaultHeaders, ...rest } = clientOptions(options);
  // The SDK does not start without a key; the header is what must not go out.
  const auth = apiKey
    ? { apiKey, defaultHeaders }
    : { apiKey: "none", defaultHeaders: { Authorization: null, ...defaultHeaders } };
  return new OpenAI({ ...rest, ...auth });
}

/** The SDK hangs the header's value on the parsed body. */
function requestIdOf(raw: { _request_id?: string | null }): string | undefined {
  return raw._request_id ?? undefined;
}
