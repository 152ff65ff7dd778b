// PgBouncer in transaction mode in front of the test server, on a free port of the loopback interface, as a user that is not root.
import { execFileSync, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, connect as dial } from "node:net";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";

export interface Pooler {
  /** Of the same database, through the pooler. */
  url: string;
  /** 1.21 and later keep named statements for their clients. */
  keepsStatements: boolean;
  stop(): Promise<void>;
}

const program = "/usr/sbin/pgbouncer";

/** Where scripts/debian-postgres.sh keeps its Debian 13, whose PgBouncer is newer than that of an older machine. */
const root =
  process.env.DRIZZLE_RAG_POSTGRES_ROOT ??
  join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "drizzle-rag/postgres-17");

/** How to run PgBouncer here; undefined where it is not installed: `apt-get install -y pgbouncer`. */
export function findPooler(): { command: string[]; folder: string; keepsStatements: boolean } | undefined {
  const isRoot = process.getuid?.() === 0;
  const inside = ["chroot", "--userspec=postgres", root, program];
  const ways = [
    ...(isRoot && existsSync(root + program) ? [{ command: inside, folder: join(root, "tmp") }] : []),
    ...(existsSync(program)
      ? [
          {
            command: isRoot ? ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", program] : [program],
            folder: tmpdir(),
          },
        ]
      : []),
  ];
  const [way] = ways;
  if (way === undefined) return undefined;
  const [name = "", ...args] = way.command;
  const version = execFileSync(name, [...args, "--version"], { encoding: "utf8" }).match(/PgBouncer (\d+)\.(\d+)/);
  return { ...way, keepsStatements: Number(version?.[1]) > 1 || Number(version?.[2]) >= 21 };
}

/** @param size Connections to the server that all clients share. */
export async function startPooler(serverUrl: string, size: number): Promise<Pooler> {
  const found = findPooler();
  if (found === undefined) throw new Error("PgBouncer is not installed: apt-get install -y pgbouncer");
  const server = new URL(serverUrl);
  const database = server.pathname.slice(1);
  const port = await freePort();
  const folder = mkdtempSync(join(found.folder, "pgbouncer-"));
  chmodSync(folder, 0o755);
  const path = join(folder, "pgbouncer.ini");
  const password = server.password === "" ? "" : ` password=${decodeURIComponent(server.password)}`;
  writeFileSync(
    path,
    `[databases]
${database} = host=${server.hostname} port=${server.port || 5432} dbname=${database} user=${server.username}${password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = ${size}
max_client_conn = 100
ignore_startup_parameters = extra_float_digits
${found.keepsStatements ? "max_prepared_statements = 100" : ""}
`,
  );
  const [name = "", ...args] = found.command;
  const own = found.command[0] === "chroot" ? path.slice(root.length) : path;
  const child = spawn(name, [...args, own], { stdio: ["ignore", "ignore", "pipe"] });
  let log = "";
  child.stderr.on("data", (data) => {
    log += data;
  });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  for (let tries = 0; !(await answers(port)); tries++) {
    if (tries === 100 || child.exitCode !== null) throw new Error(`PgBouncer does not answer: ${log}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  server.hostname = "127.0.0.1";
  server.port = String(port);
  return {
    url: server.href,
    keepsStatements: found.keepsStatements,
    stop: async () => {
      // At once: SIGTERM waits for clients since 1.23.
      child.kill("SIGQUIT");
      const timer = setTimeout(() => child.kill("SIGKILL"), 3000);
      await ended;
      clearTimeout(timer);
      rmSync(folder, { recursive: true });
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = dial(port, "127.0.0.1");
    socket.once("connect", () => socket.end(() => resolve(true)));
    socket.once("error", () => resolve(false));
  });
}
