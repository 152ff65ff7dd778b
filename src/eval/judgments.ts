// Queries with what was judged relevant to them, in the forms that collections come in.
import { InputError } from "../errors.ts";
import type { Grades } from "./metrics.ts";

/** A question, and the documents that answer it. */
export interface JudgedQuery {
  id: string;
  query: string;
  /** By key: 0 is not relevant, more is better. */
  relevant: Grades;
}

/**
 * Reads judged queries.
 *
 * One JSON object a line: `{"query": "…", "relevant": ["key", …]}` or `{"query": "…", "relevant": {"key": grade, …}}`, with an `id` if you like.
 * With `qrels`, the lines are `{"id" or "_id": "…", "text" or "query": "…"}`, as BEIR has them, and the judgments are lines of TREC's
 * `query iteration document grade` or BEIR's `query document grade`, apart by white space; a heading is passed over.
 *
 * @throws InputError that names the line, for one that cannot be read, a judgment of a query that is not there, or two queries of one id.
 */
export function readJudgments(queries: string, qrels?: string): JudgedQuery[] {
  const found = new Map<string, { id: string; query: string; relevant: Record<string, number> }>();
  for (const { line, number } of linesOf(queries)) {
    const row = parsed(line, number);
    const query = row.query ?? row.text ?? row.question;
    const id = String(row.id ?? row._id ?? number);
    if (typeof query !== "string" || query.trim() === "") throw bad(number, 'it has no "query" (or "text")');
    if (found.has(id)) throw bad(number, `the id "${id}" was there before`);
    found.set(id, { id, query, relevant: qrels === undefined ? gradesOf(row.relevant, number) : {} });
  }
  for (const { line, number } of linesOf(qrels ?? "")) {
    const fields = line.split(/\s+/);
    const [id = "", document = "", grade = ""] = fields.length === 4 ? [fields[0], fields[2], fields[3]] : fields;
    if (!/^-?\d+(\.\d+)?$/.test(grade)) {
      if (number === 1) continue;
      throw bad(number, "a judgment is: query document grade, or: query iteration document grade", "qrels");
    }
    const of = found.get(id);
    if (of === undefined) throw bad(number, `there is no query "${id}"`, "qrels");
    of.relevant[document] = Number(grade);
  }
  return [...found.values()];
}

function gradesOf(given: unknown, number: number): Record<string, number> {
  if (Array.isArray(given)) return Object.fromEntries(given.map((key) => [String(key), 1]));
  if (typeof given === "object" && given !== null) {
    const grades = Object.entries(given).map(([key, grade]) => [key, Number(grade)] as const);
    if (grades.every(([, grade]) => Number.isFinite(grade))) return Object.fromEntries(grades);
  }
  throw bad(number, '"relevant" is a list of keys, or an object of grades by key');
}

function parsed(line: string, number: number): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch {
    // Told below, with the others.
  }
  throw bad(number, "it is not a JSON object");
}

function linesOf(text: string): { line: string; number: number }[] {
  return text
    .split(/\r?\n/)
    .map((line, i) => ({ line: line.trim(), number: i + 1 }))
    .filter(({ line }) => line !== "");
}

function bad(number: number, why: string, field = "queries"): InputError {
  return new InputError(`Line ${number} cannot be read: ${why}.`, { field });
}
