// A model that remembers its answers: the same request is not asked, nor billed, twice.
import { contentHash } from "../../util/hash.ts";
import type { RawOf } from "../inferred.ts";
import type { Model, ModelEvent, ModelRequest, ModelResponse } from "../model.ts";
import { resolveModel } from "../resolve.ts";
import type { ModelInput } from "../settings.ts";
import { faceOf } from "./face.ts";

/** Where answers are kept: a Map of strings with an age, in this process or elsewhere. */
export interface ResponseCache {
  /** The value, unless it has expired. */
  get(key: string): Promise<string | undefined>;
  /** @param ttl Milliseconds until it expires; undefined: never. */
  set(key: string, value: string, ttl: number | undefined): Promise<void>;
}

export interface WithCacheOptions {
  /** Milliseconds that an answer is kept. Default: for good. */
  ttl?: number;
  /** Put into every key: another one makes all that was kept unknown. */
  version?: string;
}

/**
 * The same model, which answers a request that it has answered before with the same response, `raw` included; usage is that of the request
 * that was billed. What tells requests apart is everything that is sent: model, system, messages, parameters, extra. A stream is kept when it
 * ends, and comes back in one piece. A cache that fails is passed over.
 */
export function withCache<M extends ModelInput>(
  model: M,
  cache: ResponseCache,
  { ttl, version = "" }: WithCacheOptions = {},
): Model<RawOf<M>> {
  type Response = ModelResponse<RawOf<M>>;
  const inner = resolveModel(model) as Model<RawOf<M>>;
  const keyOf = (request: ModelRequest) =>
    contentHash("drizzle-rag response 1", version, inner.id, inner.citations, canonical(request));
  const find = async (key: string): Promise<Response | undefined> => {
    try {
      const found = await cache.get(key);
      return found === undefined ? undefined : (JSON.parse(found) as Response);
    } catch {
      return undefined;
    }
  };
  const keep = async (key: string, response: Response) => {
    // An answer that was cut off by a limit or a filter may come out whole next time.
    if (response.finishReason !== "stop" && response.finishReason !== "tool-calls") return;
    await cache.set(key, JSON.stringify(response), ttl).catch(() => {});
  };
  return {
    ...faceOf(inner),
    async generate(request, given) {
      given.signal?.throwIfAborted();
      const key = keyOf(request);
      const found = await find(key);
      if (found !== undefined) return found;
      const response = await inner.generate(request, given);
      await keep(key, response);
      return response;
    },
    async *stream(request, given): AsyncGenerator<ModelEvent<RawOf<M>>> {
      given.signal?.throwIfAborted();
      const key = keyOf(request);
      const found = await find(key);
      if (found !== undefined) return yield* replayed(found);
      for await (const event of inner.stream(request, given)) {
        if (event.type === "finish") await keep(key, event.response);
        yield event;
      }
    },
  };
}

/** A response as the stream that it could have come from. */
export function* replayed<Raw>(response: ModelResponse<Raw>): Generator<ModelEvent<Raw>> {
  for (const part of response.content) {
    if (part.type === "reasoning") yield { type: "reasoning", text: part.text };
    if (part.type === "tool-call") {
      yield { type: "tool-call-start", id: part.id, name: part.name };
      yield { type: "tool-call", call: part };
    }
    if (part.type !== "text") continue;
    yield { type: "text", text: part.text };
    for (const citation of part.citations ?? []) yield { type: "native-citation", citation };
    for (const citation of part.webCitations ?? []) yield { type: "web-citation", citation };
    yield { type: "text-end" };
  }
  yield { type: "finish", response };
}

/** JSON with the members of objects in order, so that the order in which they were written tells nothing apart. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) =>
    typeof each === "object" && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  );
}

/**
 * Keeps answers in this process; of more than `maxEntries`, those used longest ago go.
 * @param options `maxEntries`: default 1,000. `now`: for tests.
 */
export function memoryCache({
  maxEntries = 1000,
  now = Date.now,
}: {
  maxEntries?: number;
  now?: () => number;
} = {}): ResponseCache {
  const entries = new Map<string, { value: string; until: number }>();
  return {
    async get(key) {
      const found = entries.get(key);
      entries.delete(key);
      if (found === undefined || found.until <= now()) return undefined;
      entries.set(key, found);
      return found.value;
    },
    async set(key, value, ttl = Number.POSITIVE_INFINITY) {
      entries.delete(key);
      entries.set(key, { value, until: now() + ttl });
      const [oldest] = entries.keys();
      if (entries.size > maxEntries && oldest !== undefined) entries.delete(oldest);
    },
  };
}
