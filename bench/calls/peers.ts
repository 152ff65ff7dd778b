// What the benchmark of calls asks of a peer. bench/peers has packages and a Node of its own, so nothing in it is imported by name.
import { peersInstalled, underPeersNode } from "../peers-node.ts";

export interface CallPeer {
  /** The text of the answer. */
  call(question: string): Promise<string>;
  /** The length of the text, read from the stream piece by piece. */
  stream(question: string): Promise<number>;
}

export interface CallPeers {
  langchain: CallPeer;
  aisdk: CallPeer;
}

/** Undefined where they are not installed, or this is not their Node. */
export async function loadCallPeers(url: string, model: string): Promise<CallPeers | undefined> {
  if (!peersInstalled() || !underPeersNode()) return undefined;
  const { callPeers } = (await import(new URL("../peers/calls.ts", import.meta.url).href)) as {
    callPeers(url: string, model: string): CallPeers;
  };
  return callPeers(url, model);
}
