// How far a long command is: one line that is drawn again on a terminal, now and then a plain line elsewhere.
import { note, paint } from "./output.ts";

export interface Progress {
  /** `done` of the total that was given at first. */
  show(done: number, what: string): void;
  /** Clears the bar. */
  end(): void;
}

/** At most one plain line in so many milliseconds. */
const every = 5_000;
const width = 28;

export function progress(total: number): Progress {
  const stream = process.stderr;
  if (stream.isTTY !== true) {
    let last = Date.now();
    return {
      show: (done, what) => {
        if (Date.now() - last < every) return;
        last = Date.now();
        note(`${done}/${total} ${what}`);
      },
      end: () => {},
    };
  }
  return {
    show: (done, what) => {
      const filled = total === 0 ? width : Math.round((Math.min(done, total) / total) * width);
      const bar = paint("cyan", "█".repeat(filled), stream) + paint("dim", "░".repeat(width - filled), stream);
      stream.write(`\r\u001b[2K${bar} ${done}/${total} ${what}`.slice(0, (stream.columns || 80) + 40));
    },
    end: () => stream.write("\r\u001b[2K"),
  };
}
