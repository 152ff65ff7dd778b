// npm run bench:store: what issue 3 demands of the store, measured beside hand-written `pg`, COPY on the server and the peers, in one run.
//   --quick        tiny sizes, for CI: shows that everything runs; the figures say nothing
//   --json         one line a measure
//   --only a,b     some of the groups below
//   --no-peers     without the peers, on the Node that runs this
//   --rows n       size of the large table of `growth`; default 1,000,000
//
// The peers want Node 22, so with them all contenders run under theirs, in one process, each over one connection. A child process for the
// peers would add its waking up to their times.
import { parseArgs } from "node:util";
import { withPeersNode } from "./peers-node.ts";
import { type Bench, withBench } from "./store/bench.ts";
import { clientsAtOnce as clients } from "./store/clients.ts";
import { filter } from "./store/filter.ts";
import { growth } from "./store/growth.ts";
import { hybrid } from "./store/hybrid.ts";
import { insert } from "./store/insert.ts";
import { load } from "./store/load.ts";
import { memory } from "./store/memory.ts";
import { real } from "./store/real.ts";
import { rls } from "./store/rls.ts";
import { top10 } from "./store/top10.ts";

/**
 * Those with peers come last: LangChain turns on the tracking of asynchronous contexts, and from then on each promise of the process costs more,
 * whoever makes it.
 */
const groups: Record<string, (bench: Bench) => Promise<void>> = {
  filter,
  rls,
  hybrid,
  clients,
  real,
  insert,
  memory,
  growth,
  top10,
  load,
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

await withPeersNode(import.meta.url, () =>
  withBench(options.rows === undefined ? undefined : Number(options.rows), async (bench) => {
    for (const name of wanted) await groups[name]?.(bench);
  }),
);
