// A physical standby of the test server, on the same machine.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const script = fileURLToPath(new URL("../../scripts/debian-postgres.sh", import.meta.url));
const root =
  process.env.DRIZZLE_RAG_POSTGRES_ROOT ??
  join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "drizzle-rag/postgres-17");

/** Whether one can be made: of a server on this machine's loopback interface, with what scripts/debian-postgres.sh has installed. */
export function canReplicate(primary: string): boolean {
  const installed = process.getuid?.() === 0 && existsSync(`${root}/usr/lib/postgresql/17/bin/pg_basebackup`);
  return installed && new URL(primary).hostname === "127.0.0.1";
}

/** @param primary The address of a database on the server; the replica has the same. */
export async function startReplica(primary: string): Promise<{ url: string; stop(): Promise<void> }> {
  const url = new URL(primary);
  const { stdout } = await run(script, ["replica", url.port]);
  const [pid = "", data = "", own = ""] = stdout.trim().split("\n").at(-1)?.split(" ") ?? [];
  url.port = new URL(own).port;
  return { url: url.href, stop: async () => void (await run(script, ["stop", pid, data])) };
}
