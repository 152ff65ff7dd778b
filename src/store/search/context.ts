// What stands around hits in their documents: neighbouring chunks, the section, the whole document.
import { sql } from "drizzle-orm";
import type { PgColumn } from "drizzle-orm/pg-core";
import type { Database } from "../../db/database.ts";
import type { AnyRow, NamedColumn, Shape } from "../shape.ts";
import type { HitContext } from "../types.ts";
import { keyOf, keyText } from "../write/context.ts";
import { documentText } from "./hits.ts";
import { ownChunks, sameDocument } from "./neighbours.ts";
import { keyAlias } from "./parts.ts";
import type { SearchRequest, WantedContext } from "./request.ts";
import type { FoundRow } from "./statement.ts";

/** How many chunks of a section are looked at before a hit, and how many after it: no more would fit into a prompt. */
const sectionReach = 100;

/** A chunk around a hit, and what it is to it. */
interface Part {
  /** Undefined where the document's own text is at hand. */
  text: string | undefined;
  start: number;
  end: number;
  isNear: boolean;
  inSection: boolean;
}

/** The context of each row, the longest first; see `HitContext`. One statement for all of them, or none where the documents' texts are enough. */
export async function contextsOf(
  db: Database,
  shape: Shape,
  request: SearchRequest,
  found: readonly FoundRow[],
): Promise<HitContext[]> {
  const wanted = request.context as WantedContext;
  const { key } = shape.columns.text as NamedColumn;
  const hits = found.map((row) => {
    const { [key]: text, start, end } = row.chunk as AnyRow;
    const own = { text: String(text), start: Number(start), end: Number(end), isNear: true, inSection: true };
    const document = documentText(shape, request, row);
    // Chunks may be of another text than the row that they were found with: it was changed and they were not.
    const isExact = document !== undefined && document.slice(own.start, own.end) === own.text;
    return { own, document: isExact ? document : undefined, key: keyOf(row.chunk as AnyRow, shape.passageKey) };
  });
  const joins = hits.some(({ document }) => document === undefined);
  const reads = wanted.section || wanted.neighbours > 0 || joins;
  const parts = reads && hits.length > 0 ? await read(db, shape, hits, wanted, joins) : new Map<string, Part[]>();
  return hits.map((hit) => longestFirst(hit, parts.get(keyText(hit.key)) ?? [hit.own], wanted));
}

/** The chunks around each, in the order of the document, as the table holds them now, by the `keyText` of the chunk that they are around. */
async function read(
  db: Database,
  shape: Shape,
  hits: readonly { key: unknown[] }[],
  wanted: WantedContext,
  joins: boolean,
): Promise<Map<string, Part[]>> {
  const { ordinal, headings, start, end, text } = { text: shape.columns.text?.column, ...shape.passageColumns } as Record<
    string,
    PgColumn
  >;
  const keys = [...new Map(hits.map(({ key }) => [keyText(key), key])).values()];
  const reach = sql.raw(String(sectionReach));
  const leaves = sql`exists (
    select from generate_series(0, jsonb_array_length(own.path) - 1) as i
    where to_jsonb(${headings}) -> i is distinct from own.path -> i
  )`;
  const edge = (side: "before" | "after") => {
    const range =
      side === "before"
        ? sql`between own.place - ${reach} and own.place - 1`
        : sql`between own.place + 1 and own.place + ${reach}`;
    const direction = sql.raw(side === "before" ? "desc" : "asc");
    return sql`(
      select ${ordinal} from ${shape.passages} where ${sameDocument(shape)} and ${ordinal} ${range} and ${leaves}
      order by ${ordinal} ${direction} limit 1
    )`;
  };
  // `offset 0` keeps the planner from putting the edges in place of their names, where they would be looked for again with each row.
  const section = wanted.section
    ? sql`(
        select coalesce(${edge("before")} + 1, own.place - ${reach}) as first, coalesce(${edge("after")} - 1, own.place + ${reach}) as last offset 0
      )`
    : sql`(select own.place as first, own.place as last)`;
  const near = sql.raw(String(wanted.neighbours));
  const isNear = sql<boolean>`${ordinal} between own.place - ${near} and own.place + ${near}`;
  const inSection = sql<boolean>`${ordinal} between section.first and section.last`;
  const range =
    wanted.document && joins
      ? sql`true`
      : sql`${ordinal} between least(section.first, own.place - ${near}) and greatest(section.last, own.place + ${near})`;
  const ofHit = shape.passageKey.map(({ key, column }, i) => [key, sql`own.${keyAlias(i)}`.mapWith(column)]);
  const rows = (await db
    .select({
      hit: Object.fromEntries(ofHit),
      part: { start: start as PgColumn, end: end as PgColumn, isNear, inSection, ...(joins && { text: text as PgColumn }) },
    })
    .from(sql`${ownChunks(shape, keys, sql`, to_jsonb(${headings}) as path`)} cross join lateral ${section} as section`)
    .innerJoin(shape.passages, sql`${sameDocument(shape)} and ${range}`)
    .orderBy(sql`${ordinal}`)) as unknown as { hit: AnyRow; part: AnyRow }[];
  const found = new Map<string, Part[]>();
  for (const { hit, part } of rows) {
    const key = keyText(keyOf(hit, shape.passageKey));
    const list = found.get(key) ?? [];
    list.push({
      text: part.text === undefined ? undefined : String(part.text),
      start: Number(part.start),
      end: Number(part.end),
      isNear: part.isNear === true,
      inSection: part.inSection === true,
    });
    found.set(key, list);
  }
  return found;
}

function longestFirst(
  { own, document }: { own: Part; document: string | undefined },
  parts: readonly Part[],
  wanted: WantedContext,
): HitContext {
  const levels: HitContext[] = [];
  const add = (of: HitContext["of"], some: readonly Part[]) =>
    levels.push({ of, ...slice(some.length > 0 ? some : [own], document) });
  const near = parts.filter(({ isNear }) => isNear);
  const section = parts.filter(({ inSection }) => inSection);
  if (wanted.neighbours > 0) add("neighbours", near);
  if (wanted.section) add("section", section);
  if (wanted.document && document !== undefined) levels.push({ of: "document", text: document, start: 0, end: document.length });
  else if (wanted.document) add("document", parts);
  const length = ({ start, end }: HitContext) => end - start;
  const [first, ...longer] = levels.sort((a, b) => length(a) - length(b)) as [HitContext, ...HitContext[]];
  let longest = first;
  for (const level of longer) {
    if (longest.start === level.start && longest.end === level.end) longest.of = level.of;
    else longest = Object.assign(level, { narrower: longest });
  }
  return longest;
}

/** The text of chunks that follow one another: cut from the document where its text is given, else joined. */
function slice(parts: readonly Part[], document: string | undefined): { text: string; start: number; end: number } {
  const start = Math.min(...parts.map((part) => part.start));
  const end = Math.max(...parts.map((part) => part.end));
  if (document === undefined) return { text: joined(parts), start, end };
  // The chunks were read a statement later than the document, which may have been longer by then.
  return { text: document.slice(start, end), start, end: Math.min(end, document.length) };
}

/** Chunks may overlap, and chunkers leave out white space between them: a space where it was one unit, else an empty line. */
function joined(parts: readonly Part[]): string {
  let text = "";
  let end: number | undefined;
  for (const part of parts) {
    const gap = end === undefined ? 0 : part.start - end;
    if (gap > 0) text += gap === 1 ? " " : "\n\n";
    text += (part.text ?? "").slice(Math.max(0, -gap));
    end = Math.max(end ?? part.end, part.end);
  }
  return text;
}
