// Finds the words of a text and counts them and their pairs, for the hashing embedder.
import { type FeatureTable, FNV_START, fnv, pairHash } from "./hashing-features.ts";

/**
 * What each kind of feature weighs against a word's 1. Chosen, like the square root of counts and parts of three letters, by nDCG@10 on
 * every other question of three collections: Cranfield, Vaswani (NPL) and the Claude documentation.
 */
const weights = {
  functionWord: 0.05,
  /** Two words side by side, function words between them left out. */
  wordPair: 0.4,
  /** In scripts without spaces: a character by itself, against 1 for two side by side. */
  character: 0.3,
};

/** English function words, apostrophes' leftovers among them: in nearly every text, so they say nothing about any. */
const functionWords = `
  a about above after again against all also although am an and any are as at be became because become been before being below between
  both but by can cannot could d did do does doing done down during each either else ever every few for from further get gets got had
  has have having he hence her here hers herself him himself his how however i if in into is it its itself just ll m many may me might
  more most much must my myself neither no nor not now of off often on once one only onto or other others ought our ours ourselves out
  over own per quite rather re really s same shall she should since so some such t than that the their theirs them themselves then there
  therefore these they this those though through thus to too toward under until up upon us ve very via was we well were what when where
  whether which while who whom whose why will with within without would yet you your yours yourself yourselves
`;

const functionWordHashes = new Set(functionWords.trim().split(/\s+/).map(hashWord));

/** Words shorter than this have no parts that say more than the word. */
const LEAST_WITH_PARTS = 3;

const SEPARATOR = 1;
const WORD = 2;
/** A letter of a script that writes no spaces between words, or (Hangul) few. */
const UNSPACED = 3;

/** Class of each UTF-16 unit, 0 until it is first met. */
const classes = new Uint8Array(0x10000);

/** Counts the features of a text that has been normalised and put in lower case. */
export function addWords(text: string, table: FeatureTable): void {
  let previousWord = 0;
  let previousCharacter = 0;
  let i = 0;
  while (i < text.length) {
    const unit = text.charCodeAt(i);
    const kind = classOf(text, i, unit);
    const width = unit >= 0xd800 && unit < 0xdc00 ? 2 : 1;
    if (kind === WORD) {
      const start = i;
      const word = readWord(text, start);
      i = word.end;
      previousCharacter = 0;
      if (functionWordHashes.has(word.hash)) {
        table.add(word.hash, weights.functionWord);
        continue;
      }
      if (i - start >= LEAST_WITH_PARTS) table.add(word.stem, 1, start, i);
      else table.add(word.stem, 1);
      if (previousWord !== 0) table.add(pairHash(previousWord, word.stem), weights.wordPair);
      previousWord = word.stem;
      continue;
    }
    if (kind === UNSPACED) {
      const hash = fnv(FNV_START, text.codePointAt(i) as number);
      table.add(hash, weights.character);
      if (previousCharacter !== 0) table.add(pairHash(previousCharacter, hash), 1);
      previousCharacter = hash;
      previousWord = 0;
    } else {
      previousCharacter = 0;
    }
    i += width;
  }
}

/** The word that begins at `start`; `hash` is of all of it, `stem` of it without its ending. One object, written over each time. */
function readWord(text: string, start: number): typeof found {
  let hash = FNV_START;
  // The hashes of the word without its last one, two and three units, for the stem.
  let less1 = 0;
  let less2 = 0;
  let less3 = 0;
  let plain = true;
  let i = start;
  while (i < text.length) {
    const unit = text.charCodeAt(i);
    if (classOf(text, i, unit) !== WORD) break;
    plain &&= unit >= 0x61 && unit <= 0x7a;
    less3 = less2;
    less2 = less1;
    less1 = hash;
    hash = fnv(hash, unit);
    i++;
    if (unit >= 0xd800 && unit < 0xdc00) hash = fnv(hash, text.charCodeAt(i++));
  }
  found.end = i;
  found.hash = hash;
  found.stem = plain ? stemHash(text, start, i, hash, less1, less2, less3) : hash;
  return found;
}

const found = { end: 0, hash: 0, stem: 0 };

/**
 * Folds the English plural: -ies to -y, -sses to -ss, and -s but for -ss, -us and -is. D. Harman's "S stemmer" ("How Effective Is
 * Suffixing?", JASIS 1991), slightly changed; the parts of words do the rest.
 */
function stemHash(text: string, start: number, end: number, hash: number, less1: number, less2: number, less3: number): number {
  const length = end - start;
  if (length < 4 || text.charCodeAt(end - 1) !== S) return hash;
  const before = text.charCodeAt(end - 2);
  if (before === E) {
    const third = text.charCodeAt(end - 3);
    if (third === I && length > 4) return fnv(less3, Y);
    if (third === S && text.charCodeAt(end - 4) === S) return less2;
    return less1;
  }
  return before === S || before === U || before === I ? hash : less1;
}

const [E, I, S, U, Y] = [0x65, 0x69, 0x73, 0x75, 0x79];

function classOf(text: string, i: number, unit: number): number {
  const known = classes[unit] as number;
  if (known !== 0) return known;
  // A surrogate's class is that of its pair, so it is looked up each time; such letters are rare.
  if (unit >= 0xd800 && unit < 0xe000) return classify(String.fromCodePoint(text.codePointAt(i) as number));
  const kind = classify(String.fromCharCode(unit));
  classes[unit] = kind;
  return kind;
}

/** By script extensions, so that the Japanese vowel mark, which several scripts share, counts as theirs. */
const unspaced =
  /[\p{scx=Hani}\p{scx=Hira}\p{scx=Kana}\p{scx=Hang}\p{scx=Bopo}\p{scx=Thai}\p{scx=Laoo}\p{scx=Khmr}\p{scx=Mymr}\p{scx=Tibt}]/u;

function classify(character: string): number {
  if (!/[\p{L}\p{N}\p{M}]/u.test(character)) return SEPARATOR;
  return unspaced.test(character) ? UNSPACED : WORD;
}

function hashWord(word: string): number {
  let hash = FNV_START;
  for (let i = 0; i < word.length; i++) hash = fnv(hash, word.charCodeAt(i));
  return hash;
}
