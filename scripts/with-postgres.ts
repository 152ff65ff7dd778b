// Runs a command with TEST_DATABASE_URL set to a Postgres 17 with pgvector, which is stopped afterwards.
//   tsx scripts/with-postgres.ts npm run test:postgres
import { spawn } from "node:child_process";
import { startServer } from "./server.ts";

const [command, ...args] = process.argv.slice(2);
if (command === undefined) throw new Error("Say which command to run.");
const server = await startServer();
console.log(`Postgres by ${server.how}`);
try {
  const child = spawn(command, args, { stdio: "inherit", env: { ...process.env, TEST_DATABASE_URL: server.url } });
  process.exitCode = await new Promise<number>((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code) => resolve(code ?? 1));
  });
} finally {
  await server.stop();
}
