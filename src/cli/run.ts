// Around every command: the signal that Ctrl-C sends, the session that is closed whatever happens, errors in one line, exit codes.
import { AbortedError, ExitCode } from "./exit.ts";
import { note, paint } from "./output.ts";
import { type CommonOptions, openSession, type Session } from "./session.ts";

/** Runs a command with a session, and sets the process's exit code. */
export async function run(
  options: CommonOptions,
  command: (session: Session, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  await guarded(async (signal) => {
    const session = await openSession(options);
    try {
      await command(session, signal);
    } finally {
      await session.close();
    }
  });
}

/** Runs a command that needs no session. */
export async function guarded(command: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const controller = new AbortController();
  const onInterrupt = () => {
    // The first one lets what is under way be rolled back; the second is the person's last word.
    if (controller.signal.aborted) process.exit(ExitCode.interrupted);
    controller.abort(new AbortedError());
  };
  process.on("SIGINT", onInterrupt).on("SIGTERM", onInterrupt);
  // A reader that has seen enough (`| head`) is no error.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
    throw error;
  });
  try {
    await command(controller.signal);
  } catch (error) {
    report(error);
    process.exitCode = controller.signal.aborted ? ExitCode.interrupted : ExitCode.failed;
  } finally {
    process.off("SIGINT", onInterrupt).off("SIGTERM", onInterrupt);
  }
}

/** An error in one line on stderr; with DEBUG set, all there is about it. */
export function report(error: unknown): void {
  if (error instanceof AbortedError) {
    note("Interrupted. What was finished before is kept, nothing is half done.");
    return;
  }
  const message = error instanceof Error ? error.message : String(error);
  note(`${paint("red", "error", process.stderr)}: ${message.replace(/\s*\n\s*/g, " ")}`);
  if (process.env.DEBUG && error instanceof Error) note(String(error.stack));
}
