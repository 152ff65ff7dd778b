#!/usr/bin/env node
// The command line: it parses, calls one function, and prints. Commands are loaded when they are run, so that help is quick.
import { Command, InvalidArgumentError, Option } from "commander";
import { packageVersion } from "./commands/version.ts";
import { ExitCode } from "./exit.ts";
import { guarded, run } from "./run.ts";
import type { CommonOptions } from "./session.ts";

const program = new Command("drizzle-rag")
  .description("Documents in Postgres, found by meaning, answered from with citations that were checked.")
  .version(packageVersion())
  .showHelpAfterError("(drizzle-rag --help shows what there is)")
  .addHelpText(
    "after",
    `
Database: --database, else the configuration's, else DATABASE_URL, else Postgres embedded in the folder .drizzle-rag.
Model:    --model, else the configuration's, else by ANTHROPIC_API_KEY or OPENAI_API_KEY, else an offline one that quotes.
Exit:     0 done, 1 failed in whole or part, 2 wrong usage, 130 interrupted.`,
  )
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : ExitCode.usage));

/** A command with the options that all have. */
function command(name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .option("-d, --database <url|folder>", "postgres://… or a folder for an embedded database")
    .option("-c, --config <file>", "configuration file (default: drizzle-rag.config.ts, if there is one)")
    .addOption(
      new Option("--embedder <name>", '"hashing" (offline) or "openai/<model>", for the ready-made tables').env(
        "DRIZZLE_RAG_EMBEDDER",
      ),
    )
    .option("--json", "one JSON value a line on stdout");
}

program
  .command("init")
  .description("write a schema, configuration and a compose file into your project")
  .option("--dir <folder>", "where to", ".")
  .option("--dimensions <n>", "length of the vectors", whole, 1536)
  .option("--embedder <name>", '"hashing" or "openai/<model>"', "hashing")
  .option("--force", "replace files that are there")
  .option("--json", "what was written, as JSON")
  .action((options) => guarded(async () => (await import("./commands/init.ts")).init(options)));

command("migrate", "create or update the tables").action((options: CommonOptions) =>
  run(options, async (session) => (await import("./commands/migrate.ts")).migrate(session, options)),
);

command(
  "add [path...]",
  "add files and folders; without one, or with -, what comes on stdin. Files that were added before are updated",
)
  .option("--include <glob...>", "only files that match")
  .option("--exclude <glob...>", "not these")
  .option("--max-bytes <n>", "largest file to take", whole)
  .option("--stdin-name <name>", "source of what comes on stdin; its extension tells the format", "stdin.txt")
  .option("--prune", "remove documents whose files are gone from these folders")
  .action((paths: string[], options) =>
    run(options, async (session, signal) => (await import("./commands/add.ts")).add(session, paths, options, signal)),
  );

command("search <question...>", "show the passages nearest to a question")
  .option("-n, --limit <n>", "most passages", whole, 8)
  .addOption(new Option("-m, --mode <mode>", "how to search").choices(["vector", "keyword", "hybrid"]))
  .option("--min-score <score>", "leave out what scores less", Number)
  .action((question: string[], options) =>
    run(options, async (session, signal) =>
      (await import("./commands/search.ts")).search(session, question.join(" "), options, signal),
    ),
  );

command("ask <question...>", "answer a question from the documents, with citations")
  .option("-n, --limit <n>", "most passages to answer from", whole, 8)
  .option("--model <name>", "such as openai/gpt-5-mini, anthropic/claude-sonnet-5-5 or extractive (offline)")
  .action((question: string[], options) =>
    run(options, async (session, signal) =>
      (await import("./commands/ask.ts")).ask(session, question.join(" "), options, signal),
    ),
  );

command(
  "eval <queries> [file]",
  'measure how well documents are found, on judged queries; "eval init" writes a set to begin with',
)
  .option("--qrels <file>", "judgments apart from the queries, as TREC and BEIR have them")
  .option("-k <n>", "places that count", whole, 10)
  .addOption(new Option("-m, --mode <mode>", "how to search").choices(["vector", "keyword", "hybrid"]))
  .addOption(new Option("--against <mode>", "another way, to compare with").choices(["vector", "keyword", "hybrid"]))
  .option("--tune", "find the weights of hybrid search that suit the documents")
  .option("-n, --queries <n>", "eval init: most queries", whole, 50)
  .option("--force", "eval init: replace a file that is there")
  .action((queries: string, file: string | undefined, options) =>
    run(options, async (session, signal) => {
      const { evalInit, evaluation } = await import("./commands/eval.ts");
      return queries === "init"
        ? evalInit(session, file ?? "eval.jsonl", options)
        : evaluation(session, queries, options, signal);
    }),
  );

command("list", "list the documents")
  .option("-n, --limit <n>", "most documents", whole, 100)
  .option("--offset <n>", "documents to pass over", whole, 0)
  .action((options) => run(options, async (session) => (await import("./commands/list.ts")).list(session, options)));

command("remove [source...]", "remove documents by their source; one that ends in / stands for all below it")
  .option("--all", "remove every document")
  .action((sources: string[], options) =>
    run(options, async (session) => (await import("./commands/remove.ts")).remove(session, sources, options)),
  );

command("status", "tell what is in the database").action((options) =>
  run(options, async (session) => (await import("./commands/status.ts")).status(session, options)),
);

function whole(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError("It has to be a whole number.");
  return value;
}

await program.parseAsync();
