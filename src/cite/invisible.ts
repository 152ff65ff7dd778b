// Characters that a person does not see but a model reads: text hidden in a document can pose as structure or carry orders. They are
// left out of what is sent; the source itself is not touched, and `fold.ts` leaves out the same when a quote is looked up.

/**
 * Control characters, bidirectional overrides and isolates, zero-width spaces and joiners of words, tag characters, variation selectors
 * of the supplement, interlinear marks, and halves of surrogate pairs. What scripts and emoji need stays: zero-width joiner and
 * non-joiner, left-to-right and right-to-left marks, soft hyphens.
 */
export const invisible = String.raw`[\u0000-\u0008\u000e-\u001f\u007f-\u0084\u0086-\u009f\u061c\u180e\u200b\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e0fff}]|\p{Cs}`;

const anyInvisible = new RegExp(invisible, "gu");

/** Line and paragraph separators that are not `\n`: they could begin a line where none is seen. */
const lineBreaks = /\r\n?|[\u000b\u000c\u0085\u2028\u2029]/g;

/** The text without invisible characters, its line breaks all `\n`. */
export function withoutInvisible(text: string): string {
  return text.replace(anyInvisible, "").replace(lineBreaks, "\n");
}

/** The same on one line, for titles and the like, cut to `length` UTF-16 units. */
export function oneLine(text: string, length = 300): string {
  const line = withoutInvisible(text).replace(/\s+/g, " ").trim();
  return line.length > length ? `${withoutInvisible(line.slice(0, length - 1))}…` : line;
}
