// Wrappers: each is a model again, and each does its one thing.
import { describe, expect, it } from "vitest";
import {
  AuthenticationError,
  BadRequestError,
  ConfigurationError,
  OverloadedError,
  ProviderTimeoutError,
  RateLimitError,
  StreamInterruptedError,
} from "../../src/errors.ts";
import { call } from "../../src/llm/call.ts";
import type { Model, ModelEvent, ModelOptions } from "../../src/llm/model.ts";
import { memoryCache, withCache } from "../../src/llm/wrappers/cache.ts";
import { withFallback } from "../../src/llm/wrappers/fallback.ts";
import { withLimits } from "../../src/llm/wrappers/limits.ts";
import { postgresCache, responseTable } from "../../src/llm/wrappers/postgres-cache.ts";
import { withRetry } from "../../src/llm/wrappers/retry.ts";
import { withTimeout } from "../../src/llm/wrappers/timeout.ts";
import { createTables, freshDatabase } from "../helpers/database.ts";
import { fakeClock } from "../helpers/fake-clock.ts";
import { fake } from "./fake.ts";

const facts = { provider: "fake", model: "one" };
const overloaded = () => new OverloadedError("busy", { ...facts, status: 529 });
const hello = { messages: [{ role: "user" as const, content: [{ type: "text" as const, text: "hello" }] }], params: {} };

/** Fails with these, one after another, then answers. */
function failing(errors: unknown[], { after = 0, id = "fake/one" } = {}): ReturnType<typeof fake> & { options: ModelOptions[] } {
  const inner = fake("the answer", "numbered", id);
  const options: ModelOptions[] = [];
  const left = [...errors];
  return {
    ...inner,
    options,
    async generate(request, given) {
      options.push(given);
      if (left.length > 0) throw left.shift();
      return inner.generate(request, given);
    },
    async *stream(request, given) {
      options.push(given);
      let seen = 0;
      for await (const event of inner.stream(request, given)) {
        if (seen++ >= after && left.length > 0) throw left.shift();
        yield event;
      }
    },
  };
}

/** Answers when it is told to; rejects when the signal aborts. */
function waiting() {
  const answers: (() => void)[] = [];
  const inner = fake("the answer");
  const turn = (signal: AbortSignal | undefined) =>
    new Promise<void>((resolve, reject) => {
      answers.push(resolve);
      signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
  const model: Model<{ fake: true }> = {
    ...inner,
    async generate(request, given) {
      await turn(given.signal);
      return inner.generate(request, given);
    },
    async *stream(request, given) {
      await turn(given.signal);
      yield* inner.stream(request, given);
    },
  };
  return { model, answers };
}

async function collect<T>(events: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const event of events) all.push(event);
  return all;
}
const textOf = (events: ModelEvent[]) => events.map((event) => (event.type === "text" ? event.text : "")).join("");
const turns = async (n = 20) => {
  for (let i = 0; i < n; i++) await Promise.resolve();
};

const wrappers: Record<string, <Raw>(model: Model<Raw>) => Model<Raw>> = {
  withRetry: (model) => withRetry(model),
  withFallback: (model) => withFallback([model, model]),
  withTimeout: (model) => withTimeout(model, { firstEvent: 10_000, total: 10_000 }),
  withLimits: (model) => withLimits(model, { concurrency: 1, requestsPerMinute: 100, tokensPerMinute: 1e6 }),
  withCache: (model) => withCache(model, memoryCache()),
};

for (const [name, wrap] of Object.entries(wrappers)) {
  describe(name, () => {
    it("is the same model to whoever asks", async () => {
      for (const citations of ["native", "numbered"] as const) {
        const inner = {
          ...fake(
            [
              { type: "reasoning", text: "hm" },
              { type: "text", text: "yes [1]" },
            ],
            citations,
          ),
          encode: () => ({ body: 1 }),
        };
        const wrapped = wrap(inner);
        expect(wrapped).toMatchObject({ id: inner.id, citations });
        expect(wrapped.encode?.(hello)).toEqual({ body: 1 });
        expect(await wrapped.generate(hello, {})).toEqual(await inner.generate(hello, {}));
        expect(await collect(wrap(inner).stream(hello, {}))).toEqual(await collect(inner.stream(hello, {})));
        const ask = call({ model: wrapped }, (question: string) => ({ messages: question, sources: [{ text: "yes" }] }));
        expect((await ask("well?")).text).toBe(
          (await call({ model: inner }, (q: string) => ({ messages: q, sources: [{ text: "yes" }] }))("well?")).text,
        );
      }
    });

    it("passes the signal on, and what the model throws", async () => {
      const reason = new Error("enough");
      const aborted = AbortSignal.abort(reason);
      await expect(wrap(fake("x")).generate(hello, { signal: aborted })).rejects.toBe(reason);
      await expect(collect(wrap(fake("x")).stream(hello, { signal: aborted }))).rejects.toBe(reason);
      const wrong = new BadRequestError("no", { ...facts, status: 400 });
      await expect(wrap(failing([wrong, wrong])).generate(hello, {})).rejects.toBe(wrong);
      await expect(collect(wrap(failing([wrong, wrong])).stream(hello, {}))).rejects.toBe(wrong);
    });

    it("closes the model's stream when it is left", async () => {
      let closed = false;
      const inner = fake("a long answer");
      const model: Model = {
        ...inner,
        async *stream(request, given) {
          try {
            yield* inner.stream(request, given);
          } finally {
            closed = true;
          }
        },
      };
      for await (const _ of wrap(model).stream(hello, {})) break;
      expect(closed).toBe(true);
    });
  });
}

describe("withRetry", () => {
  it("asks again, as long after as the provider says, and tells the client not to", async () => {
    const clock = fakeClock();
    const limited = new RateLimitError("slow down", { ...facts, status: 429, retryAfter: 7000 });
    const model = failing([limited, overloaded()]);
    expect((await withRetry(model, { clock }).generate(hello, {})).content).toEqual([{ type: "text", text: "the answer" }]);
    expect(clock.waits).toEqual([7000, 500]);
    expect(model.options.map(({ maxRetries }) => maxRetries)).toEqual([0, 0, 0]);
  });

  it("gives up after its count, with the last error", async () => {
    const last = overloaded();
    const model = failing([overloaded(), last, overloaded()]);
    await expect(withRetry(model, { retries: 1, clock: fakeClock() }).generate(hello, {})).rejects.toBe(last);
  });

  it("opens a stream again while nothing has come from it, and never after", async () => {
    const opened = withRetry(failing([overloaded()]), { clock: fakeClock() });
    expect(textOf(await collect(opened.stream(hello, {})))).toBe("the answer");
    const broken = new StreamInterruptedError("cut", facts);
    await expect(collect(withRetry(failing([broken], { after: 1 }), { clock: fakeClock() }).stream(hello, {}))).rejects.toBe(
      broken,
    );
  });
});

describe("withFallback", () => {
  const refused = () => new AuthenticationError("wrong key", { ...facts, status: 401 });

  it("asks the next, and says which failed before and why", async () => {
    const error = refused();
    const model = withFallback([failing([error], { id: "fake/first" }), fake("from the second", "numbered", "fake/second")]);
    const ask = call({ model }, (question: string) => question);
    const response = await ask("hello");
    expect(response).toMatchObject({ text: "from the second", failures: [{ model: "fake/first", error }] });
    const again = withFallback([failing([error], { id: "fake/first" }), fake("from the second")]);
    const streamed = await call({ model: again }, (question: string) => question)
      .stream("hello")
      .response();
    expect(streamed).toMatchObject({ text: "from the second", failures: [{ model: "fake/first" }] });
    expect(await call({ model: fake("x") }, () => "hello")()).not.toHaveProperty("failures");
  });

  it("throws the last error with the others when all fail, and mistakes of the caller at once", async () => {
    const errors = [refused(), overloaded()];
    const all = withFallback([failing([errors[0]], { id: "fake/first" }), failing([errors[1]])]);
    await expect(all.generate(hello, {})).rejects.toBe(errors[1]);
    expect(errors[1]).toMatchObject({ failures: [{ model: "fake/first", error: errors[0] }] });
    const mistake = new ConfigurationError("no such parameter");
    await expect(withFallback([failing([mistake]), fake("x")]).generate(hello, {})).rejects.toBe(mistake);
    expect(() => withFallback([])).toThrow(ConfigurationError);
    const never = withFallback([failing([errors[0]]), fake("x")], { when: () => false });
    await expect(never.generate(hello, {})).rejects.toBe(errors[0]);
  });

  it("numbers the sources where not all cite natively, and does not change models in the middle of an answer", async () => {
    expect(withFallback([fake("x", "native"), fake("x")]).citations).toBe("numbered");
    expect(withFallback([fake("x", "native"), fake("x", "native")]).citations).toBe("native");
    const cut = new StreamInterruptedError("cut", facts);
    await expect(collect(withFallback([failing([cut], { after: 1 }), fake("x")]).stream(hello, {}))).rejects.toBe(cut);
  });
});

describe("withTimeout", () => {
  it("gives up on an answer, on the first event and on the whole", async () => {
    const named = { name: "ProviderTimeoutError", provider: "fake", model: "one", retryable: true };
    await expect(withTimeout(waiting().model, { total: 5 }).generate(hello, {})).rejects.toMatchObject(named);
    await expect(collect(withTimeout(waiting().model, { firstEvent: 5 }).stream(hello, {}))).rejects.toThrow(
      /no first event within 5 ms/,
    );
    const slow: Model = {
      ...fake("x"),
      async *stream(_, { signal }) {
        yield { type: "text", text: "x" };
        await new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason), { once: true }));
      },
    };
    await expect(collect(withTimeout(slow, { firstEvent: 1000, total: 5 }).stream(hello, {}))).rejects.toThrow(
      /no whole answer within 5 ms/,
    );
    expect(() => withTimeout(fake("x"), { total: 0 })).toThrow(ConfigurationError);
  });

  it("gives each try its own time inside withRetry", async () => {
    const { model } = waiting();
    await expect(
      withRetry(withTimeout(model, { total: 5 }), { retries: 1, clock: fakeClock() }).generate(hello, {}),
    ).rejects.toThrow(ProviderTimeoutError);
  });
});

describe("withLimits", () => {
  it("lets so many run at once, in order; an abort leaves the line", async () => {
    const { model, answers } = waiting();
    const limited = withLimits(model, { concurrency: 2 });
    const leaving = new AbortController();
    const asked = [0, 1, 2, 3].map((i) => limited.generate(hello, i === 2 ? { signal: leaving.signal } : {}));
    await turns();
    expect(answers).toHaveLength(2);
    leaving.abort(new Error("changed my mind"));
    await expect(asked[2]).rejects.toThrow("changed my mind");
    answers[0]?.();
    await asked[0];
    await turns();
    expect(answers).toHaveLength(3);
    answers[1]?.();
    answers[2]?.();
    await Promise.all([asked[1], asked[3]]);
  });

  it("keeps to requests and tokens a minute", async () => {
    let time = 0;
    const waits: number[] = [];
    const sleep = async (ms: number) => {
      waits.push(ms);
      time += ms;
    };
    const clock = { now: () => time, sleep };
    /** Does not say what was billed. */
    const model = (): Model => {
      const inner = fake("x");
      return { ...inner, generate: async (...args) => ({ ...(await inner.generate(...args)), usage: {} }) };
    };
    const requests = withLimits(fake("x"), { requestsPerMinute: 2, clock });
    for (let i = 0; i < 5; i++) await requests.generate(hello, {});
    expect(waits).toEqual([60_000, 60_000]);
    waits.length = 0;
    // 3 tokens were billed for each; 1,000 are counted until that is known.
    const tokens = withLimits(fake("x"), { tokensPerMinute: 1500, clock });
    for (let i = 0; i < 100; i++) await tokens.generate({ ...hello, params: { maxTokens: 1000 } }, {});
    expect(waits).toEqual([]);
    // A picture of a megabyte is no million of letters, and a system prompt in parts is no less than its text.
    const image = { type: "image" as const, source: { data: "A".repeat(1e6), mediaType: "image/png" } };
    const pictures = withLimits(model(), { tokensPerMinute: 4000, clock });
    for (let i = 0; i < 2; i++) await pictures.generate({ messages: [{ role: "user", content: [image] }], params: {} }, {});
    expect(waits).toEqual([]);
    const system = [{ type: "text" as const, text: "word ".repeat(3000), cache: "5m" as const }];
    const long = withLimits(model(), { tokensPerMinute: 4000, clock });
    for (let i = 0; i < 2; i++) await long.generate({ ...hello, system }, {});
    expect(waits).toEqual([60_000]);
    expect(() => withLimits(fake("x"), { concurrency: 0 })).toThrow(ConfigurationError);
  });

  it("frees its place when a stream ends, fails or is left", async () => {
    const limited = withLimits(failing([overloaded()]), { concurrency: 1 });
    await expect(collect(limited.stream(hello, {}))).rejects.toThrow(OverloadedError);
    for await (const _ of limited.stream(hello, {})) break;
    expect(textOf(await collect(limited.stream(hello, {})))).toBe("the answer");
    await limited.generate(hello, {});
  });
});

describe("withCache", () => {
  it("asks once for the same request, streamed or not, and again for another", async () => {
    const model = fake("the answer");
    const cached = withCache(model, memoryCache());
    const first = await cached.generate(hello, {});
    expect(await cached.generate({ params: {}, messages: hello.messages }, {})).toEqual(first);
    const events = await collect(cached.stream(hello, {}));
    expect(textOf(events)).toBe("the answer");
    expect(events.at(-1)).toEqual({ type: "finish", response: first });
    expect(model.requests).toHaveLength(1);
    await cached.generate({ ...hello, params: { temperature: 0 } }, {});
    await cached.generate({ ...hello, system: "Be brief." }, {});
    expect(model.requests).toHaveLength(3);
    await collect(cached.stream({ ...hello, system: "Be long." }, {}));
    await cached.generate({ ...hello, system: "Be long." }, {});
    expect(model.requests).toHaveLength(4);
  });

  it("keeps neither errors nor answers that were cut, and does without a cache that fails", async () => {
    const model = failing([overloaded()]);
    const cached = withCache(model, memoryCache());
    await expect(cached.generate(hello, {})).rejects.toThrow(OverloadedError);
    await cached.generate(hello, {});
    const broken = { get: () => Promise.reject(new Error("down")), set: () => Promise.reject(new Error("down")) };
    expect((await withCache(fake("x"), broken).generate(hello, {})).finishReason).toBe("stop");
    const cut = fake("x");
    const short: Model = { ...cut, generate: async (...args) => ({ ...(await cut.generate(...args)), finishReason: "length" }) };
    const again = withCache(short, memoryCache());
    await again.generate(hello, {});
    await again.generate(hello, {});
    expect(cut.requests).toHaveLength(2);
  });

  it("forgets what is old, and what was used longest ago", async () => {
    let time = 0;
    const cache = memoryCache({ maxEntries: 2, now: () => time });
    await cache.set("a", "1", 100);
    await cache.set("b", "2", undefined);
    time = 99;
    expect(await cache.get("a")).toBe("1");
    await cache.set("c", "3", undefined);
    expect([await cache.get("a"), await cache.get("b"), await cache.get("c")]).toEqual(["1", undefined, "3"]);
    time = 100;
    expect(await cache.get("a")).toBeUndefined();
  });

  it("keeps answers in a table, where another process finds them", async () => {
    const db = await freshDatabase();
    const table = responseTable("answers");
    await createTables(db, { table });
    const model = fake("the \u0000 answer \ud800");
    const cached = () => withCache(model, postgresCache(db, table), { ttl: 60_000 });
    const first = await cached().generate(hello, {});
    expect(await cached().generate(hello, {})).toEqual(first);
    expect(model.requests).toHaveLength(1);
    const expired = postgresCache(db, table);
    await expired.set("old", "x", -1);
    expect(await expired.get("old")).toBeUndefined();
    expect(await expired.prune()).toBe(1);
    await withCache(model, postgresCache(db, table), { version: "2" }).generate(hello, {});
    expect(model.requests).toHaveLength(2);
  });
});
