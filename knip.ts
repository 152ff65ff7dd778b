// Unused files, exports and dependencies. What the package exports is read from package.json, since there is no dist while this runs.
import { readFileSync } from "node:fs";
import type { KnipConfig } from "knip";

const { exports } = JSON.parse(readFileSync("package.json", "utf8")) as { exports: Record<string, string | { types: string }> };
const published = Object.values(exports).flatMap((target) =>
  typeof target === "string" ? [] : target.types.replace("./dist/", "src/").replace(/\.d\.ts$/, ".ts"),
);

export default {
  entry: [
    ...published,
    "src/cli/main.ts",
    "examples/*.ts",
    "scripts/*.ts",
    ".ci/*.mjs",
    "test/**/*.test.ts",
    "test/**/*.test-d.ts",
    "test/docs/run-blocks.ts",
  ],
  project: ["{src,test,examples,scripts,bench,.ci}/**/*.{ts,mjs}", "!bench/peers/**"],
  // A package of its own.
  ignore: ["bench/peers/**"],
  // test/package runs them with npx.
  ignoreDependencies: ["publint", "@arethetypeswrong/cli"],
  // A type in the signature of what is exported is exported for those who want to name it.
  ignoreExportsUsedInFile: true,
} satisfies KnipConfig;
