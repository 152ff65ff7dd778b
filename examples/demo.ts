// npm run demo [-- <folder> "<question>"]: stores a folder of documents, searches it, and answers with citations.
// Without arguments: the README and docs of this project, and two questions. No server and no key are needed.
import { relative, resolve } from "node:path";
import { inArray } from "drizzle-orm";
// How the command line prints, which the demo prints like.
import { counted, excerpt, line, note, paint } from "../src/cli/output.ts";
import { place } from "../src/cli/places.ts";
import { progress } from "../src/cli/progress.ts";
import { report } from "../src/cli/run.ts";
import { chooseModel } from "../src/cli/session.ts";
import { withoutPassword } from "../src/db/connect.ts";
// In a project of yours these three lines read `from "drizzle-rag"`, `from "drizzle-rag/embed/hashing"`, `from "drizzle-rag/load"`.
import { hashingEmbedder } from "../src/embed/hashing.ts";
import { type CallResponse, call, collection, connect, documentRow, documents, type Hit, migrate } from "../src/index.ts";
import { resolveModel } from "../src/llm/resolve.ts";
import { loadDirectory, walk } from "../src/load/index.ts";

const project = resolve(import.meta.dirname, "..");
const own = {
  paths: [resolve(project, "README.md"), resolve(project, "docs")],
  search: "delete rows in a transaction of my own",
  questions: [
    "What does an exact verdict say about a quote?",
    "What happens to a search that comes back with fewer hits than the limit?",
  ],
};

async function main(folder: string | undefined, question: string | undefined) {
  if (folder !== undefined && question === undefined) {
    note('Give a question as well: npm run demo -- <folder> "<question>"');
    process.exitCode = 2;
    return;
  }
  const paths = folder === undefined ? own.paths : [resolve(process.env.INIT_CWD ?? ".", folder)];
  const questions = question === undefined ? own.questions : [question];
  const model = resolveModel(chooseModel(undefined));
  line(paint("bold", "drizzle-rag: documents in Postgres, found by meaning, answered from with citations that were checked"));

  // 1. A database: the one that DATABASE_URL names, or Postgres inside this process.
  let since = performance.now();
  const url = process.env.DATABASE_URL ?? resolve(project, ".drizzle-rag/demo");
  await using db = await connect(url);
  await migrate(db);
  const where = process.env.DATABASE_URL ? withoutPassword(url) : `embedded in ${relative(process.cwd(), url)}, no server`;
  step(1, "Database", since, `Postgres ${where}`);

  // 2. Documents into it. Those that have not changed since the last run keep their passages and vectors.
  since = performance.now();
  const docs = collection(db, { embedder: hashingEmbedder() });
  const sources: string[] = [];
  let files = 0;
  for await (const _ of walk(paths)) files++;
  const bar = progress(files);
  async function* rows() {
    for await (const document of loadDirectory(paths, { onSkip: () => {} })) {
      const row = documentRow(document);
      sources.push(row.source);
      yield row;
    }
  }
  const stored = await docs.load(rows(), {
    key: documents.source,
    onProgress: ({ embedded }) => bar.show(sources.length, `files, ${counted(embedded, "passage")} embedded`),
  });
  bar.end();
  const what = folder ?? "README.md and docs/";
  step(2, "Store", since, `${counted(stored.documents, "document")} of ${what}`);
  line(`   ${counted(stored.embedded, "passage")} embedded, ${stored.kept} unchanged since the last run`);
  if (sources.length === 0) throw new Error(`There is no .md, .txt or .html file in ${what}.`);

  // 3. Search: by vector and by keyword in one statement. `where` is plain Drizzle; here it leaves out what earlier runs stored.
  since = performance.now();
  const these = inArray(documents.source, sources);
  const wanted = question ?? own.search;
  const hits = await docs.search(wanted, { where: these, limit: 3 });
  step(3, "Search", since, `“${wanted}”`);
  for (const hit of hits) {
    line(`   ${paint("dim", hit.score.toFixed(2))}  ${paint("cyan", placeOf(hit, hit))}  ${hit.headings.slice(-2).join(" > ")}`);
    line(`         ${excerpt(hit.text.replace(/^#+.*\n/, ""), 110)}`);
  }

  // 4. Answers. The prompt is a plain function; its sources are what a search returned.
  const ask = call({ model }, async (asked: string) => ({
    system: "Answer from the sources alone, briefly. Say so when they do not hold the answer.",
    sources: await docs.search(asked, { where: these, limit: 8 }),
    messages: asked,
  }));
  const who = model.id === "extractive" ? "extractive: sentences of the documents, quoted; no model, no key" : model.id;
  for (const [i, asked] of questions.entries()) {
    since = performance.now();
    const answer = await ask(asked);
    step(4 + i, "Ask", since, `“${asked}”  ${paint("dim", `(${who})`)}`);
    showAnswer(answer, model.citations === "native");
  }
  showNext(folder !== undefined, model.id === "extractive");
}

function step(number: number, name: string, since: number, text: string) {
  const seconds = ((performance.now() - since) / 1000).toFixed(2);
  line(`\n${paint("bold", `${number}  ${name}`)}  ${text}  ${paint("dim", `${seconds} s`)}`);
}

/** The answer with its marks, and beneath it where each quote stands. */
function showAnswer({ text, citations }: CallResponse<Hit>, native: boolean) {
  let shown = text;
  // Models that get numbered sources write the marks [n] themselves.
  if (native) {
    for (const { textRange, index } of citations.toReversed())
      shown = `${shown.slice(0, textRange.end)} [${index + 1}]${shown.slice(textRange.end)}`;
  }
  line(wrapped(shown));
  for (const { index, source, quote, verified, documentRange } of citations) {
    const checked = verified === "exact" ? "" : `  (${verified})`;
    line(
      `   ${paint("bold", `[${index + 1}]`)} ${paint("cyan", placeOf(source, documentRange ?? source))}  “${excerpt(quote, 90)}”${checked}`,
    );
  }
}

/** Indented lines of at most 110 characters, broken between words. */
function wrapped(text: string) {
  return text
    .replace(/[^\n]{1,107}(?=\s|$)\s?|[^\n]{107}/g, (part) => `   ${part.trimEnd()}\n`)
    .replace(/\n{3,}/g, "\n\n")
    .trimEnd();
}

/** File and line, the file as seen from here. */
function placeOf(hit: Hit, range: { start: number; end: number }) {
  return place(relative(process.cwd(), hit.source ?? ""), hit.document, range);
}

function showNext(withFolder: boolean, offline: boolean) {
  line(`\n${paint("bold", "Next")}`);
  line(`   your own folder    npm run demo -- ${withFolder ? "<folder>" : "../notes"} "a question that it answers"`);
  if (offline) line("   a real model       ANTHROPIC_API_KEY=… npm run demo     or OPENAI_API_KEY=…");
  line(
    "   a Postgres server  docker compose up -d --wait, then DATABASE_URL=postgres://postgres:postgres@localhost:5432/postgres npm run demo",
  );
  line("   in your program    docs/getting-started.md");
}

try {
  await main(process.argv[2], process.argv[3]);
} catch (error) {
  report(error);
  process.exitCode = 1;
}
