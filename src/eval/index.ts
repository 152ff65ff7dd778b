// drizzle-rag/eval: how good a search is on judged queries, what is better, and the weights that suit a collection.
export {
  type AnswerScores,
  type AnswersEvaluation,
  type EvaluateAnswersOptions,
  evaluateAnswers,
  type JudgedAnswer,
  modelJudge,
  type SupportJudge,
} from "./answers.ts";
export {
  type Compared,
  compare,
  type EvaluateOptions,
  type Evaluation,
  evaluate,
  type QueryScores,
  type Searcher,
} from "./evaluate.ts";
export { type JudgedQuery, readJudgments } from "./judgments.ts";
export { type Grades, meanScores, type Scores, scoresOf } from "./metrics.ts";
export { evaluationTable } from "./report.ts";
export { randomisationTest } from "./significance.ts";
export { type Tuned, type TuneOptions, tune } from "./tune.ts";
