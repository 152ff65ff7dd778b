// Times things side by side: contenders take turns in one run, so that a machine whose speed drifts treats them alike.
import { random } from "./vectors.ts";

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[middle] as number) : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

/** Milliseconds that some work takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = process.hrtime.bigint();
  await work();
  return Number(process.hrtime.bigint() - start) / 1e6;
}

/**
 * Runs each contender once a round, in an order drawn anew each round (nobody always follows the one that leaves the most garbage), after
 * some rounds that do not count.
 * Returns the milliseconds of every counted round by contender.
 */
export async function takeTurns<K extends string>(
  contenders: Record<K, (round: number) => Promise<unknown>>,
  rounds: number,
  warmup: number,
): Promise<Record<K, number[]>> {
  const names = Object.keys(contenders) as K[];
  const times = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<K, number[]>;
  const next = random(1);
  for (let round = -warmup; round < rounds; round++) {
    const order = names.map((name) => ({ name, at: next() })).sort((a, b) => a.at - b.at);
    for (const { name } of order) {
      const took = await timed(() => contenders[name](Math.abs(round)));
      if (round >= 0) times[name].push(took);
    }
  }
  return times;
}
