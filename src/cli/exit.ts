// How a command ends.

export const ExitCode = {
  /** Something went wrong, or some of the files could not be added. */
  failed: 1,
  /** The command line itself was wrong. */
  usage: 2,
  /** Ctrl-C: 128 + SIGINT. */
  interrupted: 130,
} as const;

/** What Ctrl-C aborts with. */
export class AbortedError extends Error {
  override readonly name = "AbortError";
  constructor() {
    super("interrupted");
  }
}
