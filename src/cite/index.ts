// Citations by hand, for those who talk to a model themselves: sources as numbered text, marks read back, quotes looked up.
export {
  type CitationEvent,
  type CitationParser,
  citationParser,
  type ParsedCitations,
  parseCitations,
  type RawCitation,
} from "./parse.ts";
export { findQuote, PARTIAL_SHARE, type QuoteMatch } from "./quote.ts";
export { citationInstruction, type RenderedSource, renderSources } from "./render.ts";
export { citationResolver, resolveCitations, type UncheckedCitation } from "./resolve.ts";
export { type SentenceSupport, sentenceSupport } from "./sentences.ts";
