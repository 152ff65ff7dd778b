// A file of one JSON value a line.
import { readFile } from "node:fs/promises";

export async function jsonLines<T>(path: string): Promise<T[]> {
  return (await readFile(path, "utf8"))
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as T);
}
