// Peers want Node 22, the project runs on 20. So that nobody has another engine than the others, a whole benchmark runs itself again under the
// Node of bench/peers when that is installed: ours, the limits and the peers take turns in one process.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { asJson, quick, say } from "./lib/report.ts";

const folder = new URL("peers/", import.meta.url);
const peersFolder = fileURLToPath(folder);
/** The Node that `npm ci --prefix bench/peers` brings. */
const peersNode = fileURLToPath(new URL("node_modules/node/bin/node", folder));
/** Set in the environment of the run under the peers' Node. Paths would not tell: links make two of one. */
const mark = "DRIZZLE_RAG_BENCH_UNDER_PEERS_NODE";

export const peersInstalled = () => existsSync(peersNode) && existsSync(new URL("node_modules/@mastra/pg", folder));
export const underPeersNode = () => process.env[mark] === "1";

/**
 * Runs the benchmark, or the program anew under the peers' Node, which is installed first unless the run is a short one.
 * Without them (`--no-peers`, or a short run where they are not installed) their measures are left out.
 *
 * @param url `import.meta.url` of the program.
 */
export async function withPeersNode(url: string, bench: () => Promise<void>): Promise<void> {
  const wanted = !process.argv.includes("--no-peers");
  if (wanted && !peersInstalled() && !quick) {
    say("installing the peers");
    await run("npm", ["ci", "--prefix", peersFolder]);
  }
  if (wanted && peersInstalled() && !underPeersNode()) {
    const tsx = fileURLToPath(import.meta.resolve("tsx/cli"));
    process.exitCode = await run(peersNode, [tsx, fileURLToPath(url), ...process.argv.slice(2)]);
    return;
  }
  if (wanted && !peersInstalled()) say("the peers are not installed (npm ci --prefix bench/peers): their measures are left out");
  await bench();
}

/** Runs a program with this one's output; returns its exit code. */
function run(program: string, args: readonly string[]): Promise<number> {
  // What npm prints is no line of JSON.
  const stdout = program === "npm" && asJson ? "ignore" : "inherit";
  const env = { ...process.env, [mark]: "1" };
  const child = spawn(program, args, { stdio: ["ignore", stdout, "inherit"], env });
  const forward = (signal: NodeJS.Signals) => child.kill(signal);
  process.on("SIGINT", forward).on("SIGTERM", forward);
  return new Promise((resolve, reject) => {
    child.once("error", reject).once("exit", (code) => resolve(code ?? 1));
  });
}
