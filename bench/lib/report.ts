// What a benchmark prints: a table for people, or with --json one line a measure.

export interface Measure {
  measure: string;
  /** A ratio where a peer or a limit was measured beside. */
  value: number;
  unit: string;
  /** The bar as a sentence of arithmetic, such as `<= 1.15`; left out for what is only shown. */
  bar?: `${"<=" | ">="} ${number}`;
  /** What the figure is made of, for people. */
  detail?: string;
}

export const asJson = process.argv.includes("--json");
/** The short run for CI: it shows that the benchmark works, its figures say nothing. */
export const quick = process.argv.includes("--quick");

export function isMet({ value, bar }: Measure): boolean | null {
  if (bar === undefined) return null;
  const limit = Number(bar.slice(3));
  return bar.startsWith("<=") ? value <= limit : value >= limit;
}

/** Prints one measure as soon as it is known. */
export function report(measure: Measure): void {
  const met = isMet(measure);
  const value = Number(measure.value.toPrecision(4));
  if (asJson) {
    console.log(JSON.stringify({ measure: measure.measure, value, unit: measure.unit, bar: measure.bar ?? null, met }));
    return;
  }
  const verdict = met === null ? " " : met ? "✓" : "✗";
  const bar = measure.bar === undefined ? "" : `(bar ${measure.bar})`;
  console.log(
    `${verdict} ${measure.measure.padEnd(92)} ${String(value).padStart(9)} ${measure.unit.padEnd(11)} ${bar.padEnd(14)} ${measure.detail ?? ""}`,
  );
}

/** What is going on; not part of the result. */
export function say(text: string): void {
  if (!asJson) console.log(`· ${text}`);
}
