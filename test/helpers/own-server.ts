// A Postgres of a test file's own, which it may kill: only where scripts/debian-postgres.sh has made one already.
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

/** Whether servers can be started here besides the one at this address: it is on the loopback interface, and the script has installed one. */
export function canStartServers(server: string): boolean {
  const installed = process.getuid?.() === 0 && existsSync(`${root}/usr/lib/postgresql/17/bin/pg_basebackup`);
  return installed && new URL(server).hostname === "127.0.0.1";
}

export interface OwnServer {
  url: string;
  /** As a power cut would: nothing is told to anybody. */
  kill(): Promise<void>;
  /** After `kill()`, at the same address. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export async function startOwnServer(): Promise<OwnServer> {
  let { pid, data, url } = printed(await run(script, ["start"]));
  return {
    url,
    kill: async () => void (await run(script, ["kill", pid, data])),
    restart: async () => {
      ({ pid, data, url } = printed(await run(script, ["again", data, new URL(url).port])));
    },
    stop: async () => void (await run(script, ["stop", pid, data])),
  };
}

/** @param primary The address of a database on the server; the replica has the same. */
export async function startReplica(primary: string): Promise<{ url: string; stop(): Promise<void> }> {
  const url = new URL(primary);
  const { pid, data, url: own } = printed(await run(script, ["replica", url.port]));
  url.port = new URL(own).port;
  return { url: url.href, stop: async () => void (await run(script, ["stop", pid, data])) };
}

/** The script's last line: `<process id> <data folder> <url>`. */
function printed({ stdout }: { stdout: string }): { pid: string; data: string; url: string } {
  const [pid = "", data = "", url = ""] = stdout.trim().split("\n").at(-1)?.split(" ") ?? [];
  return { pid, data, url };
}
