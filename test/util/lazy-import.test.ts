// A missing optional package is told apart from one that is broken.
import { expect, test } from "vitest";
import { MissingPackageError } from "../../src/errors.ts";
import { lazyImport } from "../../src/util/lazy-import.ts";

const failing = (code: string, message: string) => () => Promise.reject(Object.assign(new Error(message), { code }));

test("gives the module", async () => {
  expect((await lazyImport(() => import("node:path"), "node:path", "a test")).sep).toBeDefined();
});

test.each([
  ["ERR_MODULE_NOT_FOUND", "Cannot find package 'some-sdk' imported from /app/x.js"],
  ["ERR_MODULE_NOT_FOUND", "Cannot find module 'some-sdk/sub' imported from /app/x.js"],
  ["MODULE_NOT_FOUND", "Cannot find module 'some-sdk'\nRequire stack:"],
])("says what to install: %s, %s", async (code, message) => {
  const error = await lazyImport(failing(code, message), "some-sdk", "someEmbedder").catch((e: unknown) => e);
  expect(error).toBeInstanceOf(MissingPackageError);
  expect((error as Error).message).toBe('someEmbedder needs the package "some-sdk". Install it: npm install some-sdk');
});

test.each([
  ["ERR_MODULE_NOT_FOUND", "Cannot find package 'some-sdk-dependency' imported from /app/node_modules/some-sdk/x.js"],
  ["ERR_REQUIRE_ESM", "require() of ES Module"],
])("passes other failures on: %s", async (code, message) => {
  await expect(lazyImport(failing(code, message), "some-sdk", "x")).rejects.toThrow(message);
});
