// How a search's statement scans, so that it finds all it should: exactly, or through the index with settings that hold for it alone.
import { sql } from "drizzle-orm";
import { type Database, driverOf, isTransaction, rows } from "../../db/database.ts";
import { quotedName } from "../../db/names.ts";
import { inTransaction } from "../../db/transaction.ts";
import type { Embedder } from "../../embed/embedder.ts";
import { ConfigurationError, MissingExtensionError } from "../../errors.ts";
import type { Shape } from "../shape.ts";
import { exactShape, setting, startingWith } from "./approximate.ts";

/** What is known of the database, asked for now and then. */
export interface Capabilities {
  /** pgvector can go on scanning its index until enough rows pass the filter: 0.8.0 and later. */
  iterative: boolean;
  /** Row-level security may hide rows that no condition of the query speaks of. */
  rowSecurity: boolean;
  /** How many passages there are, as of the last ANALYZE; 0 before the first. */
  passages: number;
}

/**
 * @throws MissingExtensionError when pgvector is not in the database.
 * @throws ConfigurationError when the vectors in the table were made by another embedder, going by one of them.
 */
export async function capabilities(db: Database, shape: Shape, embedder: Embedder | undefined): Promise<Capabilities> {
  const tables = sql.join(
    [shape.passages, shape.documents].map((table) => sql`to_regclass(${quotedName(table)})`),
    sql`, `,
  );
  const table = sql`to_regclass(${quotedName(shape.passages)})`;
  const madeBy = shape.chunked ? sql`(select ${shape.passageColumns.embedder} from ${shape.passages} limit 1)` : sql`null`;
  const [found] = await rows<{ version: string | null; secured: boolean | null; embedder: string | null; passages: number }>(
    db,
    sql`select (select extversion from pg_extension where extname = 'vector') as version,
               (select bool_or(relrowsecurity) from pg_class where oid in (${tables})) as secured,
               (select coalesce(sum(greatest(reltuples, 0)), 0)::float8 from pg_class where relkind = 'r' and (oid = ${table}
                  or oid in (select relid from pg_partition_tree(${table})))) as passages,
               ${madeBy} as embedder`,
  );
  if (!found?.version)
    throw new MissingExtensionError(
      "The extension vector is not in this database. Run migrate(db), or: CREATE EXTENSION vector.",
    );
  if (found.embedder !== null && embedder !== undefined && found.embedder !== embedder.id) {
    throw new ConfigurationError(
      `The vectors in ${quotedName(shape.passages)} were made by "${found.embedder}", the question would be by "${embedder.id}": they do not compare. ` +
        "Use that embedder, or upsert the documents again with this one.",
    );
  }
  const [major = 0, minor = 0] = found.version.split(".").map(Number);
  return { iterative: major > 0 || minor >= 8, rowSecurity: found.secured === true, passages: Number(found.passages) };
}

/** pgvector's default, and the most it takes, for `hnsw.ef_search`: how many candidates one scan holds. */
const efSearch = { default: 40, filtered: 100, most: 1000 };

/**
 * In a larger graph the same `ef_search` finds less, so it grows with the square root of the table: 40 up to 100,000 passages, 130 at a million,
 * 400 at ten million (npm run bench:store -- --only growth).
 */
function leastFor(passages: number): number {
  return Math.round((efSearch.default * Math.max(1, passages / 100_000) ** 0.5) / 10) * 10;
}

/** One way to run a search's statement. */
export interface Scan {
  /** By looking at every row that matches, past the index over the vectors. */
  exact: boolean;
  /** Settings that the index reads when a scan of it starts: name and value. */
  settings: readonly (readonly [string, string])[];
  /** Settings that the planner goes by, as they stand after SET LOCAL. */
  planning: readonly string[];
}

/** Through the index, as the server is set. */
export const plainly: Scan = { exact: false, settings: [], planning: [] };

/** An exact scan needs no setting: it orders by an expression that no index answers. */
export const exactly: Scan = { exact: true, settings: [], planning: [] };

/**
 * The scan for a search that wants the `wanted` nearest. `least`: the ef_search that the collection was told.
 * A scan of the index ends with `ef_search` rows, of which a filter leaves only some: iterative scans go on until there are enough.
 */
export function indexScan(can: Capabilities, wanted: number, filtered: boolean, least = 0): Scan {
  // Without iterative scans the best that can be done is the widest single one.
  if (!can.iterative && filtered) return { ...plainly, settings: [["hnsw.ef_search", String(efSearch.most)]] };
  const candidates = Math.min(
    Math.max(wanted, least, filtered ? efSearch.filtered : efSearch.default, leastFor(can.passages)),
    efSearch.most,
  );
  if (candidates <= efSearch.default) return plainly;
  const settings: [string, string][] = [["hnsw.ef_search", String(candidates)]];
  if (can.iterative) settings.push(["hnsw.iterative_scan", "relaxed_order"]);
  return { ...plainly, settings };
}

/**
 * Makes the planner take an index over something shorter than the vectors: it does not count that without it every vector is fetched from
 * where Postgres keeps large values. Nor is a plan to be compiled for the price that is put on the others.
 */
export const throughIndex = ["enable_seqscan = off", "jit = off"];

/**
 * Runs a read by this scan: `read` builds its statement of the shape it is given. What the index has to be told goes along in the statement
 * itself, in one round trip; only what the planner has to know, and what must not outlast the statement in a transaction of the user's, is
 * set before it.
 */
export async function scanning<T>(
  db: Database,
  shape: Shape,
  scan: Scan,
  read: (tx: Database, shape: Shape) => Promise<T>,
): Promise<T> {
  const { exact, settings, planning } = scan;
  if (exact) return read(db, exactShape(shape));
  if (planning.length === 0 && !isTransaction(db)) return read(db, startingWith(shape, settings));
  return withSettings(db, planning, (tx) => read(tx, shape), settings);
}

/** Runs a read with settings that are gone when it is done, also in a transaction of the user's. */
export async function withSettings<T>(
  db: Database,
  settings: readonly string[],
  read: (tx: Database) => Promise<T>,
  least: Scan["settings"] = [],
): Promise<T> {
  if (settings.length + least.length === 0) return read(db);
  if (!isTransaction(db)) {
    return inTransaction(db, async (tx) => {
      await set(tx, settings, least);
      return read(tx);
    });
  }
  // Rolling back to a savepoint takes the settings back; a read has nothing else to lose.
  let result: { value: T } | undefined;
  try {
    await inTransaction(db, async (tx) => {
      await set(tx, settings, least);
      result = { value: await read(tx) };
      throw new SettingsDone();
    });
  } catch (error) {
    if (!(error instanceof SettingsDone) || result === undefined) throw error;
  }
  return (result as { value: T }).value;
}

class SettingsDone extends Error {}

async function set(tx: Database, settings: readonly string[], least: Scan["settings"]): Promise<void> {
  const statements = settings.map((setting) => `set local ${setting}`);
  if (least.length > 0) statements.push(`select ${setting(least)}`);
  // pg sends several statements without parameters in one round trip; PGlite takes one at a time.
  if (driverOf(tx) === "node-postgres") await tx.execute(sql.raw(statements.join("; ")));
  else for (const statement of statements) await tx.execute(sql.raw(statement));
}
