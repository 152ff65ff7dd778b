// Structured output: how a model is told of the form of its answer, and how the answer is read and checked.
import { ContentFilterError, InvalidOutputError, RefusalError } from "../errors.ts";
import { placeOf } from "../util/provider-errors.ts";
import type { JsonSchema, ModelResponse, ModelTool, OutputFormat, TextPart } from "./model.ts";
import { checked, issuesText, jsonSchemaOf, type Schema, type SchemaIssue } from "./schema.ts";
import type { CallSettings } from "./settings.ts";
import { strictSchema } from "./strict-schema.ts";
import { textOf } from "./text.ts";

/** The name of the tool that takes the answer, where it is asked for as a tool's arguments. */
export const outputTool = "answer";

/** What one call does about its output. */
export interface OutputPlan {
  format?: OutputFormat;
  tool?: ModelTool;
  instruction?: string;
  /** Times that the model may be asked again. */
  retries: number;
  /** The response with its answer as text, whichever way it came. */
  asText<Raw>(response: ModelResponse<Raw>): ModelResponse<Raw>;
  /** The value, or what is wrong with it. Throws a `RefusalError` or a `ContentFilterError` where the model would not, or might not, answer. */
  read(response: ModelResponse, modelId: string): Promise<{ value: unknown } | { error: InvalidOutputError; correction: string }>;
  /** A value that is still being written, as the schema's root would have it. */
  partial(value: unknown): unknown;
}

/** @throws ConfigurationError for a schema that cannot be shown to a model. */
export function outputPlan({ output, outputMode = "native", outputRetries = 1 }: CallSettings): OutputPlan | undefined {
  if (output === undefined) return undefined;
  const found = known.get(output) ?? strictSchema(jsonSchemaOf(output, "output"));
  known.set(output, found);
  const { schema, strict, restore, unwrapped } = found;
  const told = `Answer with JSON alone, without any word around it. It has to fit this JSON Schema:\n${JSON.stringify(schema)}`;
  return {
    ...(outputMode === "native" && { format: { type: "schema", name: outputTool, ...described(schema), schema, strict } }),
    ...(outputMode === "json" && { format: { type: "json" }, instruction: told }),
    ...(outputMode === "tool" && {
      tool: { type: "function", name: outputTool, description: "Takes the answer.", inputSchema: schema, strict },
    }),
    retries: outputRetries,
    asText: (response) => (outputMode === "tool" ? withAnswerAsText(response) : response),
    async read(response, modelId) {
      const text = textOf(response).trim();
      const facts = { ...placeOf(response.modelId ?? modelId), requestId: response.requestId, raw: response.raw };
      if (response.finishReason === "refusal") throw new RefusalError(text || "The model refused to answer.", facts);
      const given = parsed(text);
      const outcome = "issues" in given ? given : await checked(output, restore(given.value));
      if ("value" in outcome) return outcome;
      if (response.finishReason === "content-filter")
        throw new ContentFilterError(`${modelId}: the content filter cut the answer off, so there is no output.`, facts);
      const list = issuesText(outcome.issues);
      const cut = response.finishReason === "length" ? " The answer was cut off at its longest: raise maxTokens." : "";
      const message = `The answer of ${modelId} does not fit the schema: ${list.replaceAll("\n", "; ")}.${cut}`;
      return {
        error: new InvalidOutputError(message, text, outcome.issues, facts),
        correction: `The answer does not fit what was asked for:\n${list}\nGive the whole answer again, as JSON that fits.`,
      };
    },
    partial: unwrapped,
  };
}

function described({ description }: JsonSchema): { description?: string } {
  return typeof description === "string" ? { description } : {};
}

/** Schemas are made once and used for many calls. */
const known = new WeakMap<Schema, ReturnType<typeof strictSchema>>();

function withAnswerAsText<Raw>(response: ModelResponse<Raw>): ModelResponse<Raw> {
  const answer = response.content.find((part) => part.type === "tool-call" && part.name === outputTool);
  if (answer?.type !== "tool-call") return response;
  const text = typeof answer.input === "string" ? answer.input : JSON.stringify(answer.input);
  const part: TextPart = { type: "text", text };
  const rest = response.content.filter(({ type }) => type !== "text" && type !== "tool-call");
  const finishReason = response.finishReason === "tool-calls" ? "stop" : response.finishReason;
  return { ...response, content: [...rest, part], finishReason };
}

/** JSON, also from between the fences that models put around it. */
function parsed(text: string): { value: unknown } | { issues: SchemaIssue[] } {
  const inner = /^```(?:json)?\s*\n([\s\S]*?)\n?```$/.exec(text)?.[1] ?? text;
  try {
    return { value: JSON.parse(inner) as unknown };
  } catch (error) {
    return {
      issues: [{ path: "", message: text === "" ? "There is no answer." : `It is no JSON: ${(error as Error).message}` }],
    };
  }
}
