// Which sentences of an answer rest on the sources, as far as their words tell.
import { splitSentences } from "../util/sentences.ts";
import type { Citation, Source, TextRange } from "../values.ts";
import { contentStems } from "./words.ts";

/** A sentence of an answer, and what speaks for it. */
export interface SentenceSupport {
  text: string;
  /** Where it stands in the answer, in UTF-16 units. */
  range: TextRange;
  /** How many citations it has whose quote was found in its source, at least in part. */
  citations: number;
  /** Share of its words that carry meaning which stand in what it cites; where it cites nothing, in the best of the sources. 0 to 1. */
  overlap: number;
  /** It has such a citation, and at least half of its words stand in what it cites. */
  supported: boolean;
}

/** Of the words of a sentence that carry meaning, so many have to stand in what it cites. */
const enough = 0.5;

/**
 * Holds each sentence of an answer against the sources: by words alone, so that a sentence in other words than its source may be called
 * unsupported, and one that turns its source's meaning round may not. Sentences without a word that carries meaning are left out.
 */
export function sentenceSupport(text: string, citations: readonly Citation[], sources: readonly Source[]): SentenceSupport[] {
  const stems = new Map<string, Set<string>>();
  const stemsOf = (source: string) => {
    const found = stems.get(source) ?? contentStems(source);
    stems.set(source, found);
    return found;
  };
  return splitSentences(text).flatMap((range) => {
    const sentence = text.slice(range.start, range.end);
    const own = contentStems(sentence.replace(/\[\d+(?:,\s*\d+)*\]/g, " "));
    if (own.size === 0) return [];
    const cited = citations.filter(
      ({ textRange, verified }) => verified !== "none" && textRange.start < range.end && textRange.end > range.start,
    );
    const share = (source: Source) => {
      const there = stemsOf(`${source.title ?? ""}\n${source.text}`);
      return [...own].filter((stem) => there.has(stem)).length / own.size;
    };
    const held = cited.length > 0 ? cited.map(({ source }) => source) : sources;
    const overlap = Math.max(0, ...held.map(share));
    return [{ text: sentence, range, citations: cited.length, overlap, supported: cited.length > 0 && overlap >= enough }];
  });
}
