// npm run bench:store: what issue 3 demands of the store, measured beside hand-written `pg`, COPY on the server and the peers, in one run.
//   --quick        tiny sizes, for CI: shows that everything runs; the figures say nothing
//   --json         one line a measure
//   --only a,b     some of the groups below
//   --no-peers     without the peers, on the Node that runs this
//   --rows n       size of the large table of `growth`; default 1,000,000
//
// Peers want Node 22, the project runs on 20. So that nobody has another engine than the others, the whole benchmark runs itself again
// under the Node of bench/peers when that is installed: ours, hand-written SQL and peers take turns in one process, each over one
// connection. A child process for the peers would add its waking up to their times.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { asJson, quick, say } from "./lib/report.ts";
import { type Bench, withBench } from "./store/bench.ts";
import { clientsAtOnce as clients } from "./store/clients.ts";
import { filter } from "./store/filter.ts";
import { growth } from "./store/growth.ts";
import { hybrid } from "./store/hybrid.ts";
import { insert } from "./store/insert.ts";
import { load } from "./store/load.ts";
import { memory } from "./store/memory.ts";
import { peersFolder, peersInstalled, peersNode, peersNodeMark, underPeersNode } from "./store/peers.ts";
import { real } from "./store/real.ts";
import { rls } from "./store/rls.ts";
import { top10 } from "./store/top10.ts";

const groups: Record<string, (bench: Bench) => Promise<void>> = {
  top10,
  filter,
  rls,
  hybrid,
  load,
  insert,
  memory,
  growth,
  clients,
  real,
};

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean" },
    json: { type: "boolean" },
    only: { type: "string" },
    "no-peers": { type: "boolean" },
    rows: { type: "string" },
  },
});
const wanted = options.only?.split(",") ?? Object.keys(groups);
const unknown = wanted.filter((name) => !(name in groups));
if (unknown.length > 0) {
  console.error(`--only: there is no ${unknown.join(", ")}. Groups: ${Object.keys(groups).join(", ")}.`);
  process.exit(2);
}

const withPeers = options["no-peers"] !== true;
if (withPeers && !peersInstalled() && !quick) {
  say("installing the peers");
  await run("npm", ["ci", "--prefix", peersFolder]);
}
if (withPeers && peersInstalled() && !underPeersNode()) {
  const tsx = fileURLToPath(import.meta.resolve("tsx/cli"));
  process.exitCode = await run(peersNode, [tsx, fileURLToPath(import.meta.url), ...process.argv.slice(2)]);
} else {
  if (withPeers && !peersInstalled())
    say("the peers are not installed (npm ci --prefix bench/peers): their measures are left out");
  await withBench(options.rows === undefined ? undefined : Number(options.rows), async (bench) => {
    for (const name of wanted) await groups[name]?.(bench);
  });
}

/** Runs a program with this one's output; returns its exit code. */
function run(program: string, args: readonly string[]): Promise<number> {
  // What npm prints is no line of JSON.
  const stdout = program === "npm" && asJson ? "ignore" : "inherit";
  const env = { ...process.env, [peersNodeMark]: "1" };
  const child = spawn(program, args, { stdio: ["ignore", stdout, "inherit"], env });
  const forward = (signal: NodeJS.Signals) => child.kill(signal);
  process.on("SIGINT", forward).on("SIGTERM", forward);
  return new Promise((resolve, reject) => {
    child.once("error", reject).once("exit", (code) => resolve(code ?? 1));
  });
}
