// The peers behind the benchmark's interface, each used as its documentation shows. Runs under the Node that is installed here.
import { PGVectorStore } from "@langchain/community/vectorstores/pgvector";
import { FakeEmbeddings } from "@langchain/core/utils/testing";
import { PgVector } from "@mastra/pg";
import pg from "pg";
import type { Peer } from "../store/peers.ts";

const id = (n: number) => `00000000-0000-4000-8000-${n.toString(16).padStart(12, "0")}`;
/** What ours gets for building too. */
const options = "-c maintenance_work_mem=2GB";

export async function langchain(url: string, tableName: string, dimensions: number): Promise<Peer> {
  // initialize() checks out a connection and never returns it, so of the two one does the work.
  const pool = new pg.Pool({ connectionString: url, max: 2, options });
  const store = await PGVectorStore.initialize(new FakeEmbeddings(), { pool, tableName, dimensions, distanceStrategy: "cosine" });
  return {
    createIndex: () => store.createHnswIndex({ dimensions, m: 16, efConstruction: 64, namespace: tableName }),
    insert: (rows) =>
      store.addVectors(
        rows.map((row) => row.embedding),
        rows.map(({ content, bucket, lang }) => ({ pageContent: content, metadata: { bucket, lang } })),
        { ids: rows.map((row) => id(row.id)) },
      ),
    search: async (vector, limit) =>
      (await store.similaritySearchVectorWithScore(vector, limit)).map(([found]) => found.id ?? ""),
    close: async () => {
      await store.end();
    },
  };
}

export async function mastra(url: string, indexName: string, dimension: number): Promise<Peer> {
  const store = new PgVector({ id: indexName, connectionString: url, max: 1, pgPoolOptions: { options } });
  const index = { indexName, metric: "cosine", indexConfig: { type: "hnsw", hnsw: { m: 16, efConstruction: 64 } } } as const;
  await store.createIndex({ ...index, dimension, buildIndex: false });
  return {
    createIndex: () => store.buildIndex(index),
    insert: async (rows) => {
      await store.upsert({
        indexName,
        ids: rows.map((row) => id(row.id)),
        vectors: rows.map((row) => row.embedding),
        // Mastra has no column for the text: it goes into the metadata.
        metadata: rows.map(({ content, bucket, lang }) => ({ text: content, bucket, lang })),
      });
    },
    search: async (queryVector, topK) => (await store.query({ indexName, queryVector, topK })).map((found) => found.id),
    close: () => store.disconnect(),
  };
}
