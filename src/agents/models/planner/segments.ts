import { any } from './values.js';

/** Where a request surely ends: before "then", at "also", a refusal, an introduction, a sentence, a semicolon, a line. */
const BREAK = any(
  'gi',
  /,?\s+(?:and\s+)?(?=(?:then|afterwards|after that)\b)|,?\s+and\s+also\s+|,?\s+also,?\s+(?=\w+\s)|,\s+plus\s+/,
  /(?:,?\s+(?:but|and)|,)\s+(?=(?:please\s+)?(?:do not|don['’]t|never|under no|just)\s)/,
  /(?<=\b(?:things|questions|tasks|following|requests|steps)):\s+|(?<=[?!])\s+(?!\s*[-+*/^]\s*\d)/,
  /(?<!\b(?:e\.g|i\.e|etc|vs|mr|mrs|ms|dr|no|approx|\d))\.(?:\s+|$)|\s*;\s*|\s+[a-z\d]\)\s+|\s*\n+\s*/,
);
const WEAK = /,?\s+(?:and|&|plus|as well as|along with|together with)\s+|,\s+|\s+-\s+/gi;
/** What a part may begin with. */
const LEAD =
  /^\s*(?:(?:hi|hey|hello|good (?:morning|evening|day)|there|all|and|also|first(?:ly)?|second(?:ly)?|third|finally|lastly|in addition|besides|plus|but|then|afterwards|after that|next(?=,)|[-*•]|\d+[.)]|[a-z]\))[,:!]?(?:\s+|$))*/i;
/** What is said only to rule it out, or to end the talk. */
const EXCEPT =
  /,\s*not\s[^,.;?!]+|\s*\b(?:without|instead of|rather than)\s+\w+ing\b[^,.;?!]*|(?:^|[,.!]\s*)that(?:['’]s| is| was| will be) (?:all|it|everything)(?: for \w+)?[.!]*$/gi;
/** Quotes, code, brackets and JSON stay whole. */
const WHOLE =
  /"[^"]*"|“[^“”]*”|`[^`]*`|(?<!\w)'[^'\n]*'(?!\w)|\{(?<!\{[^{}]*\{).*\}|\[[^[\]]*\]|\([^()]*\)/gs;

/** Splits a request into parts that stand for themselves; `later` ones come after the part before them. */
export function split(request: string): { text: string; later: boolean }[] {
  const text = request.replace(EXCEPT, '');
  const marks = marksIn(text, BREAK);
  return [...marks, { start: text.length, end: 0 }].flatMap(({ start }, at) => {
    const part = text.slice(marks[at - 1]?.end ?? 0, start);
    const [lead = ''] = LEAD.exec(part) ?? [];
    const bare = part.slice(lead.length).trim();
    return /[\p{L}\d]/u.test(bare) ? [{ text: bare, later: /then|after|next/i.test(lead) }] : [];
  });
}

/** Every way a part may be two. Whether it is, only the tools can say. */
export function splitWeakly(text: string): { left: string; right: string }[] {
  return marksIn(text, WEAK).map(({ start, end }) => ({
    left: text.slice(0, start),
    right: text.slice(end),
  }));
}

function marksIn(text: string, mark: RegExp): { start: number; end: number }[] {
  const plain = text.replace(WHOLE, (part) => '_'.repeat(part.length));
  return [...plain.matchAll(mark)].map(({ 0: found, index }) => ({
    start: index,
    end: index + found.length,
  }));
}
