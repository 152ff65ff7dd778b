// npm run bench:calls: what a call costs over the provider's own SDK, and beside the peers, against a server on this machine.
//   --quick        few rounds, for CI: shows that everything runs; the figures say nothing
//   --json         one line a measure
//   --no-peers     without the peers, on the Node that runs this
//
// The peers want Node 22, so with them all contenders run under theirs: see bench/peers.
import OpenAI from "openai";
import { build } from "./calls/built.ts";
import { coldImports } from "./calls/cold.ts";
import { loadCallPeers } from "./calls/peers.ts";
import { startCallServer } from "./calls/start.ts";
import { quick, report, say } from "./lib/report.ts";
import { median, takeTurns } from "./lib/timing.ts";
import { withPeersNode } from "./peers-node.ts";

const deltas = 2000;
/** Calls of one contender before the next has its turn. */
const callsATurn = quick ? 5 : 200;
const question = "How long does a refund take?";
const model = "gpt-5-mini";

await withPeersNode(import.meta.url, async () => {
  say("building the package");
  const built = build();
  const { call } = (await import(built.module("llm/index"))) as typeof import("../src/llm/index.ts");
  const { openaiChat } = (await import(built.module("llm/openai"))) as typeof import("../src/llm/openai.ts");
  const server = await startCallServer(deltas);
  try {
    say(`Node ${process.version}; a server on this machine, ${deltas} deltas a stream`);
    const client = new OpenAI({ apiKey: "none", baseURL: server.url, maxRetries: 0 });
    const ours = call({ model: openaiChat({ client, provider: "openai-chat" })(model) }, (q: string) => q);
    const messages = [{ role: "user" as const, content: question }];

    const plain = {
      sdk: async () => (await client.chat.completions.create({ model, messages })).choices[0]?.message.content ?? "",
      ours: async () => (await ours(question)).text,
    };
    const cpu = await cpuOf(plain, quick ? 2 : 30, quick ? 5 : 200);
    report({
      measure: "a call, CPU of our own",
      value: cpu.ours - cpu.sdk,
      unit: "ms",
      bar: "<= 0.15",
      detail: `${cpu.ours.toFixed(3)} ms with, ${cpu.sdk.toFixed(3)} ms without`,
    });

    const read = {
      sdk: async () => {
        let length = 0;
        const stream = await client.chat.completions.create({
          model,
          messages,
          stream: true,
          stream_options: { include_usage: true },
        });
        for await (const chunk of stream) length += chunk.choices[0]?.delta.content?.length ?? 0;
        return length;
      },
      ours: async () => {
        let length = 0;
        for await (const event of ours.stream(question)) if (event.type === "text") length += event.text.length;
        return length;
      },
    };
    await sideBySide({ call: plain, stream: read });

    // Loaded only now: LangChain turns on the tracking of asynchronous contexts, and from then on each promise costs more, whoever makes it.
    const peers = await loadCallPeers(server.url, model);
    if (peers !== undefined) {
      const peer = (name: keyof typeof peers, what: "call" | "stream") => () => peers[name][what](question);
      await sideBySide({
        call: { ours: plain.ours, langchain: peer("langchain", "call"), aisdk: peer("aisdk", "call") },
        stream: { ours: read.ours, langchain: peer("langchain", "stream"), aisdk: peer("aisdk", "stream") },
      });
    }
  } finally {
    await server.stop();
  }
  try {
    await coldImports(built);
  } finally {
    built.remove();
  }
});

/** Contenders that take turns, after it is seen that all of them answer the same. */
async function sideBySide({ call, stream }: Record<"call" | "stream", Record<string, () => Promise<unknown>>>): Promise<void> {
  for (const contenders of [call, stream]) {
    const answers = await Promise.all(Object.values(contenders).map((ask) => ask()));
    if (new Set(answers).size > 1) throw new Error(`Not all answered the same: ${answers.join(" | ")}`);
  }
  // Several in a row: after another contender's turn, the first finds the processor's caches full of that one's.
  const inARow = Object.fromEntries(
    Object.entries(call).map(([name, ask]) => [name, async () => void (await repeat(callsATurn, ask))]),
  );
  // A call's share is some hundredths of the whole, and the machine's own swings are as large: many turns, and code that is compiled by then.
  ratios("a call, wall time", await takeTurns(inARow, quick ? 2 : 60, quick ? 1 : 20), 1.05, callsATurn);
  ratios(`a stream of ${deltas} deltas, wall time`, await takeTurns(stream, quick ? 3 : 150, quick ? 1 : 40), 1.1);
}

/** Ours against the SDK, and against each peer: with those, nothing but being ahead counts. */
function ratios(what: string, times: Record<string, number[]>, bar: number, each = 1): void {
  const p50 = Object.fromEntries(Object.entries(times).map(([name, list]) => [name, median(list) / each]));
  const names: Record<string, string> = { sdk: "the bare SDK", langchain: "LangChain", aisdk: "the AI SDK" };
  for (const [name, label] of Object.entries(names)) {
    if (p50[name] === undefined) continue;
    report({
      measure: `${what} against ${label}`,
      value: (p50.ours as number) / p50[name],
      unit: "×",
      bar: name === "sdk" ? `<= ${bar}` : "<= 1",
      detail: `${(p50.ours as number).toFixed(3)} ms against ${p50[name].toFixed(3)} ms`,
    });
  }
}

/** Milliseconds of CPU a call: the median of batches that take turns. */
async function cpuOf<K extends string>(
  contenders: Record<K, () => Promise<unknown>>,
  batches: number,
  size: number,
): Promise<Record<K, number>> {
  const names = Object.keys(contenders) as K[];
  const found = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<K, number[]>;
  for (let batch = 0; batch < batches; batch++) {
    for (const name of batch % 2 === 0 ? names : [...names].reverse()) {
      const before = process.cpuUsage();
      await repeat(size, contenders[name]);
      const { user, system } = process.cpuUsage(before);
      found[name].push((user + system) / 1000 / size);
    }
  }
  return Object.fromEntries(names.map((name) => [name, median(found[name])])) as Record<K, number>;
}

async function repeat(times: number, work: () => Promise<unknown>): Promise<void> {
  for (let i = 0; i < times; i++) await work();
}
