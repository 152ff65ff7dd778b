// Known faults of pgvector versions, from its changelog: https://github.com/pgvector/pgvector/blob/master/CHANGELOG.md

/** A known fault of the pgvector that a database has. */
export interface PgvectorFault {
  /** A CVE where there is one. */
  id: string;
  /** The first version without it. */
  fixedIn: string;
  /** Which indexes it is about. */
  concerns: "hnsw" | "ivfflat";
  /** What happens, and what to do. */
  message: string;
}

const faults: (PgvectorFault & { since: string })[] = [
  {
    id: "hnsw-vacuum",
    since: "0.5.0",
    fixedIn: "0.8.4",
    concerns: "hnsw",
    message: "VACUUM can corrupt an HNSW index. After the update, rebuild the indexes: docs.indexes.rebuild().",
  },
  {
    id: "CVE-2026-3172",
    since: "0.6.0",
    fixedIn: "0.8.2",
    concerns: "hnsw",
    message:
      "A parallel HNSW build can overflow: it leaks data of other tables or crashes the server. Until the update, build with parallelWorkers: 0.",
  },
  {
    id: "CVE-2026-18022",
    since: "0.0.0",
    fixedIn: "0.8.6",
    concerns: "ivfflat",
    message: "On 32-bit systems an IVFFlat index can overflow.",
  },
  {
    id: "ivfflat-build",
    since: "0.0.0",
    fixedIn: "0.8.7",
    concerns: "ivfflat",
    message: "Building an IVFFlat index can overflow a buffer.",
  },
];

/** The faults of a version such as `0.8.0`, gravest first. */
export function pgvectorFaults(version: string): PgvectorFault[] {
  return faults
    .filter(({ since, fixedIn }) => compare(version, since) >= 0 && compare(version, fixedIn) < 0)
    .map(({ since: _, ...fault }) => ({ ...fault, message: `pgvector ${version}, fixed in ${fault.fixedIn}: ${fault.message}` }));
}

function compare(a: string, b: string): number {
  const [x, y] = [a, b].map((version) => version.split(".").map(Number)) as [number[], number[]];
  for (let i = 0; i < 3; i++) if ((x[i] || 0) !== (y[i] || 0)) return (x[i] || 0) - (y[i] || 0);
  return 0;
}
