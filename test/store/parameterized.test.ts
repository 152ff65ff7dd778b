// Filters apart from their values: the same statement comes of them, for whatever Drizzle can write.
import { and, between, eq, fillPlaceholders, gt, inArray, isNull, like, not, or, type SQL, sql } from "drizzle-orm";
import { boolean, integer, jsonb, PgDialect, pgEnum, pgTable, QueryBuilder, text, timestamp, uuid } from "drizzle-orm/pg-core";
import fc from "fast-check";
import { expect, it } from "vitest";
import { parameterized } from "../../src/store/search/parameterized.ts";

const kind = pgEnum("kind", ["a", "b"]);
const table = pgTable("things", {
  id: uuid().primaryKey(),
  name: text().notNull(),
  size: integer(),
  kind: kind(),
  open: boolean(),
  at: timestamp(),
  data: jsonb(),
});
const dialect = new PgDialect();

const leaf: fc.Arbitrary<SQL> = fc.oneof(
  fc.string().map((value) => eq(table.name, value)),
  fc.string().map((value) => like(table.name, `%${value}%`)),
  fc.integer().map((value) => gt(table.size, value)),
  fc.tuple(fc.integer(), fc.integer()).map(([a, b]) => between(table.size, a, b)),
  fc.constantFrom("a" as const, "b" as const).map((value) => eq(table.kind, value)),
  fc.boolean().map((value) => eq(table.open, value)),
  fc.date({ noInvalidDate: true }).map((value) => gt(table.at, value)),
  fc.array(fc.string(), { minLength: 1, maxLength: 5 }).map((values) => inArray(table.name, values)),
  fc.jsonValue().map((value) => eq(table.data, value)),
  fc.string().map((value) => sql`lower(${table.name}) = ${value} or ${table.size} in ${[1, 2]}`),
  fc.constant(isNull(table.data)),
  fc.bigInt().map((value) => sql`${table.size} < ${value} and ${sql.identifier("size")} > ${null}`),
);
const { condition } = fc.letrec<{ condition: SQL }>((tie) => ({
  condition: fc.oneof(
    { maxDepth: 4 },
    leaf,
    tie("condition").map(not),
    fc.tuple(tie("condition"), tie("condition")).map((both) => and(...both) as SQL),
    fc.tuple(tie("condition"), tie("condition")).map((both) => or(...both) as SQL),
  ),
}));

it("fills in to what Drizzle writes itself", () => {
  fc.assert(
    fc.property(condition, (where) => {
      const apart = parameterized(where);
      const written = dialect.sqlToQuery(where);
      const again = dialect.sqlToQuery(apart?.condition as SQL);
      expect(again.sql).toBe(written.sql);
      expect(apart?.text).toBe(written.sql);
      expect(fillPlaceholders(again.params, apart?.values ?? {})).toEqual(written.params);
    }),
  );
});

it("leaves alone what it cannot take apart", () => {
  const query = new QueryBuilder().select({ id: table.id }).from(table);
  expect(parameterized(inArray(table.id, query))).toBeUndefined();
  expect(parameterized(sql`${table.name} = ${"x"}`.inlineParams())).toBeUndefined();
  expect(parameterized(sql`${table.kind} = ${sql.placeholder("kind")}`)).toBeUndefined();
});
