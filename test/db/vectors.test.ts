// Vectors on the wire: the formats that pgvector's own package and the server speak.
import { sql } from "drizzle-orm";
import fc from "fast-check";
import pgvector from "pgvector";
import { expect, it } from "vitest";
import { rows } from "../../src/db/database.ts";
import { vectorFormat, vectorParam, vectorToBuffer, vectorToText } from "../../src/db/vectors.ts";
import { freshDatabase } from "../helpers/database.ts";

const vectors = fc.float32Array({ minLength: 1, maxLength: 50, noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 });

it("writes the text that pgvector's package reads", () => {
  fc.assert(
    fc.property(vectors, (vector) => {
      // -0 is 0 to Postgres as well.
      expect(Float32Array.from(pgvector.fromSql(vectorToText(vector)) as number[])).toEqual(vector.map((x) => x + 0));
    }),
  );
});

it("writes pgvector's binary layout", () => {
  expect(vectorToBuffer(Float32Array.of(1, -2.5))).toEqual(Buffer.from("000200003f800000c0200000", "hex"));
  // A view into a larger buffer, as embedders slice them.
  expect(vectorToBuffer(Float32Array.of(9, 1, -2.5).subarray(1))).toEqual(Buffer.from("000200003f800000c0200000", "hex"));
});

it("arrives at the server as it was, also as halfvec", async () => {
  const db = await freshDatabase();
  const vector = Float32Array.of(0.5, -0.25, 1024);
  for (const type of ["vector", "halfvec"] as const) {
    for (const format of [vectorFormat(db), "text"] as const) {
      const [row] = await rows<{ text: string }>(db, sql`select ${vectorParam(vector, type, format)}::text as text`);
      expect(row?.text).toBe("[0.5,-0.25,1024]");
    }
  }
});
