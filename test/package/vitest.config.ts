import { defineConfig } from "vitest/config";

// The package as it ships: built, packed and installed elsewhere, once, before its tests.
export default defineConfig({
  test: {
    include: ["test/package/*.test.ts"],
    globalSetup: ["test/package/install.ts"],
    testTimeout: 180_000,
    pool: "forks",
    fileParallelism: false,
  },
});
