// Words, their stems, and which of them carry meaning: what claims, questions and sentences are compared by.

export interface Word {
  /** Lower case, compatibility forms folded (NFKC). */
  word: string;
  /** Reduced by `stem`. */
  stem: string;
  /** UTF-16 units of the text. */
  start: number;
  end: number;
}

/** Letters and digits that hang together; one character at a time in scripts that write no spaces between words. */
const pattern =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]|(?:(?![\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}])[\p{L}\p{N}\p{M}_])+/gu;

/** The words of a text, in order. */
export function words(text: string): Word[] {
  const found: Word[] = [];
  for (const match of text.matchAll(pattern)) {
    const word = match[0].normalize("NFKC").toLowerCase();
    found.push({ word, stem: stem(word), start: match.index, end: match.index + match[0].length });
  }
  return found;
}

/** The stems of the words that carry meaning, each once; all of them when none does. */
export function contentStems(text: string): Set<string> {
  const all = words(text);
  const content = all.filter(({ word }) => !isStopWord(word));
  return new Set((content.length > 0 ? content : all).map((word) => word.stem));
}

/**
 * A light stem of an English word: plural, -ed, -ing, -ly, -ion, -er, -tor and a final e go, where enough of the word remains, and irregular forms
 * become their verb. "computes", "computed", "computing" and "computer" meet in "comput", "won" and "winner" in "win". Words with digits or of
 * other scripts stay as they are.
 */
export function stem(word: string): string {
  if (word.length < 3 || !/^[a-z]+$/.test(word)) return word;
  let s = irregular.get(word) ?? word;
  if (s.length < 4) return s;
  if (s.endsWith("ies") && s.length > 4) s = `${s.slice(0, -3)}y`;
  else if (/(ss|sh|ch|x|z)es$/.test(s)) s = s.slice(0, -2);
  else if (/[^suia]s$/.test(s) || s.endsWith("as")) s = s.slice(0, -1);
  const cut = /^(.*[aeiouy].*?)(ation|ing|edly|ed|ly|ion|er|(?<=t)or)$/.exec(s);
  const rest = cut?.[1];
  if (rest !== undefined && rest.length >= (/ion$|r$/.test(cut?.[2] ?? "") ? 4 : 3)) s = rest.replace(/([bdgmnprt])\1$/, "$1");
  if (s.length > 3 && s.endsWith("e")) s = s.slice(0, -1);
  return s.length > 3 && s.endsWith("y") ? `${s.slice(0, -1)}i` : s;
}

/** Forms that no ending tells, with the verb they are of. */
const irregular = new Map(
  `become became; begin began begun; bite bit bitten; blow blew blown; break broke broken; bring brought; build built; buy bought;
  catch caught; choose chose chosen; come came; draw drew drawn; drink drank drunk; drive drove driven; eat ate eaten; fall fell fallen;
  feed fed; fight fought; find found; fly flew flown; forget forgot forgotten; get got gotten; give gave given; go went gone; grow grew grown;
  hang hung; hear heard; hide hid hidden; hold held; keep kept; know knew known; lay laid; lead led; leave left; lend lent; lose lost;
  make made; meet met; pay paid; ride rode ridden; ring rang rung; rise rose risen; run ran; say said; see saw seen; seek sought; sell sold;
  send sent; shoot shot; sing sang sung; sink sank sunk; sit sat; sleep slept; speak spoke spoken; spend spent; stand stood; steal stole
  stolen; strike struck; swim swam swum; take took taken; teach taught; tell told; think thought; throw threw thrown; understand understood;
  wake woke woken; wear wore worn; win won; write wrote written; man men; woman women; child children; foot feet; person people`
    .split(";")
    .flatMap((line) => {
      const [base, ...forms] = line.trim().split(/\s+/) as [string, ...string[]];
      return forms.map((form) => [form, base] as const);
    }),
);

const stopWords = new Set(
  `a about after again all also am an and any are as at be because been before being between both but by can could did do does doing done
  each few for from further had has have having he her here hers him his how i if in into is it its itself just many may me might more
  most much must my no nor not now of off on once only or other our ours out over own s same shall she should so some such t than that
  the their theirs them then there these they this those through to too under until up us very was we were what when where which while
  who whom whose why will with would you your yours`.split(/\s+/),
);

/** Whether a word in lower case is one of the English function words that match everywhere. */
export function isStopWord(word: string): boolean {
  return stopWords.has(word);
}
