// A collection and a model wired into one call: search, fit to a budget, ask, check. Each step can be replaced.
import type { PgTable } from "drizzle-orm/pg-core";
import { type SentenceSupport, sentenceSupport } from "../cite/sentences.ts";
import { ConfigurationError, InputError } from "../errors.ts";
import { call } from "../llm/call.ts";
import { ABSTENTION } from "../llm/extractive.ts";
import type { CallTypes, RawOf } from "../llm/inferred.ts";
import type { Message, Model } from "../llm/model.ts";
import { resolveModel } from "../llm/resolve.ts";
import type { CallResponse } from "../llm/response.ts";
import type { CallSettings, ModelInput } from "../llm/settings.ts";
import { type CallStream, callStream, type EventSink } from "../llm/stream.ts";
import { joinSystem } from "../llm/text.ts";
import type { Collection } from "../store/collection.ts";
import type { ContextOf, Hit, SearchOptions } from "../store/types.ts";
import { type FitOptions, fitSources } from "./fit.ts";
import { checkThreshold, type Relevance, reaches, relevance, type Threshold } from "./relevance.ts";
import type { Reranker } from "./rerank.ts";
import { condense, type RewriteSettings } from "./rewrite.ts";

/** All settings of a call, and how passages are found. */
export interface AnswerOptions<H extends Hit, M extends ModelInput>
  extends Omit<CallSettings, "model" | "output" | "outputMode" | "outputRetries"> {
  model: M;
  /** Most passages to answer from. Default: 8. */
  limit?: number;
  /**
   * Options of every search, such as `where`. Where there is a table of chunks, `context` is by default the document, the section and one chunk
   * on each side: each passage is given with the longest of them that `fit` has room for.
   */
  search?: Omit<SearchOptions, "limit" | "offset" | "signal">;
  /**
   * What the best passage must have at least: a similarity by vector, a share of the question's words, or both (see `Relevance`). Below it the
   * answer is the abstention, and the model is not asked. Default: none. Unlike `minScore` under `search` it can be relied on in hybrid mode.
   */
  threshold?: Threshold;
  /** Most tokens of the passages together, and how they are counted. */
  fit?: Pick<FitOptions, "maxTokens" | "measure">;
  /**
   * What is searched for: one question or several. Default: the question itself; in a conversation, what `condense()` makes of it (with the
   * extractive model, which cannot: the question together with the one before it).
   */
  rewrite?: (
    question: string,
    history: readonly Message[],
    options: { signal: AbortSignal | undefined },
  ) => string | readonly string[] | Promise<string | readonly string[]>;
  /** Puts the hits in a better order: `lexicalReranker()`, `crossEncoder()`, `modelReranker()`, or your own. Four times as many are searched for then. */
  rerank?: Reranker;
  /** In place of the search: finds passages for the questions. */
  retrieve?: (
    questions: readonly string[],
    options: { limit: number; signal: AbortSignal | undefined },
  ) => PromiseLike<readonly H[]>;
  /** What is said where the sources hold no answer, and how that is told. Default: "The sources do not answer this." */
  abstention?: string;
}

/** What is known of an answer's types; see `CallTypes`. */
export interface GroundedTypes<Raw> extends CallTypes {
  raw: Raw;
  output: undefined;
}

/** An answer from a collection. */
export interface GroundedResponse<H extends Hit = Hit, Raw = unknown> extends CallResponse<H, GroundedTypes<Raw>> {
  /** What was searched for. */
  questions: string[];
  /** The passages that the model was given; citations hold these. */
  sources: H[];
  /** How much the best of what was found has to do with the question: what `threshold` is held against. */
  relevance: Relevance;
  /** The answer is that the sources do not tell. Where nothing was found, or nothing that reaches `threshold`, the model was not asked. */
  abstained: boolean;
  /** Every sentence that says something, and whether its words stand in what it cites; empty where `abstained`. */
  sentences: SentenceSupport[];
  /** Those that do not. */
  unsupported: SentenceSupport[];
}

export interface AskOptions {
  /** The conversation so far: `messages` of the answer before. Its sources are not sent again. */
  history?: readonly Message[];
  signal?: AbortSignal;
}

/** Asks a collection. */
export interface Answerer<H extends Hit = Hit, Raw = unknown> {
  (question: string, options?: AskOptions): Promise<GroundedResponse<H, Raw>>;
  /** The same, streamed; the response of its `finish` event, and of `response()`, is a `GroundedResponse`. */
  stream(question: string, options?: AskOptions): GroundedStream<H, Raw>;
}

/** A stream of an answer; see `CallStream`. */
export interface GroundedStream<H extends Hit, Raw> extends CallStream<H, GroundedTypes<Raw>> {
  response(): Promise<GroundedResponse<H, Raw>>;
}

const around: readonly ContextOf[] = ["document", "section", { neighbours: 1 }];

const instructions = (abstention: string) =>
  "Answer the question from the sources alone, in the language of the question, as briefly as it allows. " +
  `If the sources do not hold the answer, reply with exactly this sentence, as it stands, and nothing else: ${abstention}`;

/**
 * Questions answered from a collection: searched, reranked if wanted, fitted to a budget of tokens with the text around the hits, asked, and
 * checked.
 *
 * @example const ask = answer(docs, { model: "anthropic/claude-sonnet-5-5" });
 * const { text, citations, abstained } = await ask("How are refunds handled?");
 */
export function answer<D extends PgTable, C extends PgTable | undefined, M extends ModelInput>(
  docs: Collection<D, C>,
  options: AnswerOptions<Hit<D, C>, M>,
): Answerer<Hit<D, C>, RawOf<M>> {
  type H = Hit<D, C>;
  type Response = GroundedResponse<H, RawOf<M>>;
  const {
    limit = 8,
    search = {},
    threshold = {},
    fit = {},
    rewrite,
    rerank,
    retrieve,
    abstention = ABSTENTION,
    model: named,
    client,
    ...settings
  } = options;
  if (!(Number.isInteger(limit) && limit >= 1))
    throw new InputError(`${limit} is not a whole number of at least 1.`, { field: "limit" });
  checkThreshold(threshold);
  if (threshold.vector !== undefined && search.mode === "keyword")
    throw new ConfigurationError("threshold.vector: a search by keyword compares no vectors. Use threshold.coverage.");
  // Resolved once, so that every question goes through the same client.
  const model = resolveModel(named, client);
  const searching: SearchOptions = { ...(docs.chunks !== undefined && { context: around }), ...search };

  async function find(question: string, history: readonly Message[], signal: AbortSignal | undefined) {
    const asked =
      rewrite === undefined
        ? await restated(model, question, history, settings, signal)
        : await rewrite(question, history, { signal });
    const questions = typeof asked === "string" ? [asked] : [...asked];
    const wanted = rerank === undefined ? limit : 4 * limit;
    const hits: readonly H[] =
      retrieve === undefined
        ? ((await docs.search(questions.length === 1 ? (questions[0] as string) : questions, {
            ...searching,
            limit: wanted,
            ...(signal && { signal }),
          })) as unknown as H[])
        : await retrieve(questions, { limit: wanted, signal });
    const ordered = rerank === undefined ? hits : await rerank(questions[0] as string, hits, { signal });
    const found = relevance(questions, ordered.slice(0, limit));
    const sources = reaches(found, threshold) ? fitSources(ordered, { ...fit, limit }) : [];
    return { questions, sources, found };
  }

  async function run(
    question: string,
    { history = [], signal: own }: AskOptions,
    sink?: EventSink<H>,
    left?: AbortSignal,
  ): Promise<Response> {
    if (question.trim() === "") throw new InputError("The question is empty.", { field: "question" });
    const signals = [settings.signal, own, left].filter((signal) => signal !== undefined);
    const signal = signals.length > 1 ? AbortSignal.any(signals) : signals[0];
    const { questions, sources, found } = await find(question, history, signal);
    const ask = call({ ...settings, model: sources.length === 0 ? saying(abstention) : model, signal }, () => ({
      system: joinSystem(instructions(abstention), settings.system),
      sources,
      messages: [...history, { role: "user" as const, content: question }],
    }));
    let response: CallResponse<H>;
    if (sink === undefined) response = await ask();
    else {
      const stream = ask.stream();
      for await (const event of stream) {
        if (event.type === "finish") break;
        sink.emit(event as Parameters<typeof sink.emit>[0]);
        const full = sink.full();
        if (full !== undefined) await full;
      }
      response = await stream.response();
    }
    const abstained = isAbstention(response, abstention);
    const sentences = abstained ? [] : sentenceSupport(response.text, response.citations, sources);
    const unsupported = sentences.filter(({ supported }) => !supported);
    const more = { questions, sources, relevance: found, abstained, sentences, unsupported };
    return Object.assign(response, more) as unknown as Response;
  }

  return Object.assign((question: string, asked: AskOptions = {}) => run(question, asked), {
    stream: (question: string, asked: AskOptions = {}) =>
      callStream<H, GroundedTypes<RawOf<M>>>((sink, left) => run(question, asked, sink, left)) as GroundedStream<H, RawOf<M>>,
  });
}

/** What is searched for in a conversation. */
function restated(
  model: Model,
  question: string,
  history: readonly Message[],
  settings: Pick<RewriteSettings, "extra">,
  signal: AbortSignal | undefined,
): string | readonly string[] | Promise<string> {
  if (history.length === 0) return question;
  if (model.id !== "extractive") {
    const { extra } = settings;
    return condense(question, history, { model, ...(extra && { extra }), signal });
  }
  const before = history.findLast(({ role }) => role === "user");
  const said = before?.content.flatMap((part) => (part.type === "text" ? part.text : [])).join(" ") ?? "";
  return said === "" ? question : [question, `${said} ${question}`];
}

/** The sentence that the model was told to say, whatever it put around it; or what the extractive model says of itself. */
function isAbstention({ text, raw }: CallResponse, abstention: string): boolean {
  if (typeof raw === "object" && raw !== null && "abstained" in raw && raw.abstained === true) return true;
  const bare = (value: string) =>
    value
      .replace(/[\s.!"'“”*_]+/g, " ")
      .trim()
      .toLowerCase();
  return bare(text) === bare(abstention);
}

/** A model that says one thing: nothing was found, so nobody need be asked. */
function saying(text: string): Model<undefined> {
  const response = {
    model: "none",
    content: [{ type: "text" as const, text }],
    finishReason: "stop" as const,
    usage: {},
    raw: undefined,
  };
  return {
    id: "none",
    citations: "native",
    generate: async () => response,
    async *stream() {
      yield { type: "text", text };
      yield { type: "text-end" };
      yield { type: "finish", response };
    },
  };
}
