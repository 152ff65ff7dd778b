// What the benchmark asks of a peer. bench/peers has packages and a Node of its own, so nothing in it is imported by name.
import { peersInstalled, underPeersNode } from "../peers-node.ts";
import type { PassageRow } from "./bench.ts";

/** A table of a peer's, made and used as its documentation shows, over one connection. */
export interface Peer {
  /** HNSW with m 16, ef_construction 64, cosine. Before the rows it is kept up by each insert, after them it is built at once. */
  createIndex(): Promise<void>;
  insert(rows: readonly PeerRow[]): Promise<void>;
  /** Ids of the nearest. */
  search(vector: number[], limit: number): Promise<string[]>;
  /** Plan and shape of the tables are settled after this. */
  close(): Promise<void>;
}

/** Embedding APIs give arrays of numbers, which is what the peers take: the conversion is not part of their time. */
export type PeerRow = Omit<PassageRow, "embedding"> & { embedding: number[] };

export interface Peers {
  langchain(url: string, table: string, dimensions: number): Promise<Peer>;
  mastra(url: string, table: string, dimensions: number): Promise<Peer>;
}

/** Undefined where they are not installed, or this is not their Node. */
export async function loadPeers(): Promise<Peers | undefined> {
  if (!peersInstalled() || !underPeersNode()) return undefined;
  return (await import(new URL("../peers/peers.ts", import.meta.url).href)) as Peers;
}

export function peerRow(row: PassageRow): PeerRow {
  return { ...row, embedding: [...row.embedding] };
}
