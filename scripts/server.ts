// A Postgres 17 with pgvector for tests and benchmarks: the one that TEST_DATABASE_URL names, one in Docker, or Debian's packages.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

export interface Server {
  url: string;
  /** How it came to be, for people. */
  how: string;
  stop(): Promise<void>;
}

const run = promisify(execFile);
const script = fileURLToPath(new URL("debian-postgres.sh", import.meta.url));

/** Throws when none of the three ways works here, saying what would. */
export async function startServer(): Promise<Server> {
  const given = process.env.TEST_DATABASE_URL;
  if (given !== undefined && given !== "") return { url: given, how: "TEST_DATABASE_URL", stop: async () => {} };
  if (await hasDocker()) {
    const { PostgreSqlContainer } = await import("@testcontainers/postgresql");
    const container = await new PostgreSqlContainer("pgvector/pgvector:pg17").withCommand(["-c", "max_connections=100"]).start();
    return { url: container.getConnectionUri(), how: "Testcontainers", stop: async () => void (await container.stop()) };
  }
  if (existsSync("/etc/debian_version") && process.getuid?.() === 0) {
    const { stdout } = await run(script, ["start"]);
    const [pid, data, url] = stdout.trim().split("\n").at(-1)?.split(" ") ?? [];
    if (pid === undefined || data === undefined || url === undefined) throw new Error(`${script} start printed: ${stdout}`);
    return { url, how: "Debian's packages", stop: async () => void (await run(script, ["stop", pid, data])) };
  }
  throw new Error("No Postgres 17 with pgvector: set TEST_DATABASE_URL, start Docker, or run as root on Debian.");
}

async function hasDocker(): Promise<boolean> {
  try {
    await run("docker", ["info"], { timeout: 20_000 });
    return true;
  } catch {
    return false;
  }
}
