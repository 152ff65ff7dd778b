// How long a program waits for `import`: each in fresh processes that take turns, less what an empty one takes.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { quick, report } from "../lib/report.ts";
import { median } from "../lib/timing.ts";
import { peersInstalled, underPeersNode } from "../peers-node.ts";
import type { Built } from "./built.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
export async function coldImports(built: Built): Promise<void> {
  const own = (name: string) => built.module(name);
  const programs: Record<string, string[]> = {
    nothing: [],
    ours: [own("index"), own("llm/openai")],
    calls: [own("llm/index"), own("llm/openai")],
    ...(peersInstalled() && underPeersNode() && { langchain: ["@langchain/openai"], aisdk: ["ai", "@ai-sdk/openai"] }),
  };
  const times = Object.fromEntries(Object.keys(programs).map((name) => [name, [] as number[]]));
  for (let round = 0; round < (quick ? 1 : 15); round++) {
    for (const [name, modules] of Object.entries(programs)) {
      const program = modules.map((module) => `await import(${JSON.stringify(module)});`).join("");
      const start = performance.now();
      const { status, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
        cwd: `${root}bench/peers`,
      });
      if (status !== 0) throw new Error(`${name}: ${stderr}`);
      times[name]?.push(performance.now() - start);
    }
  }
  const took = (name: string) => median(times[name] as number[]) - median(times.nothing as number[]);
  const parts = { calls: "drizzle-rag/llm and its OpenAI adapter", ours: "the whole of drizzle-rag, Drizzle included" };
  for (const [mine, what] of Object.entries(parts)) {
    if (times.langchain === undefined) report({ measure: `import of ${what}`, value: took(mine), unit: "ms" });
    for (const [name, label] of [
      ["langchain", "@langchain/openai"],
      ["aisdk", "ai and @ai-sdk/openai"],
    ] as const) {
      if (times[name] === undefined) continue;
      report({
        measure: `import of ${what} against ${label}`,
        value: took(mine) / took(name),
        unit: "×",
        // The whole brings a query builder that calls have no use for.
        ...(mine === "calls" && { bar: "<= 1" as const }),
        detail: `${took(mine).toFixed(0)} ms against ${took(name).toFixed(0)} ms`,
      });
    }
  }
}
