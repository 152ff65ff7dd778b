// The types of a collection's writes: what they are told, and what they say they did.
import type { PgColumn, PgTable } from "drizzle-orm/pg-core";
import type { BuildOptions } from "../indexes/build.ts";
import type { BuildProgress } from "../indexes/status.ts";
import type { Row } from "../types.ts";

/** What a write did. */
export interface Written<D extends PgTable> {
  /** The documents as they are in the table now, in the order they were given. */
  documents: Row<D>[];
  /** Vectors that were made. */
  embedded: number;
  /** Chunks (or rows) whose text had not changed, and which kept their vector. */
  kept: number;
  /** Chunks that were removed because their document no longer holds them. */
  removed: number;
}

export interface WriteOptions {
  signal?: AbortSignal;
  /** Called as vectors are made. */
  onProgress?: (progress: { embedded: number; toEmbed: number }) => void;
}

/** The columns that tell which row is meant, for `upsert`: they need a unique index. */
export interface UpsertOptions extends WriteOptions {
  /** Default: the primary key. */
  key?: PgColumn | PgColumn[];
}

/** What a load did. */
export interface Loaded {
  /** Documents that were written. */
  documents: number;
  /** Vectors that were made. */
  embedded: number;
  /** Chunks (or rows) that kept their vector. */
  kept: number;
  /** Chunks that were removed because their document no longer holds them. */
  removed: number;
}

export interface LoadOptions extends Pick<BuildOptions, "maintenanceWorkMem" | "parallelWorkers"> {
  /** Columns that tell whether a document is there already, and is updated. Left out: every row is a new one. */
  key?: PgColumn | PgColumn[];
  signal?: AbortSignal;
  /**
   * Called as vectors are made and batches written, and with `building` when the indexes are built at the end: then `index` tells how far
   * each of them is, about twice a second where the pool has a connection to spare.
   */
  onProgress?: (progress: Loaded & { building: boolean; index?: BuildProgress }) => void;
}

export interface BackfillOptions {
  /** Documents a transaction. Default: 100. */
  batch?: number;
  /** Batches at once, each on a connection of its own. Default: 1. */
  concurrency?: number;
  /** Stops after the current batches are given up; what was committed stays, and the next backfill goes on from there. */
  signal?: AbortSignal;
  /** Called after each batch: `done` of `total` rows that were found at the beginning have been looked at. */
  onProgress?: (progress: Backfilled & { done: number; total: number }) => void;
}

/** What a backfill did. */
export interface Backfilled {
  /** Documents that were given their passages or vector. */
  documents: number;
  /** Vectors that were made. */
  embedded: number;
  /** Rows without a text, which were left alone. */
  skipped: number;
}
