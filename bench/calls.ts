// npm run bench:calls: what a call costs over the provider's own SDK, and beside the peers, against a server on this machine.
//   --quick        few rounds, for CI: shows that everything runs; the figures say nothing
//   --json         one line a measure
//   --no-peers     without the peers, on the Node that runs this
//
// The peers want Node 22, so with them all contenders run under theirs: see bench/peers.
import OpenAI from "openai";
import { call } from "../src/llm/call.ts";
import { openaiChat } from "../src/llm/openai.ts";
import { coldImports } from "./calls/cold.ts";
import { loadCallPeers } from "./calls/peers.ts";
import { startCallServer } from "./calls/start.ts";
import { quick, report, say } from "./lib/report.ts";
import { median, takeTurns } from "./lib/timing.ts";
import { withPeersNode } from "./peers-node.ts";

const deltas = 2000;
/** Calls of one contender before the next has its turn. */
const callsATurn = 20;
const question = "How long does a refund take?";
const model = "gpt-5-mini";

await withPeersNode(import.meta.url, async () => {
  const server = await startCallServer(deltas);
  try {
    say(`Node ${process.version}; a server on this machine, ${deltas} deltas a stream`);
    const peers = await loadCallPeers(server.url, model);
    const client = new OpenAI({ apiKey: "none", baseURL: server.url, maxRetries: 0 });
    const ours = call({ model: openaiChat({ client, provider: "openai-chat" })(model) }, (q: string) => q);
    const messages = [{ role: "user" as const, content: question }];

    const plain = {
      sdk: async () => (await client.chat.completions.create({ model, messages })).choices[0]?.message.content ?? "",
      ours: async () => (await ours(question)).text,
    };
    const contenders: Record<string, () => Promise<string>> = {
      ...plain,
      ...(peers && { langchain: () => peers.langchain.call(question), aisdk: () => peers.aisdk.call(question) }),
    };
    const expected = await plain.sdk();
    for (const [name, ask] of Object.entries(contenders))
      if ((await ask()) !== expected) throw new Error(`${name} answered something else`);
    // Several in a row: after another contender's turn, the first finds the processor's caches full of that one's.
    const inARow = Object.fromEntries(
      Object.entries(contenders).map(([name, ask]) => [name, async () => void (await repeat(callsATurn, ask))]),
    );
    ratios("a call, wall time", await takeTurns(inARow, quick ? 2 : 150, quick ? 1 : 40), 1.05, callsATurn);

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
    const streams: Record<string, () => Promise<number>> = {
      ...read,
      ...(peers && { langchain: () => peers.langchain.stream(question), aisdk: () => peers.aisdk.stream(question) }),
    };
    const length = await read.sdk();
    for (const [name, stream] of Object.entries(streams))
      if ((await stream()) !== length) throw new Error(`${name} streamed something else`);
    ratios(`a stream of ${deltas} deltas, wall time`, await takeTurns(streams, quick ? 3 : 150, quick ? 1 : 40), 1.1);
  } finally {
    await server.stop();
  }
  await coldImports();
});

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
