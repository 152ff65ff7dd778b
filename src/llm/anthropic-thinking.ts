// How Claude models are told to think, which changed with Claude 4.6: from a number of tokens to a level of effort.
// https://platform.claude.com/docs/en/build-with-claude/adaptive-thinking
import type { Anthropic } from "@anthropic-ai/sdk";
import { withoutLimits } from "./anthropic-schema.ts";
import type { ModelRequest, ReasoningEffort } from "./model.ts";

/** Sent when `maxTokens` is left out: the API demands a number. Newer models think unless told not to, and that counts towards it. */
const defaults = { byBudget: 4096, adaptive: 16_384 };

/** What the levels stand for where tokens are counted; the API takes 1,024 and more. */
const budgets = { minimal: 1024, low: 2048, medium: 8192, high: 16_384, xhigh: 32_768 };

/** Whether the model counts its thinking in tokens: up to Claude 4.5. Newer ones refuse a budget, and names nobody knows are taken for newer. */
function thinksByBudget(model: string): boolean {
  const [, old, major, minor = "0"] = /claude-(?:(\d)|[a-z]+-(\d+)(?:-(\d{1,2})(?!\d))?)/.exec(model) ?? [];
  if (old !== undefined) return true;
  return major !== undefined && (Number(major) < 4 || (Number(major) === 4 && Number(minor) < 6));
}

function budgetOf(reasoning: ReasoningEffort | undefined): number | undefined {
  if (reasoning === undefined || reasoning === "none") return undefined;
  return typeof reasoning === "object" ? reasoning.budgetTokens : budgets[reasoning];
}

/** Thinking counts towards the limit, so what is to be said needs room behind it. */
export function defaultMaxTokens(model: string, reasoning: ReasoningEffort | undefined): number {
  const budget = budgetOf(reasoning) ?? 0;
  return thinksByBudget(model) ? defaults.byBudget + budget : Math.max(defaults.adaptive, defaults.byBudget + budget);
}

export function encodeThinking(model: string, reasoning: ReasoningEffort): Anthropic.ThinkingConfigParam {
  const budget = budgetOf(reasoning);
  if (budget === undefined) return { type: "disabled" };
  if (typeof reasoning === "object" || thinksByBudget(model)) return { type: "enabled", budget_tokens: budget };
  // Some models leave out what they thought unless they are asked for it.
  return { type: "adaptive", display: "summarized" };
}

export function encodeOutputConfig(
  model: string,
  { output, reasoning }: Pick<ModelRequest, "output" | "reasoning">,
): { output_config?: Anthropic.OutputConfig } {
  const level = typeof reasoning === "string" && reasoning !== "none" && !thinksByBudget(model) ? reasoning : undefined;
  const config: Anthropic.OutputConfig = {
    ...(level !== undefined && { effort: level === "minimal" ? "low" : level }),
    ...(output?.type === "schema" && { format: { type: "json_schema", schema: withoutLimits(output.schema) } }),
  };
  return Object.keys(config).length === 0 ? {} : { output_config: config };
}
