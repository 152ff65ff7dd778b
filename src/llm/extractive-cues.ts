// What kind of thing a question asks for, told by its first words, and what a sentence that gives it tends to hold. English only: a
// question in another language has no cue, and words alone decide.

interface Cue {
  question: RegExp;
  sentence: RegExp;
}

const number = String.raw`\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|fifty|hundred|thousand|million|billion|half|once|twice)\b`;

/** In order: the first whose `question` matches counts. */
const cues: readonly Cue[] = [
  {
    question: /\b(?:when|(?:what|which) (?:year|date|day|month|time|century))\b/i,
    sentence:
      /\b1\d{3}\b|\b20\d{2}\b|\b(?:january|february|march|april|may|june|july|august|september|october|november|december|monday|tuesday|wednesday|thursday|friday|saturday|sunday|century)\b/i,
  },
  {
    question:
      /\bhow (?:many|much|old|long|far|tall|big|large|high|deep|often|fast|wide|heavy)\b|\bwhat (?:number|percentage|percent|size|age)\b/i,
    sentence: new RegExp(number, "i"),
  },
  {
    question:
      /\bhow (?:is|are|was|were|do|does|did|to|can|should)\b.*\b(?:comput|calculat|determin|deriv|defin|set\b|measur|encod)/i,
    sentence:
      /[\w`}\])] ?[+*×÷/^] ?[\w`{([]|\b(?:set to|equals?|defined as|formula|computed|calculated|derived|sum of|product of)\b/i,
  },
  { question: /\bwho\b|\bwhose\b|\bwhom\b/i, sentence: /\p{L}[^.]*?\s\p{Lu}\p{Ll}+/u },
  {
    question: /\bwhere\b|\b(?:what|which) (?:country|city|state|place|town|county|continent)\b/i,
    sentence: /\b(?:in|at|near|on|from|between|of|to)\s+(?:the\s+)?(?:\p{Ll}+\s+){0,2}\p{Lu}\p{Ll}/u,
  },
  {
    question: /\bwhy\b|\bwhat (?:causes?|caused|reason)\b/i,
    sentence:
      /\b(?:because|due to|since|in order to|so that|therefore|caused?|reason|as a result|owing to|prevents?|allows?|avoids?)\b/i,
  },
  {
    question: /\bwhat (?:is|are|was|were|does)\b|\bmeaning\b|\bdefine\b/i,
    sentence: /\b(?:is|are|was|were) (?:an?|the|any|one)\b|\b(?:means?|refers? to|defined as|known as|called|stands for)\b/i,
  },
];

/** A test for sentences that may hold what the question asks for; `undefined` where the question does not tell. */
export function answerCue(question: string): RegExp | undefined {
  return cues.find((cue) => cue.question.test(question))?.sentence;
}
