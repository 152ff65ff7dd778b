// Packs the package, which builds it, and installs the tarball in an empty folder with what its users would have beside it.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  export interface ProvidedContext {
    /** The packed package. */
    tarball: string;
    /** A project that has it installed. */
    consumer: string;
    /** The installed package itself. */
    installed: string;
  }
}

const root = resolve(import.meta.dirname, "../..");

export default function setup(project: TestProject) {
  const folder = mkdtempSync(join(tmpdir(), "drizzle-rag-package-"));
  const npm = (args: string[], cwd: string) =>
    execFileSync("npm", args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });

  const packed = npm(["pack", "--json", "--silent", "--pack-destination", folder], root);
  // What the build prints stands before it.
  const [{ filename }] = JSON.parse(packed.slice(packed.search(/^\[/m))) as [{ filename: string }];
  const tarball = join(folder, filename);

  const { devDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    devDependencies: Record<string, string>;
  };
  const beside = ["drizzle-orm", "drizzle-kit", "@types/node"].map((name) => `${name}@${devDependencies[name]}`);
  const consumer = join(folder, "consumer");
  execFileSync("mkdir", [consumer]);
  writeFileSync(join(consumer, "package.json"), JSON.stringify({ name: "consumer", private: true, type: "module" }));
  npm(["install", "--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error", tarball, ...beside], consumer);

  project.provide("tarball", tarball);
  project.provide("consumer", consumer);
  project.provide("installed", join(consumer, "node_modules/drizzle-rag"));
  return () => rmSync(folder, { recursive: true });
}
