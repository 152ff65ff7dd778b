// A model without a model: answers with the sentences of the sources that match the question best, and cites them. No key, no network.

import { contentStems } from "../cite/words.ts";
import { ConfigurationError } from "../errors.ts";
import { type Scored, type ScoredSource, scoreSentences } from "./extractive-score.ts";
import { type Candidate, candidates } from "./extractive-sentences.ts";
import type { Model, ModelEvent, ModelRequest, ModelResponse, SourcePart, TextPart } from "./model.ts";
import { textOf } from "./text.ts";

/** All have defaults. */
export interface ExtractiveOptions {
  /** Most passages of an answer; sentences that follow one another count as one passage. Default: 3. */
  maxPassages?: number | undefined;
  /**
   * Share of the question's words, each weighed by 1 and its rarity, that the best sentence and the headings above it must hold; below it the
   * answer is that the sources do not tell. In [0, 1]; 0 answers whenever anything matches. Default: 0.27. docs/evaluation.md tells how many
   * questions it answers that it should, and that it should not.
   */
  minCoverage?: number | undefined;
}

/** `raw` of an extractive answer: how each passage was found. */
export interface ExtractiveRaw {
  /** Whether it answered that the sources do not tell. */
  abstained: boolean;
  /** In the order of the answer. `source` is the 0-based place in the list of sources; ranges are UTF-16 units of its text. */
  passages: { source: number; start: number; end: number; score: number; coverage: number }[];
}

/** What is said when nothing matches well enough. */
export const ABSTENTION = "The sources do not answer this.";

/** Further passages must score at least this share of the best one. */
const NEAR_BEST = 0.8;

/**
 * A model that quotes instead of writing: it picks one to three passages of the sources by their words (see `scoreSentences`), the best
 * first, and cites each with the exact quote. It understands nothing and says nothing of its own but `ABSTENTION`, for an empty or a
 * poor match. The question is the text of the user's last message; system prompt and parameters have no effect. Usage is empty.
 */
export function extractive(options: ExtractiveOptions = {}): Model<ExtractiveRaw> {
  const answer = (request: ModelRequest): ModelResponse<ExtractiveRaw> =>
    extract(request, options.maxPassages ?? 3, options.minCoverage ?? 0.27);
  return {
    id: "extractive",
    citations: "native",
    async generate(request, { signal }) {
      signal?.throwIfAborted();
      return answer(request);
    },
    async *stream(request, { signal }): AsyncGenerator<ModelEvent<ExtractiveRaw>> {
      signal?.throwIfAborted();
      const response = answer(request);
      for (const part of response.content) {
        signal?.throwIfAborted();
        if (part.type !== "text") continue;
        yield { type: "text", text: part.text };
        for (const citation of part.citations ?? []) yield { type: "native-citation", citation };
        yield { type: "text-end" };
      }
      yield { type: "finish", response };
    },
  };
}

function extract(request: ModelRequest, maxPassages: number, minCoverage: number): ModelResponse<ExtractiveRaw> {
  if (request.output !== undefined || request.toolChoice !== undefined)
    throw new ConfigurationError(
      "The extractive model quotes its sources; it makes no JSON and calls no tools. Ask another model.",
    );
  const last = request.messages.findLast(({ role }) => role === "user");
  const parts = (last?.content ?? []).filter((part): part is SourcePart => part.type === "source");
  const sources = parts.map(({ source }): ScoredSource => ({ title: source.title ?? "", candidates: candidates(source.text) }));
  const scored = scoreSentences(last === undefined ? "" : textOf(last, "\n"), sources);
  const best = scored[0];
  const enough = best !== undefined && best.score > 0 && best.coverage >= minCoverage;
  const passages = enough ? choose(scored, best, maxPassages, sources) : [];

  const content = passages.map((passage, i): TextPart => {
    const { index, source } = parts[passage[0]!.rank]!;
    const range = rangeOf(passage);
    const text = (i === 0 ? "" : "\n\n") + passage.map(({ candidate }) => candidate.text).join(" ");
    return { type: "text", text, citations: [{ index, quote: source.text.slice(range.start, range.end), range }] };
  });
  const raw: ExtractiveRaw = {
    abstained: !enough,
    passages: passages.map((passage) => {
      const { rank, score, coverage } = passage.reduce((a, b) => (b.score > a.score ? b : a));
      return { source: parts[rank]!.index, ...rangeOf(passage), score, coverage };
    }),
  };
  return {
    model: "extractive",
    content: enough ? content : [{ type: "text", text: ABSTENTION }],
    finishReason: "stop",
    usage: {},
    raw,
  };
}

/** The best sentence, what comes near to it and says something else, and what a sentence with a colon or a question announces. */
function choose(scored: readonly Scored[], best: Scored, maxPassages: number, sources: readonly ScoredSource[]): Scored[][] {
  const passages: Scored[][] = [];
  const said: Set<string>[] = [];
  for (const next of scored.slice(0, 30)) {
    if (next.score < best.score * NEAR_BEST) break;
    if (next.candidate.isHeading && !best.candidate.isHeading) continue;
    // What documents ask is no answer, and is given only with what they reply.
    if (asks(next.candidate) && !asks(best.candidate)) continue;
    const stems = contentStems(next.candidate.text);
    if (said.some((other) => alike(other, stems))) continue;
    const neighbour = passages.find((passage) => carriesOn(passage, next));
    if (neighbour === undefined && passages.length === maxPassages) continue;
    if (neighbour === undefined) passages.push([next]);
    else if (neighbour.length < 3) neighbour.push(next);
    said.push(stems);
  }
  return passages.map((passage) =>
    announced(
      passage.sort((a, b) => a.position - b.position),
      sources,
    ),
  );
}

/** Carries the passage on. What stands before it does not join it: the best sentence of a passage is its first. */
function carriesOn(passage: readonly Scored[], next: Scored): boolean {
  const last = passage.at(-1)!;
  return last.rank === next.rank && follows(last.candidate, next.candidate);
}

/** Whether `b` comes next after `a`, with nothing but white space, a bullet or the like between them: no block of code, say. */
function follows(a: Candidate, b: Candidate): boolean {
  const gap = b.range.start - a.range.end;
  return gap >= 0 && gap <= 12 && a.heading === b.heading && !a.isHeading && !b.isHeading;
}

/** In English, and in Spanish, by the mark that begins it: elsewhere a question mark may end a line that has run into a question. */
const asking =
  /^(?:¿|["“(*_\d.) ]*(?:who|whose|what|when|where|which|why|how|am|is|are|was|were|do|does|did|can|could|should|will|would|may|must|has|have|had)\b).*[?？]["'”’)\]*_]*$/is;

function asks({ text }: Candidate): boolean {
  return asking.test(text);
}

/** A sentence that ends in a colon, or asks, is nothing without what follows: up to three items or sentences under the same heading. */
function announced(passage: Scored[], sources: readonly ScoredSource[]): Scored[] {
  const last = passage.at(-1)!;
  if (!last.candidate.text.endsWith(":") && !asks(last.candidate)) return passage;
  const items: Candidate[] = [];
  for (const next of sources[last.rank]!.candidates.slice(last.position + 1, last.position + 4)) {
    if (!follows(items.at(-1) ?? last.candidate, next)) break;
    items.push(next);
  }
  return [...passage, ...items.map((candidate, i) => ({ ...last, candidate, position: last.position + 1 + i }))];
}

function alike(a: Set<string>, b: Set<string>): boolean {
  let shared = 0;
  for (const stem of a) if (b.has(stem)) shared++;
  return shared / Math.max(1, Math.min(a.size, b.size)) > 0.8;
}

function rangeOf(passage: readonly Scored[]): { start: number; end: number } {
  return { start: passage[0]!.candidate.range.start, end: passage.at(-1)!.candidate.range.end };
}
