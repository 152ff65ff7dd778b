// Media as parts: from addresses, bytes and files.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, it } from "vitest";
import { InputError } from "../../src/errors.ts";
import { audio, document, image } from "../../src/llm/media.ts";

const png = Buffer.from("89504e470d0a1a0a0000", "hex");

it("takes addresses as they are, and the bytes of a data address", async () => {
  expect(await image("https://example.com/a.png")).toEqual({ type: "image", source: { url: "https://example.com/a.png" } });
  expect(await image(new URL("https://example.com/a.png"), { cache: "1h" })).toMatchObject({ cache: "1h" });
  expect(await image("data:image/png;base64,aGk=")).toMatchObject({ source: { data: "aGk=", mediaType: "image/png" } });
});

it("knows bytes by their beginning, and files by their name", async () => {
  expect(await image(png)).toEqual({ type: "image", source: { data: png.toString("base64"), mediaType: "image/png" } });
  const folder = mkdtempSync(join(tmpdir(), "media-"));
  const path = join(folder, "note.md");
  writeFileSync(path, "Grüße");
  expect(await document(path)).toEqual({ type: "document", source: { text: "Grüße" }, title: "note.md" });
  expect(await document(pathToFileURL(path), { title: "Note" })).toMatchObject({ title: "Note" });
  rmSync(folder, { recursive: true });
});

it("refuses what it does not know, or no provider takes", async () => {
  await expect(image(Buffer.from("hello"))).rejects.toThrow(InputError);
  await expect(audio(png)).rejects.toThrow(InputError);
  await expect(audio("https://example.com/a.wav")).rejects.toThrow(InputError);
  expect(await image(Buffer.from("hello"), { mediaType: "image/avif" })).toMatchObject({ source: { mediaType: "image/avif" } });
});
