// The migrations that drizzle-kit writes for a user's schema, and those that ship with the package.
import { readFileSync } from "node:fs";
import { generateDrizzleJson, generateMigration } from "drizzle-kit/api";
import { bigint, pgTable, text } from "drizzle-orm/pg-core";
import { describe, expect, it } from "vitest";
import { ConfigurationError } from "../../src/errors.ts";
import { chunkColumns, chunkIndexes, chunks, documents, halfChunkColumns, rag } from "../../src/table/index.ts";
import { languageOf } from "../../src/table/tsvector.ts";
import { articleChunks, articles } from "../store/tables.ts";

const statementsFor = async (tables: Record<string, unknown>) =>
  (await generateMigration(generateDrizzleJson({}), generateDrizzleJson(tables))).join("\n");

describe("drizzle-kit", () => {
  it("writes the generated words, and the indexes with their operator classes", async () => {
    const statements = await statementsFor({ articles, articleChunks });
    expect(statements).toContain('"embedding" vector(64) NOT NULL');
    expect(statements).toMatch(
      /"search" "?tsvector"? GENERATED ALWAYS AS \(setweight\(to_tsvector\('english'::regconfig, "headings"\), 'A'\)/,
    );
    expect(statements).toContain(
      'CREATE INDEX "article_chunks_embedding_idx" ON "article_chunks" USING hnsw ("embedding" vector_cosine_ops)',
    );
    expect(statements).toContain('CREATE INDEX "article_chunks_search_idx" ON "article_chunks" USING gin ("search")');
    expect(statements).toContain(
      'CREATE INDEX "article_chunks_parent_idx" ON "article_chunks" USING btree ("articleId","ordinal")',
    );
    expect(statements).toContain("ON DELETE cascade");
  });

  it("takes other metrics, build settings and names", async () => {
    const things = pgTable(
      "things",
      { thing: text().notNull(), ...halfChunkColumns({ dimensions: 3000, language: "german" }) },
      (t) => [...chunkIndexes(t, { metric: "ip", m: 8, efConstruction: 32, parent: [t.thing], names: { embedding: "near" } })],
    );
    const statements = await statementsFor({ things });
    expect(statements).toContain(
      'CREATE INDEX "near" ON "things" USING hnsw ("embedding" halfvec_ip_ops) WITH (m=8,ef_construction=32)',
    );
    expect(statements).toContain('"things_parent_idx" ON "things" USING btree ("thing","ordinal")');
    expect(statements).toContain("halfvec(3000)");
    expect(languageOf(things.search)).toBe("german");
  });

  it("finds the shipped migrations up to date with the ready-made tables", async () => {
    const shipped = JSON.parse(readFileSync(new URL("../../migrations/meta/0002_snapshot.json", import.meta.url), "utf8"));
    expect(await generateMigration(shipped, generateDrizzleJson({ rag, documents, chunks }, shipped.id))).toEqual([]);
  });
});

describe("chunkColumns", () => {
  it("refuses dimensions that no index takes, and languages that are no names", () => {
    for (const dimensions of [0, -1, 1.5, 2001, Number.NaN])
      expect(() => chunkColumns({ dimensions })).toThrow(ConfigurationError);
    expect(() => chunkColumns({ dimensions: 3072 })).toThrow(/halfChunkColumns/);
    expect(() => halfChunkColumns({ dimensions: 4001 })).toThrow(/fewer dimensions/);
    expect(() => chunkColumns({ dimensions: 3, language: "english'); drop table x; --" })).toThrow(/not the name/);
  });

  it("lets columns after it replace its own", () => {
    const table = pgTable("t", { ...chunkColumns({ dimensions: 3 }), id: bigint({ mode: "bigint" }).primaryKey() });
    expect(table.id.dataType).toBe("bigint");
  });
});
