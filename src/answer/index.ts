// drizzle-rag/answer: questions answered from a collection, and the steps on the way by themselves.
export {
  type Answerer,
  type AnswerOptions,
  type AskOptions,
  answer,
  type GroundedResponse,
  type GroundedStream,
} from "./answer.ts";
export { type FitOptions, fitSources } from "./fit.ts";
export { type Relevance, relevance, type Threshold } from "./relevance.ts";
export { type CrossEncoderOptions, crossEncoder, modelReranker, type Reranker } from "./rerank.ts";
export { type LexicalRerankerOptions, lexicalReranker } from "./rerank-lexical.ts";
export { condense, hypotheticalAnswer, paraphrase, type RewriteSettings } from "./rewrite.ts";
