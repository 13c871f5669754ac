const THEN = /^(?:and\s+)?(?:then|afterwards|after that|next(?=,))\b,?\s+/i;
/** Where a request surely ends: before "then", at "also", a refusal, an introduction, a sentence, a semicolon, a line. */
const BREAK = new RegExp(
  [
    /,?\s+(?:and\s+)?(?=(?:then|afterwards|after that)\b)|,?\s+and\s+also\s+|,?\s+also,?\s+(?=\w+\s)|,\s+plus\s+/,
    /(?:,?\s+(?:but|and)|,)\s+(?=(?:please\s+)?(?:do not|don['’]t|never|under no)\s)|,\s+(?=just\s)/,
    /(?<=\b(?:things|questions|tasks|following|requests|steps)):\s+|(?<=[?!])\s+(?!\s*[-+*/^]\s*\d)/,
    /(?<!\b(?:e\.g|i\.e|etc|vs|mr|mrs|ms|dr|no|approx|\d))\.(?:\s+|$)|\s*;\s*|\s+[a-z\d]\)\s+|\s*\n+\s*(?:[-*•]|\d+[.)])?\s*/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'i',
);
const LEAD =
  /^\s*(?:(?:hi|hey|hello|good (?:morning|evening|day))(?: there| all)?[,!]?(?:\s+|$))?(?:(?:and|also|first(?:ly)?|second(?:ly)?|third|finally|lastly|in addition|additionally|besides|moreover|plus|but|[-*•]|\d+[.)]|[a-z]\))[,:]?\s+)*/i;
const WEAK = /,?\s+(?:and|&|plus|as well as|along with|together with)\s+|,\s+|\s+-\s+/gi;
/** What is said only to rule it out. */
const EXCEPT = /,\s*not\s[^,.;?!]+|\s*\b(?:without|instead of|rather than)\s+\w+ing\b[^,.;?!]*/gi;
/** Quotes, code, brackets and JSON stay whole. */
const WHOLE =
  /"[^"]*"|“[^“”]*”|`[^`]*`|(?<!\w)'[^'\n]*'(?!\w)|\{(?<!\{[^{}]*\{).*\}|\[[^[\]]*\]|\([^()]*\)/gs;

/** Splits a request into parts that stand for themselves; `later` ones come after the part before them. */
export function split(request: string): { text: string; later: boolean }[] {
  const { plain, restore } = protect(request.replace(EXCEPT, ''));
  return plain.split(BREAK).flatMap((part) => {
    const bare = part.replace(LEAD, '');
    const text = restore(bare.replace(THEN, '').replace(LEAD, '')).trim();
    return /[\p{L}\d]/u.test(text) ? [{ text, later: THEN.test(bare) }] : [];
  });
}

/** Every way a part may be two. Whether it is, only the tools can say. */
export function splitWeakly(text: string): { left: string; right: string }[] {
  const { plain, restore } = protect(text);
  return [...plain.matchAll(WEAK)].map(({ 0: mark, index }) => ({
    left: restore(plain.slice(0, index)),
    right: restore(plain.slice(index + mark.length)),
  }));
}

/** Takes out of a text what stays whole, and puts it back. */
function protect(text: string): { plain: string; restore: (part: string) => string } {
  const kept: string[] = [];
  const plain = text.replace(WHOLE, (part) => `\uE000${kept.push(part) - 1}\uE001`);
  const restore = (part: string) =>
    part.replace(/\uE000(\d+)\uE001/g, (_, at: string) => kept[Number(at)] ?? '');
  return { plain, restore };
}
