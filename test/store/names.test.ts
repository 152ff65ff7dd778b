// A user's tables may have any name, also one that a search's statement might have used for a part of its own.
import { sql } from "drizzle-orm";
import { integer, pgTable, text } from "drizzle-orm/pg-core";
import { beforeAll, describe, expect, it } from "vitest";
import { hashingEmbedder } from "../../src/embed/hashing.ts";
import { collection } from "../../src/store/collection.ts";
import { chunkColumns, chunkIndexes, regconfig } from "../../src/table/index.ts";
import { createTables, databaseName, freshDatabase } from "../helpers/database.ts";

const embedder = hashingEmbedder({ dimensions: 16 });
let db: Awaited<ReturnType<typeof freshDatabase>>;
beforeAll(async () => {
  db = await freshDatabase();
});

describe(`tables named like parts of a statement, on ${databaseName}`, () => {
  for (const [name, chunkName] of [
    ["ranked", "passages"],
    ["terms", "candidates"],
    ["languages", "weighted"],
    ["total", "counted"],
    ["by_vector", "average"],
    ["by_keyword", "ranks"],
    ["asked", "most"],
    ["word", "frequency"],
    ["lexemes", "held"],
    ["placed", "found"],
    ["near", "each_language"],
    ["candidates_of_a_firm", "asked_for"],
  ] as const) {
    it(`searches "${name}" and "${chunkName}" in all ways`, async () => {
      for (const [documentName, passageName] of [
        [name, chunkName],
        [chunkName, name],
      ] as const) {
        const documents = pgTable(documentName, { id: integer().primaryKey(), body: text().notNull(), tongue: text().notNull() });
        const chunks = pgTable(
          passageName,
          {
            document: integer()
              .notNull()
              .references(() => documents.id, { onDelete: "cascade" }),
            tongue: regconfig("tongue").notNull(),
            ...chunkColumns({ dimensions: 16, language: { column: "tongue" } }),
          },
          (t) => chunkIndexes(t),
        );
        await createTables(db, { documents, chunks });
        // Drizzle remembers a table's columns by its name, which was another table's just now.
        (db as unknown as { dialect: { casing: { clearCache(): void } } }).dialect.casing.clearCache();
        for (const language of [documents.tongue, "english"]) {
          const docs = collection(db, { documents, chunks, text: documents.body, embedder, language: documents.tongue });
          if (language !== "english") {
            await docs.insert([
              { id: 1, body: "green tea", tongue: "english" },
              { id: 2, body: "schwarzer Kaffee", tongue: "german" },
            ]);
          }
          const where = sql`${documents.id} > 0`;
          for (const mode of ["vector", "keyword", "hybrid"] as const) {
            const options = { mode, ...(language === "english" && { language: "english" }) };
            const ids = async (question: string | string[], more = {}) =>
              (await docs.search(question, { ...options, ...more })).map(({ document }) => document.id);
            const first = mode === "vector" ? expect.any(Number) : 1;
            expect((await ids("tea"))[0]).toEqual(first);
            expect((await ids("tea -Kaffee", { where }))[0]).toEqual(first);
            expect((await ids(["tea", "green"], { where }))[0]).toEqual(first);
            expect((await ids("tea", { perDocument: 1, diversity: 0.1 }))[0]).toEqual(first);
            const [hits] = await docs.searchMany(["tea"], options);
            expect(hits?.[0]?.document.id).toEqual(first);
            const query = (await docs.searchQuery("tea", { mode, perDocument: 1 })).as("hits");
            expect(await db.select({ score: query.score }).from(query)).not.toEqual([]);
          }
        }
        await db.execute(sql`drop table ${chunks}, ${documents}`);
      }
    });
  }
});
