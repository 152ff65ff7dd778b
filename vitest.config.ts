import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // They want the package packed and installed first: npm run test:package.
    exclude: ["test/package/**", "**/node_modules/**"],
    globalSetup: ["test/helpers/template.ts"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    pool: "forks",
  },
});
