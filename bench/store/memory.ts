// A long load from an async iterable: memory stays flat. In a process of its own, so that nothing else is counted.
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { quick, report, say } from "../lib/report.ts";
import { type Bench, createPassages, withPool } from "./bench.ts";
import type { LoadMessage } from "./memory-load.ts";

const size = quick ? 2000 : 500_000;
const dimensions = 384;

export async function memory({ url }: Bench): Promise<void> {
  say(`memory: ${size} rows × ${dimensions} from an async iterable`);
  await withPool(url, async (pool) => {
    await createPassages(pool, "streamed", dimensions);
    const child = fork(fileURLToPath(new URL("memory-load.ts", import.meta.url)), [url, String(size), String(dimensions)], {
      execArgv: ["--import", import.meta.resolve("tsx")],
    });
    const { before, most, seconds } = await new Promise<LoadMessage>((resolve, reject) => {
      child.once("message", (message) => resolve(message as LoadMessage));
      child.once("error", reject).once("exit", (code) => reject(new Error(`The loading process ended with ${code}.`)));
    });
    const { rows } = await pool.query("select count(*)::int as count from streamed");
    if (rows[0]?.count !== size) throw new Error(`${rows[0]?.count} rows of ${size} were loaded.`);
    report({
      measure: `load of ${size} × ${dimensions} from an async iterable, growth of resident memory`,
      value: (most - before) / 1e6,
      unit: "MB",
      bar: "<= 150",
      detail: `from ${(before / 1e6).toFixed(0)} MB to at most ${(most / 1e6).toFixed(0)} MB, ${seconds.toFixed(0)} s`,
    });
    await pool.query("drop table streamed");
  });
}
