// Statements that are built once and run many times: building one costs as much as the index scan that it asks for.
import { type SQL, sql } from "drizzle-orm";
import type { Database } from "../../db/database.ts";
import { type PreparedStatement, prepared } from "../../db/prepared.ts";
import { encodedVector, type QueryVector, vectorFormat } from "../../db/vectors.ts";
import { contentHash } from "../../util/hash.ts";
import type { Shape } from "../shape.ts";
import { exactShape, startingWith } from "./approximate.ts";
import { parseKeywords } from "./keyword.ts";
import type { SearchRequest } from "./request.ts";
import type { Scan } from "./settings.ts";
import { type FoundRow, isComposed, searchStatement } from "./statement.ts";

/** Different limits, offsets, weights and filters make different statements; past so many, the one that was made first goes. */
const most = 100;

/** A search's statement, ready to be run for its question. */
export interface KeptStatement {
  /** @param on The handle to run it on: that of the collection, or one connection of its pool. */
  run(vector: QueryVector | undefined, on: Database): Promise<FoundRow[]>;
}

export class KeptStatements {
  private readonly statements = new Map<string, PreparedStatement<FoundRow>>();

  /** @param named Whether the server keeps them too, as named prepared statements. */
  constructor(
    private readonly db: Database,
    private readonly shape: Shape,
    private readonly named: boolean,
  ) {}

  /** The statement for a request, or undefined where something else than the question and the values of its filter tells it from others. */
  find(request: SearchRequest, scan: Scan): KeptStatement | undefined {
    if (!isKeepable(request) || scan.planning.length > 0) return undefined;
    const { filter } = request;
    if (request.where !== undefined && filter?.parameterized === undefined) return undefined;
    const statement = this.statement(request, scan);
    const words = request.mode === "vector" ? undefined : parseKeywords(request.asked[0].text).words;
    return {
      run: (vector, on) =>
        statement.run(
          {
            ...filter?.parameterized?.values,
            vector: vector === undefined ? null : encodedVector(vector, vectorFormat(this.db, this.shape.vectorFormat)),
            words,
          },
          on,
        ),
    };
  }

  private statement(request: SearchRequest, scan: Scan): PreparedStatement<FoundRow> {
    const { mode, limit, offset, weights, language } = request;
    const key = `${mode} ${limit} ${offset} ${weights.vector} ${weights.keyword} ${language} ${scan.exact} ${scan.settings.join()} ${scan.overfetch} ${request.filter?.parameterized?.text}`;
    const found = this.statements.get(key);
    if (found !== undefined) return found;
    const [oldest] = this.statements.keys();
    if (this.statements.size >= most && oldest !== undefined) this.statements.delete(oldest);
    const made = this.prepare(request, scan);
    this.statements.set(key, made);
    return made;
  }

  private prepare(request: SearchRequest, scan: Scan): PreparedStatement<FoundRow> {
    const question = {
      vector: placeholder(this.shape),
      keywords: { words: sql.placeholder("words"), phrases: [], excluded: [], language: request.language },
    };
    const searched = scan.exact ? exactShape(this.shape) : startingWith(this.shape, scan);
    const where = request.filter?.parameterized?.condition;
    const statement = searchStatement(this.db, searched, { ...request, where }, [question]);
    // Drizzle's drivers take an empty name for an unnamed statement, which any pooler can handle.
    return prepared(statement, this.named ? `drizzle_rag_${contentHash(statement.toSQL().sql).slice(0, 24)}` : "");
  }
}

/** The server rounds to halfvec by itself; see `vectorParam()`. */
function placeholder({ vectorType }: Shape): SQL {
  return sql`${sql.placeholder("vector")}::${sql.raw(vectorType === "halfvec" ? "vector::halfvec" : vectorType)}`;
}

function isKeepable(request: SearchRequest): boolean {
  const [{ text, stored }] = request.asked;
  if (request.select !== undefined || request.keysOnly) return false;
  // The condition has to be the user's alone; a search near a stored vector adds its own.
  if (stored !== undefined || isComposed(request)) return false;
  if (request.mode === "vector") return true;
  const { phrases, excluded } = parseKeywords(text);
  return phrases.length === 0 && excluded.length === 0;
}
