// Statements that are built once and run many times, past what Drizzle does anew for each row of a result.
import { Column, entityKind, is, Param, Placeholder, SQL } from "drizzle-orm";
import type { Database } from "./database.ts";

/** A query of Drizzle's builder. */
interface Preparable {
  prepare(name: string): unknown;
}

/** `run` gives the rows for the values of the statement's placeholders, by name; over `pg` on the connection or pool of the handle. */
export interface PreparedStatement<Row> {
  run(values: Readonly<Record<string, unknown>>, on: Database): Promise<Row[]>;
}

/** Drizzle's prepared query over `pg`, as far as it is used; other drivers' differ. */
interface PgPrepared {
  client: { query(config: object, values: unknown[]): Promise<{ rows: unknown[][] }> };
  params: unknown[];
  fields: { path: string[]; field: unknown }[];
  queryConfig: { rowMode?: string; text: string };
  logger: { logQuery(text: string, params: unknown[]): void };
  cache?: { constructor: { [entityKind]?: string } };
  joinsNotNullableMap?: unknown;
}

interface AnyPrepared {
  execute(values: Readonly<Record<string, unknown>>): Promise<unknown>;
}

/**
 * Prepares a query whose joins are all inner ones and whose fields lie at most two deep. An empty name makes an unnamed statement, which the
 * server plans each time and any pooler can handle. Logging is the user's; a query cache of the user's is left to Drizzle.
 */
export function prepared<Row>(query: Preparable, name: string): PreparedStatement<Row> {
  const given = query.prepare(name) as AnyPrepared & Partial<PgPrepared>;
  return isPlain(given) ? direct(given) : { run: async (values) => (await given.execute(values)) as Row[] };
}

function isPlain(given: Partial<PgPrepared>): given is PgPrepared {
  const { client, params, fields, queryConfig, logger, cache } = given;
  return (
    (given.constructor as { [entityKind]?: string })[entityKind] === "NodePgPreparedQuery" &&
    typeof client?.query === "function" &&
    Array.isArray(params) &&
    Array.isArray(fields) &&
    fields.every(({ path }) => path.length <= 2) &&
    queryConfig?.rowMode === "array" &&
    typeof logger?.logQuery === "function" &&
    (cache === undefined || cache.constructor[entityKind] === "NoopCache")
  );
}

function direct<Row>({ params, fields, queryConfig, logger }: PgPrepared): PreparedStatement<Row> {
  const values = params.map(valueFor);
  const parts = [...new Set(fields.filter(({ path }) => path.length === 2).map(({ path }) => path[0] as string))];
  const columns = fields.map(({ path, field }) => ({
    part: path.length === 2 ? (path[0] as string) : undefined,
    key: path.at(-1) as string,
    decoder: decoderOf(field),
  }));
  const read = (row: unknown[]): Row => {
    const result: Record<string, unknown> = {};
    for (const part of parts) result[part] = {};
    for (let i = 0; i < columns.length; i++) {
      const { part, key, decoder } = columns[i] as (typeof columns)[number];
      const target = part === undefined ? result : (result[part] as Record<string, unknown>);
      target[key] = row[i] === null ? null : decoder.mapFromDriverValue(row[i]);
    }
    return result as Row;
  };
  return {
    run: async (given, on) => {
      const { client } = (on as unknown as { session: { client: PgPrepared["client"] } }).session;
      const filled = values.map((value) => value(given));
      logger.logQuery(queryConfig.text, filled);
      return (await client.query(queryConfig, filled)).rows.map(read);
    },
  };
}

type Value = (given: Readonly<Record<string, unknown>>) => unknown;

function valueFor(param: unknown): Value {
  if (is(param, Placeholder)) return (given) => given[param.name];
  const { value, encoder } = is(param, Param) ? param : { value: undefined, encoder: undefined };
  if (is(value, Placeholder)) return (given) => encoder?.mapToDriverValue(given[value.name]);
  return () => param;
}

interface Decoder {
  mapFromDriverValue(value: unknown): unknown;
}

function decoderOf(field: unknown): Decoder {
  if (is(field, Column)) return field as unknown as Decoder;
  const expression = is(field, SQL) ? field : (field as { sql: SQL }).sql;
  return (expression as unknown as { decoder: Decoder }).decoder;
}
