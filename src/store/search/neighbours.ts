// The chunks around a hit, in the order of the document.
import { sql } from "drizzle-orm";
import type { PgColumn } from "drizzle-orm/pg-core";
import type { Database } from "../../db/database.ts";
import { InputError } from "../../errors.ts";
import type { AnyRow, NamedColumn, Shape } from "../shape.ts";
import type { HitContext } from "../types.ts";
import { keyIn, keyOf, keyText } from "../write/context.ts";
import { keyAlias, keyColumns } from "./parts.ts";
import { needsChunks } from "./request.ts";

/** Chunks of the same document around a chunk, itself among them, by the chunk's `keyText`. */
export type Around = Map<string, AnyRow[]>;

/**
 * Reads the chunks up to `before` places before and `after` places behind each of these, as the table holds them now, in one statement.
 * A chunk that is no longer there has no entry.
 */
export async function around(
  db: Database,
  shape: Shape,
  chunks: readonly AnyRow[],
  before: number,
  after: number,
): Promise<Around> {
  const found: Around = new Map();
  if (chunks.length === 0) return found;
  const keys = new Map(chunks.map((chunk) => [keyText(keyOf(chunk, shape.passageKey)), keyOf(chunk, shape.passageKey)]));
  const ordinal = shape.passageColumns.ordinal as PgColumn;
  const parent = (i: number) => sql.identifier(`parent${i}`);
  const parents = shape.reference.map(({ chunk }, i) => sql`${chunk.column} as ${parent(i)}`);
  const own = sql`(
    select ${keyColumns(shape)}, ${sql.join(parents, sql`, `)}, ${ordinal} as place
    from ${shape.passages} where ${keyIn(shape.passageKey, [...keys.values()])}
  ) as own`;
  const sameDocument = shape.reference.map(({ chunk }, i) => sql`${chunk.column} = own.${parent(i)}`);
  const ofHit = shape.passageKey.map(({ key, column }, i) => [key, sql`own.${keyAlias(i)}`.mapWith(column)]);
  const rows = (await db
    .select({ hit: Object.fromEntries(ofHit), chunk: shape.passageColumns })
    .from(own)
    .innerJoin(
      shape.passages,
      sql`${sql.join(sameDocument, sql` and `)} and ${ordinal} between own.place - ${sql.raw(String(before))} and own.place + ${sql.raw(String(after))}`,
    )
    .orderBy(ordinal)) as unknown as { hit: AnyRow; chunk: AnyRow }[];
  for (const { hit, chunk } of rows) {
    const key = keyText(keyOf(hit, shape.passageKey));
    const list = found.get(key) ?? [];
    list.push(chunk);
    found.set(key, list);
  }
  return found;
}

/** The chunks around one hit, without its own. */
export async function neighboursOf(
  db: Database,
  shape: Shape,
  hit: { chunk: unknown },
  before: number,
  after: number,
): Promise<AnyRow[]> {
  needsChunks(shape, "neighbours");
  const chunk = hit.chunk as AnyRow | undefined;
  if (chunk === undefined || keyOf(chunk, shape.passageKey).includes(undefined))
    throw new InputError("The hit has no chunk with its key; give one that a search of this collection returned.", {
      field: "hit",
    });
  const own = keyText(keyOf(chunk, shape.passageKey));
  const found = (await around(db, shape, [chunk], before, after)).get(own) ?? [];
  return found.filter((row) => keyText(keyOf(row, shape.passageKey)) !== own);
}

/**
 * The text of chunks that follow one another: cut from the document where its text is given and is still the one they were cut from, else
 * joined.
 */
export function contextOf(shape: Shape, chunks: readonly AnyRow[], document: string | undefined): HitContext {
  const { key } = shape.columns.text as NamedColumn;
  const parts = chunks.map((chunk) => ({ text: String(chunk[key]), start: Number(chunk.start), end: Number(chunk.end) }));
  const start = Math.min(...parts.map((part) => part.start));
  const end = Math.max(...parts.map((part) => part.end));
  // The chunks were read a statement later than the document.
  const isExact = document !== undefined && parts.every((part) => document.slice(part.start, part.end) === part.text);
  return { text: isExact ? document.slice(start, end) : joined(parts), start, end };
}

/** Chunks may overlap, and chunkers leave out white space between them: a space where it was one unit, else an empty line. */
function joined(parts: readonly { text: string; start: number; end: number }[]): string {
  let text = "";
  let end: number | undefined;
  for (const part of parts) {
    const gap = end === undefined ? 0 : part.start - end;
    if (gap > 0) text += gap === 1 ? " " : "\n\n";
    text += part.text.slice(Math.max(0, -gap));
    end = Math.max(end ?? part.end, part.end);
  }
  return text;
}
