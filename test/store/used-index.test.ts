// What a collection finds out from the indexes that its table's schema declares.
import { index, pgTable, serial, text, vector } from "drizzle-orm/pg-core";
import { expect, it } from "vitest";
import { ConfigurationError } from "../../src/errors.ts";
import { usedIndex } from "../../src/store/search/used-index.ts";
import { vectorIndex } from "../../src/table/indexes.ts";

const columns = {
  id: serial().primaryKey(),
  content: text(),
  near: vector({ dimensions: 1024 }),
  other: vector({ dimensions: 8 }),
};

it("takes the metric and the kind of the index that the schema declares", () => {
  const byHand = pgTable("by_hand", columns, (t) => [index("l2").using("hnsw", t.near.op("vector_l2_ops"))]);
  expect(usedIndex(byHand, byHand.near)).toMatchObject({ metric: "l2", index: { kind: "full" } });
  const ours = pgTable("ours", columns, (t) => [vectorIndex("ip", t.near, { index: "half", metric: "ip" })]);
  expect(usedIndex(ours, ours.near)).toMatchObject({ metric: "ip", index: { kind: "half" } });
  const bits = pgTable("bits", columns, (t) => [vectorIndex("bits", t.near, { index: "binary" })]);
  expect(usedIndex(bits, bits.near)).toMatchObject({ metric: "cosine", index: { kind: "binary" } });
  expect(usedIndex(bits, bits.near, {}, "l1")).toMatchObject({ metric: "l1", index: { kind: "binary" } });
  // An index over another column tells nothing.
  expect(usedIndex(byHand, byHand.other)).toMatchObject({ metric: "cosine", index: { kind: "full" } });
});

it("chooses among several by what is asked for, and refuses what none of them answers", () => {
  const table = pgTable("several", columns, (t) => [
    vectorIndex("cosine", t.near),
    vectorIndex("l2", t.near, { index: "half", metric: "l2" }),
  ]);
  expect(usedIndex(table, table.near)).toMatchObject({ metric: "cosine", index: { kind: "full" } });
  expect(usedIndex(table, table.near, {}, "l2")).toMatchObject({ metric: "l2", index: { kind: "half" } });
  expect(usedIndex(table, table.near, { kind: "half" })).toMatchObject({ metric: "l2", index: { kind: "half" } });
  expect(() => usedIndex(table, table.near, {}, "ip")).toThrow(ConfigurationError);
  expect(() => usedIndex(table, table.near, {}, "ip")).toThrow(/"several.near" is made for, which is "cosine"/);
});
