// drizzle-rag eval <queries>: how well the documents are found, measured on judged queries. drizzle-rag eval init: a set to begin with.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { sql } from "drizzle-orm";
import { ConfigurationError, InputError } from "../../errors.ts";
import { compare, type Evaluation, evaluate } from "../../eval/evaluate.ts";
import { type JudgedQuery, readJudgments } from "../../eval/judgments.ts";
import { evaluationTable } from "../../eval/report.ts";
import { type Tuned, tune } from "../../eval/tune.ts";
import type { Hit, SearchMode } from "../../store/types.ts";
import { counted, json, line, note } from "../output.ts";
import type { CommonOptions, Session } from "../session.ts";

export interface EvalOptions extends CommonOptions {
  qrels?: string;
  k: number;
  mode?: SearchMode;
  against?: SearchMode;
  tune?: boolean;
  queries: number;
  force?: boolean;
}

const key = (hit: Hit) => hit.source ?? "";

export async function evaluation(session: Session, queries: string, options: EvalOptions, signal: AbortSignal): Promise<void> {
  const { docs } = session;
  const judged = await known(session, readJudgments(read(queries), options.qrels && read(options.qrels)));
  const { k } = options;
  if (options.tune === true) {
    const found = await tune(docs, judged, { k, key, signal });
    return options.json ? json(found) : showTuned(found);
  }
  const run = (mode: SearchMode | undefined) =>
    // Several passages of one document count once, so there have to be more passages than places.
    evaluate<Hit>(judged, (question) => docs.search(question, { limit: 3 * k, signal, ...(mode && { mode }) }), {
      k,
      key,
      signal,
    });
  const first = await run(options.mode);
  const evaluations: Record<string, Evaluation> = { [options.mode ?? "default"]: first };
  if (options.against !== undefined) evaluations[options.against] = await run(options.against);
  if (!options.json) return line(evaluationTable(evaluations));
  for (const [name, each] of Object.entries(evaluations))
    json({ name, k, queries: each.queries.length, unjudged: each.unjudged, ...each.mean });
  const other = options.against && evaluations[options.against];
  if (other !== undefined)
    for (const each of compare(first, other)) json({ name: `${options.against} - ${options.mode ?? "default"}`, ...each });
  for (const [name, each] of Object.entries(evaluations)) for (const query of each.queries) json({ name, ...query });
}

/** Judgments of documents that are not there would count against every search. */
async function known({ docs, source }: Session, judged: JudgedQuery[]): Promise<JudgedQuery[]> {
  const wanted = [...new Set(judged.flatMap(({ relevant }) => Object.keys(relevant)))];
  const there = new Set<string>();
  for (let i = 0; i < wanted.length; i += 1000) {
    const values = wanted.slice(i, i + 1000);
    const rows = await docs.list({ where: sql`${source.column} in ${values}`, limit: values.length });
    for (const row of rows as Record<string, unknown>[]) there.add(String(row[source.key]));
  }
  const missing = wanted.filter((each) => !there.has(each));
  if (missing.length > 0)
    note(`${counted(missing.length, "judged document")} of ${wanted.length} are not in the database, such as "${missing[0]}".`);
  return judged;
}

function showTuned(found: Tuned): void {
  const { weights, crossValidated, byDefault, vector, keyword, p, significant, queries, k } = found;
  line(`weights: { vector: ${weights.vector.toFixed(1)}, keyword: ${weights.keyword.toFixed(1)} }`);
  line(`nDCG@${k} over ${queries} queries, each with weights learned from the other half: ${crossValidated.toFixed(3)}`);
  line(`by default ${byDefault.toFixed(3)}, by vector ${vector.toFixed(3)}, by keyword ${keyword.toFixed(3)}`);
  line(
    significant
      ? `Better than the default weights, and not by chance (p ${p.toFixed(3)}).`
      : `No sure gain over the default weights (p ${p.toFixed(3)}): keep those.`,
  );
}

/** Writes a set of queries from the documents' own titles and headings: to be gone over by a person, who knows what is asked. */
export async function evalInit({ docs, source, titleKey }: Session, file: string, options: EvalOptions): Promise<void> {
  if (existsSync(file) && options.force !== true) throw new ConfigurationError(`${file} is there already. --force replaces it.`);
  const rows = (await docs.list({ orderBy: sql`md5(${source.column}::text)`, limit: options.queries })) as Record<
    string,
    unknown
  >[];
  const lines: string[] = [];
  for (const row of rows) {
    const title = titleKey === undefined ? undefined : row[titleKey];
    const query = typeof title === "string" && title.trim() !== "" ? title : firstWords(row);
    if (query !== undefined) lines.push(JSON.stringify({ query, relevant: [row[source.key]] }));
  }
  if (lines.length === 0)
    throw new InputError("There are no documents to make queries of: drizzle-rag add <path…>", { field: "documents" });
  writeFileSync(file, `${lines.join("\n")}\n`);
  if (options.json) return json({ file, queries: lines.length });
  line(
    `wrote ${file}: ${counted(lines.length, "query").replace("querys", "queries")} made of titles, each with the document it names`,
  );
  line("Titles are easy to find. Put the questions that people ask in their place, and add the documents that answer them.");
}

/** The longest text of a row is its document's. */
function firstWords(row: Record<string, unknown>): string | undefined {
  const texts = Object.values(row).filter((value) => typeof value === "string");
  const longest = texts.sort((a, b) => b.length - a.length)[0] ?? "";
  return /\p{L}[^.!?\n]{10,120}/u.exec(longest)?.[0].trim();
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new InputError(`${path} cannot be read: ${(error as Error).message}`, { field: "queries" });
  }
}
