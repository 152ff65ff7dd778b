// The chunks around a hit, in the order of the document.
import { type SQL, sql } from "drizzle-orm";
import type { PgColumn } from "drizzle-orm/pg-core";
import type { Database } from "../../db/database.ts";
import { InputError } from "../../errors.ts";
import type { AnyRow, Shape } from "../shape.ts";
import { keyIn, keyOf, keyText } from "../write/context.ts";
import { keyColumns } from "./parts.ts";
import { needsChunks } from "./request.ts";

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
  const own = keyOf(chunk, shape.passageKey);
  const ordinal = shape.passageColumns.ordinal as PgColumn;
  const near = sql`${ordinal} between own.place - ${sql.raw(String(before))} and own.place + ${sql.raw(String(after))}`;
  const found = (await db
    .select(shape.passageColumns)
    .from(ownChunks(shape, [own]))
    .innerJoin(shape.passages, sql`${sameDocument(shape)} and ${near}`)
    .orderBy(ordinal)) as AnyRow[];
  return found.filter((row) => keyText(keyOf(row, shape.passageKey)) !== keyText(own));
}

/** `(select key…, parent…, place from chunks where key in …) as own`: chunks as a statement about what is around them begins. */
export function ownChunks(shape: Shape, keys: readonly unknown[][], more: SQL = sql``): SQL {
  const parents = shape.reference.map(({ chunk }, i) => sql`${chunk.column} as ${parent(i)}`);
  return sql`(
    select ${keyColumns(shape)}, ${sql.join(parents, sql`, `)}, ${shape.passageColumns.ordinal} as place${more}
    from ${shape.passages} where ${keyIn(shape.passageKey, keys)}
  ) as own`;
}

/** That a chunk is of the same document as `own`. */
export function sameDocument(shape: Shape): SQL {
  return sql.join(
    shape.reference.map(({ chunk }, i) => sql`${chunk.column} = own.${parent(i)}`),
    sql` and `,
  );
}

function parent(i: number): SQL {
  return sql.identifier(`parent${i}`) as unknown as SQL;
}
