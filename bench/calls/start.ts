// Starts the server of bench/calls in a process of its own.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

export interface CallServer {
  /** With the API's version: "http://127.0.0.1:…/v1". */
  url: string;
  stop(): Promise<void>;
}

export async function startCallServer(deltas: number): Promise<CallServer> {
  const tsx = import.meta.resolve("tsx");
  const file = fileURLToPath(new URL("server.ts", import.meta.url));
  const child = spawn(process.execPath, ["--import", tsx, file, String(deltas)], { stdio: ["pipe", "pipe", "inherit"] });
  const [port] = (await once(child.stdout, "data")) as [Buffer];
  return {
    url: `http://127.0.0.1:${port.toString().trim()}/v1`,
    stop: async () => {
      child.stdin.end();
      await once(child, "exit");
    },
  };
}
