// Vectors that a column cannot hold or compare.
import { expect, test } from "vitest";
import { DimensionError, InvalidVectorError } from "../../src/errors.ts";
import { checkVector } from "../../src/util/vectors.ts";

test("takes good vectors, Float32Array or numbers", () => {
  checkVector(Float32Array.of(0, 3e38, -3e38), { dimensions: 3 });
  checkVector([0, 1e-44, 0], { dimensions: 3 });
  checkVector([0, 0], { dimensions: 2, allowZero: true });
});

test("tells expected and actual dimensions, the place and the embedder", () => {
  const check = () => checkVector([1, 2], { dimensions: 3, row: 7, field: "embedding", embedder: "me" });
  expect(check).toThrow(DimensionError);
  expect(check).toThrow(/row 7, field "embedding": The embedder "me" gives 2 dimensions, the column holds 3/);
});

test.each([
  [[1, Number.NaN], "not finite"],
  [[Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY], "not finite"],
  // Finite as a double, but not as the 32-bit float that is stored.
  [[1e39, 1], "not finite"],
  [[0, -0], "zero"],
  [[1e-50, 0], "zero"],
])("refuses %j: %s", (vector, reason) => {
  const check = () => checkVector(vector, { dimensions: 2, row: 1 });
  expect(check).toThrow(InvalidVectorError);
  expect(check).toThrow(expect.objectContaining({ reason, row: 1 }));
});
