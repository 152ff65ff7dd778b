// Text whose words are as common and as rare as in English: Zipf's law over an invented vocabulary. The same in every run.
import { random } from "./vectors.ts";

const syllables = [
  "ba",
  "co",
  "di",
  "fu",
  "ga",
  "he",
  "ki",
  "lo",
  "mu",
  "na",
  "po",
  "qui",
  "re",
  "si",
  "to",
  "va",
  "we",
  "xi",
  "yo",
  "zu",
];
const vocabulary = 20_000;

/** The word of a rank, 0 being the most common. */
export function word(rank: number): string {
  let text = "";
  for (let rest = rank + 1; rest > 0; rest = Math.floor(rest / syllables.length)) text += syllables[rest % syllables.length];
  return text;
}

/** An endless supply of texts of `words` words. */
export function prose(words: number, seed: number): () => string {
  const next = random(seed);
  // The inverse of the distribution function of 1 / rank.
  const rank = () => Math.floor((vocabulary + 1) ** next()) - 1;
  return () => Array.from({ length: words }, () => word(rank())).join(" ");
}
