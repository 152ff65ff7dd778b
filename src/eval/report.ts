// Evaluations as text for a terminal.
import { median } from "../util/median.ts";
import { type Compared, compare, type Evaluation } from "./evaluate.ts";
import type { Scores } from "./metrics.ts";

const names: Record<keyof Scores, (k: number) => string> = {
  ndcg: (k) => `nDCG@${k}`,
  recall: (k) => `recall@${k}`,
  precision: (k) => `precision@${k}`,
  mrr: (k) => `MRR@${k}`,
  map: () => "MAP",
};

/** A table of the means: one evaluation, or several by name, those after the first with how they differ from it. */
export function evaluationTable(evaluations: Readonly<Record<string, Evaluation>>): string {
  const [[firstName, first] = ["", undefined], ...others] = Object.entries(evaluations);
  if (first === undefined) return "";
  const compared = others.map(([name, each]) => ({ name, rows: compare(first, each) }));
  const heading = ["", firstName, ...compared.flatMap(({ name }) => [name, "difference", "p", "better/worse/same"])];
  const rows = (Object.keys(first.mean) as (keyof Scores)[]).map((measure, i) => [
    names[measure](first.k),
    first.mean[measure].toFixed(3),
    ...compared.flatMap(({ rows }) => cells(rows[i] as Compared)),
  ]);
  const milliseconds = (each: Evaluation) => `${median(each.queries.map((query) => query.milliseconds)).toFixed(1)} ms`;
  rows.push(["p50", milliseconds(first), ...others.flatMap(([, each]) => [milliseconds(each), "", "", ""])]);
  const left = first.unjudged === 0 ? "" : `, ${first.unjudged} without a relevant document left out`;
  return `${aligned([heading, ...rows])}\n${first.queries.length} queries${left}`;
}

function cells({ b, difference, p, better, worse, same }: Compared): string[] {
  const sign = difference < 0 ? "" : "+";
  return [b.toFixed(3), `${sign}${difference.toFixed(3)}`, p < 0.001 ? "<0.001" : p.toFixed(3), `${better}/${worse}/${same}`];
}

function aligned(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
