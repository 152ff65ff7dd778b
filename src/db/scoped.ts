// A database handle that sets something first, such as the tenant that row-level security goes by, for every statement it runs.
import { type SQL, sql } from "drizzle-orm";
import { InputError } from "../errors.ts";
import { checkText } from "../util/well-formed.ts";
import { type Database, isTransaction, rows } from "./database.ts";
import { inTransaction } from "./transaction.ts";

/** Settings by name: custom ones, such as `app.tenant`, and `role`. */
export type SettingValues = Readonly<Record<string, string>>;

/** How Postgres names settings that are not its own (guc.c, `valid_custom_variable_name`): words with dots between. */
const customName = /^[A-Za-z_][\w$]*(\.[A-Za-z_][\w$]*)+$/;

/**
 * Refuses what would leave a statement without the setting that its rows are guarded by.
 * @throws InputError for no settings at all, a name that is not `word.word` or `role`, and a value that is not a string.
 */
export function checkSettings(settings: SettingValues): void {
  const entries = Object.entries(settings ?? {});
  if (entries.length === 0) throw new InputError('There are no settings. Give some, such as { "app.tenant": "acme" }.');
  for (const [name, value] of entries) {
    if (name !== "role" && !customName.test(name)) {
      throw new InputError(
        `"${name}" is not the name of a setting. Use two words with a dot between, such as app.tenant, or role.`,
        {
          field: name,
        },
      );
    }
    if (typeof value !== "string") {
      throw new InputError(`The setting has to be a string, and is ${value === null ? "null" : typeof value}.`, { field: name });
    }
    if (value !== "") checkText(value, { field: name });
  }
}

type Run = <T>(work: (tx: Database) => Promise<T>) => Promise<T>;

/**
 * The same database, where every statement of the query builder and of `execute`, and every `transaction`, runs under these settings
 * (`set_config(name, value, true)`): in a transaction of its own, or, where the handle is one already, between setting them and setting
 * back what they were. For this package's own statements: Drizzle's `db.query` goes past it.
 */
export function scoped(db: Database, settings: SettingValues): Database {
  const { session } = db as unknown as { session: Session };
  const run: Run = isTransaction(db) ? (work) => between(db, settings, work) : (work) => apart(db, settings, work);
  const scopedSession = Object.create(session, {
    prepareQuery: { value: (...query: unknown[]) => preparedIn(run, session.prepareQuery(...query), query) },
  });
  return Object.create(db, {
    session: { value: scopedSession },
    // Whoever looks for the pool would go past the settings.
    $client: { value: undefined },
    transaction: {
      value: (work: (tx: Database) => Promise<unknown>) => run(isTransaction(db) ? (tx) => tx.transaction(work) : work),
    },
  });
}

interface Session {
  client?: object;
  prepareQuery(...query: unknown[]): PreparedQuery;
}

interface PreparedQuery {
  /** Drizzle writes it into the query after it was made. */
  joinsNotNullableMap?: unknown;
  execute(...values: unknown[]): Promise<unknown>;
}

function preparedIn(run: Run, original: PreparedQuery, query: unknown[]): PreparedQuery {
  const prepared: PreparedQuery = Object.create(original, {
    execute: {
      value: (...values: unknown[]) =>
        run((tx) => {
          const inner = (tx as unknown as { session: Session }).session.prepareQuery(...query);
          inner.joinsNotNullableMap = prepared.joinsNotNullableMap;
          return inner.execute(...values);
        }),
    },
  });
  return prepared;
}

/** In a transaction of its own: the settings end with it. */
function apart<T>(db: Database, settings: SettingValues, work: (tx: Database) => Promise<T>): Promise<T> {
  return inTransaction(db, async (tx) => {
    await tx.execute(sql`select ${list(Object.entries(settings), set)}`);
    return work(tx);
  });
}

/** What runs under settings on one connection goes one after the other: two tenants in one transaction must not see each other's. */
const turns = new WeakMap<object, Promise<unknown>>();

/**
 * In the user's transaction: what the settings were is set again afterwards. Where `work` fails in the database, so does this, and the
 * rollback to the user's savepoint, or of all, takes the settings back.
 */
async function between<T>(db: Database, settings: SettingValues, work: (tx: Database) => Promise<T>): Promise<T> {
  const connection = (db as unknown as { session: Session }).session.client ?? db;
  const before = turns.get(connection) ?? Promise.resolve();
  const turn = before.then(async () => {
    const entries = Object.entries(settings);
    // Read before they are set, whichever way the statement is planned.
    const [old] = await rows<Record<string, string | null>>(
      db,
      sql`with before as materialized (select ${list(entries, ([name], i) => sql`current_setting(${name}, true) as ${column(i)}`)})
          select before.*, ${list(entries, set)} from before`,
    );
    try {
      return await work(db);
    } finally {
      const back = entries.map(([name], i): [string, string] => [name, old?.[`s${i}`] ?? ""]);
      await db.execute(sql`select ${list(back, set)}`).catch(() => {});
    }
  });
  turns.set(
    connection,
    turn.catch(() => {}),
  );
  return turn;
}

function set([name, value]: [string, string]): SQL {
  return sql`set_config(${name}, ${value}, true)`;
}

function column(i: number): SQL {
  return sql.raw(`s${i}`);
}

function list(entries: [string, string][], part: (entry: [string, string], i: number) => SQL): SQL {
  return sql.join(entries.map(part), sql`, `);
}
