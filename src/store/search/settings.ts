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
const efSearch = { default: 40, most: 1000 };
/** For searches under a filter: the least and the most, in steps so that different filters share statements. The most is also for those that came back short. */
const filtered = { least: 100, step: 50, most: 400 };
/** What a search that came back short takes from the index for each row that is wanted. */
const deepOverfetch = 4;

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
  /** How many rows the index has to give for each one wanted: what it gives out of order is put in order by the statement. */
  overfetch: number;
}

/** Through the index, as the server is set. */
export const plainly: Scan = { exact: false, settings: [], planning: [], overfetch: 1 };

/** An exact scan needs no setting: it orders by an expression that no index answers. */
export const exactly: Scan = { exact: true, settings: [], planning: [], overfetch: 1 };

/** What a scan of the index is for. */
export interface Wanted {
  /** Rows that it has to give. */
  rows: number;
  /** Rows that match the filter or the policies, as the planner sees it; undefined where nothing is filtered. */
  matching: number | undefined;
  /** The ef_search that the collection was told. */
  least?: number | undefined;
  /** Whether a scan that gives too few rows can be followed by another. */
  again?: boolean;
  /** It is the one that follows. */
  deep?: boolean;
}

/**
 * The scan for a search. A scan of the index ends with `ef_search` candidates, of which a filter leaves some. Iterative scans go on until there
 * are enough, but what they find later is further and further from being the nearest, and nothing tells: recall@10 of questions that
 * the filter goes against was 0.94 (npm run bench:store -- --only real). So where the share of rows that match lets one expect enough
 * among the first candidates, a search takes those alone, and where there are fewer, looks in another way.
 */
export function indexScan(can: Capabilities, { rows, matching, least = 0, again = false, deep = false }: Wanted): Scan {
  const isFiltered = matching !== undefined;
  // Without iterative scans the best that can be done is the widest single one.
  if (!can.iterative && isFiltered) return { ...plainly, settings: [["hnsw.ef_search", String(efSearch.most)]] };
  // Half as many again as hold enough on average: with ten wanted, one search in fifteen finds fewer by chance, and looks again.
  const expected =
    isFiltered && can.passages > 0 ? (1.5 * rows * can.passages) / Math.max(1, matching) : Number.POSITIVE_INFINITY;
  const enough = Math.max(filtered.least, filtered.step * Math.ceil(expected / filtered.step));
  const isOnce = again && !deep && enough <= filtered.most;
  const under = deep ? filtered.most : isFiltered ? (isOnce ? enough : filtered.least) : efSearch.default;
  const candidates = Math.min(Math.max(rows, least, under, leastFor(can.passages)), efSearch.most);
  if (candidates <= efSearch.default) return plainly;
  const settings: [string, string][] = [["hnsw.ef_search", String(candidates)]];
  if (can.iterative) settings.push(["hnsw.iterative_scan", isOnce ? "off" : "relaxed_order"]);
  return { ...plainly, settings, overfetch: deep ? deepOverfetch : 1 };
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
  if (planning.length === 0 && !isTransaction(db)) return read(db, startingWith(shape, scan));
  return withSettings(db, planning, (tx) => read(tx, startingWith(shape, { ...scan, settings: [] })), settings);
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
