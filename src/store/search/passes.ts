// How a search gets complete: what it tries first, and what next when that came back short.
import { depthOf } from "./hybrid.ts";
import { everything, firstDepth, wantedOf } from "./ranking.ts";
import type { SearchRequest } from "./request.ts";
import type { FoundRow } from "./statement.ts";

/** One run of a search's statement. */
export interface Pass {
  /** How many passages are ranked. */
  depth: number;
  /** Through the index as usual, through it further down, or without it. */
  way: "index" | "deep" | "exact";
}

export function firstPass(request: SearchRequest): Pass {
  return { depth: firstDepth(request), way: "index" };
}

/** The next pass, or undefined when what was found is all there is, or all that was asked for. */
export function nextPass(request: SearchRequest, { depth, way }: Pass, found: readonly FoundRow[]): Pass | undefined {
  const { mode, limit, offset } = request;
  const wanted = request.diversity > 0 ? limit + offset : wantedOf(request) - offset;
  const held = found[0]?.held ?? 0;
  const near = found[0]?.near ?? 0;
  if (request.perDocument === undefined) {
    if (way === "exact" || mode === "keyword") return undefined;
    const isShort = isFused(request) ? near < depthOf({ limit: wantedOf(request) - offset, offset }) : found.length < wanted;
    return isShort ? { depth, way: way === "index" ? "deep" : "exact" } : undefined;
  }
  if (found.length >= wanted) {
    const isThin = way !== "exact" && isFused(request) && mode !== "keyword" && near < candidatesOf(request, depth);
    return isThin ? { depth: everything, way: "exact" } : undefined;
  }
  // Too few documents among many passages: look deeper once, then at all. One scan costs less than deeper and deeper ones.
  if (depth === everything) return undefined;
  const isFull = held >= depth;
  if (isFull && depth === firstDepth(request)) return { depth: 4 * depth, way };
  return isFull || (mode !== "keyword" && way !== "exact") ? { depth: everything, way: "exact" } : undefined;
}

/** How many candidates the index has to give. */
export function candidatesOf(request: SearchRequest, depth: number): number {
  return isFused(request) ? depthOf({ limit: depth, offset: 0 }) : depth;
}

function isFused({ mode, asked }: SearchRequest): boolean {
  return mode === "hybrid" || asked.length > 1;
}
