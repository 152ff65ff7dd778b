// The package as users get it: built, beside node_modules so that it finds what it depends on. From TypeScript, the loader would add to each call.
import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
const folder = `${root}.cache/bench-dist`;

export interface Built {
  /** The address of a module of it: "llm/index". */
  module(name: string): string;
  remove(): void;
}

export function build(): Built {
  execFileSync(process.execPath, [`${root}node_modules/typescript/bin/tsc`, "-p", "src", "--outDir", folder], { cwd: root });
  return {
    module: (name) => pathToFileURL(`${folder}/${name}.js`).href,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
