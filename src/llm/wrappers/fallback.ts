// A model that is several: the next is asked when one fails.
import { ConfigurationError, ProviderError } from "../../errors.ts";
import type { RawOf } from "../inferred.ts";
import type { FailedModel, Model, ModelEvent, ModelOptions, ModelRequest } from "../model.ts";
import { resolveModel } from "../resolve.ts";
import type { ModelInput } from "../settings.ts";
import { opening } from "./retry.ts";

export interface WithFallbackOptions {
  /** Whether the next model is asked after this error. Default: after every `ProviderError`; aborts and mistakes in the call are thrown. */
  when?: (error: unknown, model: string) => boolean;
}

/**
 * One model of several, asked in order until one answers. `failures` of the response says which failed before it, and why; when all fail, the
 * last error is thrown with the others as its `failures`. A stream goes to the next model only while nothing has come from it.
 *
 * Where some of the models cite natively and others do not, all get numbered sources, so that each can answer.
 *
 * @throws ConfigurationError for an empty list.
 */
export function withFallback<const M extends readonly ModelInput[]>(
  models: M,
  options: WithFallbackOptions = {},
): Model<RawOf<M[number]>> {
  type Raw = RawOf<M[number]>;
  const all = models.map((model) => resolveModel(model) as Model<Raw>);
  const [first] = all;
  if (first === undefined) throw new ConfigurationError("withFallback([]): there is no model in the list.");
  const { when = (error) => error instanceof ProviderError } = options;

  /** Asks one after another; `ask` is done when an answer has begun. */
  async function ask<T>(
    given: ModelOptions,
    one: (model: Model<Raw>) => Promise<T>,
  ): Promise<{ answer: T; model: Model<Raw>; failures: FailedModel[] }> {
    const failures: FailedModel[] = [];
    for (const [i, model] of all.entries()) {
      given.signal?.throwIfAborted();
      try {
        return { answer: await one(model), model, failures };
      } catch (error) {
        given.signal?.throwIfAborted();
        const isLast = i === all.length - 1;
        if (isLast && failures.length > 0 && error instanceof Error) throw Object.assign(error, { failures });
        if (isLast || !when(error, model.id)) throw error;
        failures.push({ model: model.id, error });
      }
    }
    throw new Error("unreachable");
  }

  return {
    id: first.id,
    citations: all.every(({ citations }) => citations === "native") ? "native" : "numbered",
    ...(first.encode !== undefined && { encode: (request: ModelRequest) => first.encode?.(request) }),
    async generate(request, given) {
      const { answer, model, failures } = await ask(given, (model) => model.generate(request, given));
      return failures.length === 0 ? answer : { modelId: model.id, ...answer, failures };
    },
    async *stream(request, given): AsyncGenerator<ModelEvent<Raw>> {
      const { answer, model, failures } = await ask(given, (model) => opening(model.stream(request, given)));
      for await (const event of answer) {
        if (event.type === "finish" && failures.length > 0)
          yield { ...event, response: { modelId: model.id, ...event.response, failures } };
        else yield event;
      }
    },
  };
}
