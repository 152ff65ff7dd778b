// Run once before all tests: an embedded database with the extension, dumped, so that each test file starts from it in under a second.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PGlite } from "@electric-sql/pglite";
import { vector } from "@electric-sql/pglite-pgvector";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  export interface ProvidedContext {
    /** File with the dump; empty when the tests run on a server. */
    template: string;
    /** The server's URL; empty when the tests run on embedded Postgres. */
    server: string;
  }
}

export default async function setup(project: TestProject) {
  const server = process.env.TEST_DATABASE_URL ?? "";
  project.provide("server", server);
  if (server !== "") {
    project.provide("template", "");
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), "drizzle-rag-test-"));
  const path = join(folder, "template.tar");
  const client = await PGlite.create({ extensions: { vector } });
  await client.exec("create extension vector");
  writeFileSync(path, Buffer.from(await (await client.dumpDataDir("none")).arrayBuffer()));
  await client.close();
  project.provide("template", path);
  return () => rmSync(folder, { recursive: true });
}
