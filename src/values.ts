// The plain values that travel along the path from a file to a cited answer. They hold no behaviour, so that the folders
// which pass them on need not know each other.

/** Anything JSON can hold; what goes into a `jsonb` column. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** A text with what is known about it: what a loader makes of a file. */
export interface Document {
  /** The text that is chunked, embedded and cited. Every offset in this package counts UTF-16 units of it, like `String.slice`. */
  text: string;
  /** Where it came from: a path relative to the folder that was walked, or a URL. */
  source?: string;
  title?: string;
  /** How the text is written; decides which chunker suits it. Default: `plain`. */
  format?: "plain" | "markdown";
  /** Where the prose begins, in UTF-16 units: past Markdown front matter. Chunks start there. Default: 0. */
  bodyStart?: number;
  /**
   * For a text that is not the file itself (HTML): for each line of `text`, the 1-based line of the file it came from.
   * Left out where the text is the file, line by line.
   */
  lines?: number[];
  /** Whatever else the file says about itself, such as front matter. */
  metadata?: { [key: string]: Json };
}

/** A passage of a document. `text` is exactly `document.text.slice(start, end)`. */
export interface Chunk {
  /** 0-based place among the chunks of its document. */
  ordinal: number;
  text: string;
  /** First UTF-16 unit of the passage in the document's text. */
  start: number;
  /** One past the last UTF-16 unit. */
  end: number;
  /** Titles of the sections the passage begins in, outermost first; empty where there are none. */
  headings: string[];
}

/**
 * A text that an answer may be based on. What a search returns is one; so is any object with a `text`.
 * It goes to the model as data, never as instructions.
 */
export interface Source {
  text: string;
  title?: string | undefined;
  /** Where it came from, for people: a path or a URL. */
  source?: string | undefined;
  /** Where `text` begins in the whole document, in UTF-16 units. Gives citations their `documentRange`. */
  start?: number | undefined;
}

/** A vector that is nearly all zeros, as learned sparse models (SPLADE) give it. How many dimensions it has is the column's to say. */
export interface SparseVector {
  /** Places of the numbers that are not zero, from 0, each once, in any order: token ids, for most models. */
  indices: ArrayLike<number>;
  /** The numbers, one for each index. */
  values: ArrayLike<number>;
}

/** Half-open range of UTF-16 units, as `String.slice(start, end)` takes it. */
export interface TextRange {
  start: number;
  end: number;
}

/**
 * How well a quote was found in its source:
 * `exact`: character by character; `normalised`: after folding white space, quotation marks, dashes and case;
 * `partial`: only a part of it, or a statement whose words the source largely holds; `none`: not found.
 */
export type Verification = "exact" | "normalised" | "partial" | "none";

/** One claim of an answer tied to the source it rests on. */
export interface Citation<S extends Source = Source> {
  /** The very object that was handed in as a source. */
  source: S;
  /** 0-based place of the source in the list that was handed in; people are shown `index + 1`. */
  index: number;
  /** The words the claim rests on: as they stand in the source where they were found there, else as the model gave them. */
  quote: string;
  verified: Verification;
  /** The claim: the range of the answer's text that this citation supports. */
  textRange: TextRange;
  /** Where the quote stands in `source.text`; left out when it was not found. */
  sourceRange?: TextRange;
  /** The same range in the whole document; present when the source tells its `start`. */
  documentRange?: TextRange;
}

/** A piece of an answer tied to a page that the provider found on the web by itself. The page is not here, so nothing was checked. */
export interface WebCitation {
  url: string;
  title?: string;
  /** Words of the page, from providers that give them. */
  quote?: string;
  /** What of the answer's text the provider ties to the page: the claim (Anthropic), or the link that it wrote behind it (OpenAI). */
  textRange: TextRange;
}
