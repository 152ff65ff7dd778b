// Statements that are built once and run many times: building one costs as much as the index scan that it asks for.
import { sql } from "drizzle-orm";
import { type Database, driverOf } from "../../db/database.ts";
import { encodedVector } from "../../db/vectors.ts";
import { contentHash } from "../../util/hash.ts";
import type { Shape } from "../shape.ts";
import { parseKeywords } from "./keyword.ts";
import type { SearchRequest } from "./request.ts";
import { type FoundRow, isComposed, searchStatement } from "./statement.ts";

/** Different limits, offsets and weights make different statements; past so many, the one that was used longest ago goes. */
const most = 50;

interface Prepared {
  execute(values: Record<string, unknown>): Promise<unknown>;
}

/** Whether nothing but the question's vector and words tells the request from others of its kind. */
export function isKeepable(request: SearchRequest): boolean {
  const [{ text, stored }] = request.asked;
  if (request.where !== undefined || request.select !== undefined || request.keysOnly) return false;
  if (stored !== undefined || isComposed(request)) return false;
  if (request.mode === "vector") return true;
  const { phrases, excluded } = parseKeywords(text);
  return phrases.length === 0 && excluded.length === 0;
}

export class KeptStatements {
  private readonly prepared = new Map<string, Prepared>();

  /** @param named Whether the server keeps them too, as named prepared statements. */
  constructor(
    private readonly db: Database,
    private readonly shape: Shape,
    private readonly named: boolean,
  ) {}

  async run(request: SearchRequest, vector: Float32Array | undefined): Promise<FoundRow[]> {
    const values = {
      vector: vector === undefined ? null : encodedVector(vector, driverOf(this.db)),
      words: parseKeywords(request.asked[0].text).words,
    };
    return (await this.statement(request).execute(values)) as FoundRow[];
  }

  private statement(request: SearchRequest): Prepared {
    const { mode, limit, offset, weights } = request;
    const key = [mode, limit, offset, weights.vector, weights.keyword].join();
    const found = this.prepared.get(key) ?? this.prepare(request);
    this.prepared.delete(key);
    this.prepared.set(key, found);
    const [oldest] = this.prepared.keys();
    if (this.prepared.size > most && oldest !== undefined) this.prepared.delete(oldest);
    return found;
  }

  private prepare(request: SearchRequest): Prepared {
    const question = {
      vector: sql`${sql.placeholder("vector")}::vector${sql.raw(this.shape.vectorType === "halfvec" ? "::halfvec" : "")}`,
      keywords: { words: sql.placeholder("words"), phrases: [], excluded: [] },
    };
    const statement = searchStatement(this.db, this.shape, request, [question]);
    // Drizzle's drivers take an empty name for an unnamed statement, which any pooler can handle.
    return statement.prepare(this.named ? `drizzle_rag_${contentHash(statement.toSQL().sql).slice(0, 24)}` : "");
  }
}
