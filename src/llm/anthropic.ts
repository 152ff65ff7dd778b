// Anthropic: models over the Messages API, with its own citations.
import type { Anthropic } from "@anthropic-ai/sdk";
import { MissingKeyError } from "../errors.ts";
import { env } from "../util/env.ts";
import { lazyImport } from "../util/lazy-import.ts";
import { once } from "../util/once.ts";
import { decodeMessage, encodeMessages, sourcesOf } from "./anthropic-messages.ts";
import { messagesDecoder } from "./anthropic-stream.ts";
import { type ConnectionOptions, clientOptions, decoded, request, requestOptions, requestStream } from "./connection.ts";
import type { Model } from "./model.ts";

/** How to reach Anthropic. A `client` of your own (also its Bedrock and Vertex clients) takes the place of all other options. */
export interface AnthropicOptions extends ConnectionOptions {
  client?: { messages: Pick<Anthropic["messages"], "create"> } | undefined;
}

/**
 * Models over Anthropic's Messages API: `anthropic()("claude-sonnet-5-5")`. The key is `apiKey` or ANTHROPIC_API_KEY, and never sent to a
 * `baseURL` unless it is given; the SDK (package "@anthropic-ai/sdk") is loaded on the first request. Sources are sent as search results,
 * and the model cites them itself.
 */
export function anthropic(options: AnthropicOptions = {}): (name: string) => Model<Anthropic.Message> {
  const client = once(async () => options.client ?? (await connect(options)));
  return (name) => {
    const place = { provider: "anthropic", model: name };
    return {
      id: `anthropic/${name}`,
      citations: "native",
      encode: (asked) => encodeMessages(name, asked),
      async generate(asked, given) {
        const body = encodeMessages(name, asked);
        const { messages } = await client();
        const raw = await request(place, given.signal, () => messages.create(body, requestOptions(asked.extra, given)));
        return decoded(place, () => decodeMessage(raw, sourcesOf(asked), place, raw._request_id ?? undefined), raw);
      },
      stream(asked, given) {
        let requestId: string | undefined;
        const open = async (closing: AbortSignal) => {
          const body = { ...encodeMessages(name, asked), stream: true as const };
          const { messages } = await client();
          const opened = await messages.create(body, requestOptions(asked.extra, { ...given, signal: closing })).withResponse();
          requestId = opened.request_id ?? undefined;
          return opened;
        };
        return requestStream(
          place,
          given.signal,
          open,
          messagesDecoder(sourcesOf(asked), place, () => requestId),
        );
      },
    };
  };
}

async function connect(options: ConnectionOptions): Promise<Anthropic> {
  const apiKey = options.apiKey ?? (options.baseURL === undefined ? env("ANTHROPIC_API_KEY") : undefined);
  if (!apiKey && options.baseURL === undefined) throw new MissingKeyError("Anthropic", "ANTHROPIC_API_KEY");
  const { Anthropic } = await lazyImport(() => import("@anthropic-ai/sdk"), "@anthropic-ai/sdk", "anthropic()");
  const { defaultHeaders, ...rest } = clientOptions(options);
  // Without a key of its own the SDK would look for credentials in the environment and on disk; the header is what must not go out.
  const auth = apiKey ? { apiKey, defaultHeaders } : { apiKey: "none", defaultHeaders: { "X-Api-Key": null, ...defaultHeaders } };
  return new Anthropic({ ...rest, ...auth, authToken: null });
}
