/** A part of a request. `later` says that it comes after the part before it. */
export interface Segment {
  readonly text: string;
  readonly later: boolean;
}

const THEN = String.raw`,?\s+(?:and\s+)?(?:then|afterwards|after that|next)\b,?\s+`;
/** Where a request surely ends: "and then", "also", an introduction, a sentence, a semicolon, a line. */
const STRONG = new RegExp(
  String.raw`(${THEN})|,?\s+and\s+also\s+|,?\s+also,?\s+(?=\w+\s)|,\s+plus\s+|(?<=\b(?:things|questions|tasks|following|requests|steps)):\s+|[?!]+(?=\s|$)(?!\s*[-+*/^]\s*\d)|(?<!\b(?:e\.g|i\.e|etc|vs|mr|mrs|ms|dr|no|approx|\d))\.(?=\s|$)|\s*;\s*|\s+[a-z\d]\)\s+|\s*\n+\s*(?:[-*•]|\d+[.)])?\s*`,
  'gi',
);
const FIRST_THEN = /^\s*(?:and\s+)?(?:then|after that|afterwards|next)\b,?\s+/i;
const LEAD =
  /^\s*(?:(?:and|also|first(?:ly)?|second(?:ly)?|third|finally|lastly|in addition|additionally|besides|moreover|plus|but|[-*•]|\d+[.)]|[a-z]\))[,:]?\s+)+/i;
const WEAK = /,?\s+(?:and|&|plus|as well as|along with|together with)\s+|,\s+|\s+-\s+/gi;
/** "For that file, …": belongs to what follows. */
const CONTEXT = /^\s*(?:for|in|of|on|about|regarding|concerning)\s[^,]*$/i;
/** The rest of "3, 4 and 5". */
const LISTED = /^\d[\d.,]*(?:,|\s+(?:and|&)\b|\s*$)/i;

/** Splits a request into parts that stand for themselves; never inside quotes, brackets or JSON. */
export function split(text: string): Segment[] {
  const segments: Segment[] = [];
  let start = 0;
  let later = false;
  for (const match of [...protect(text).matchAll(STRONG), undefined]) {
    const mark = match?.[0] ?? '';
    const part = text.slice(
      start,
      match === undefined ? undefined : match.index + (/^[?!]/.test(mark) ? mark.length : 0),
    );
    const isNext = later || FIRST_THEN.test(part);
    const bare = part.replace(FIRST_THEN, '').replace(LEAD, '').trim();
    if (/[\p{L}\d]/u.test(bare)) segments.push({ text: bare, later: isNext && segments.length > 0 });
    start = (match?.index ?? 0) + mark.length;
    later = match?.[1] !== undefined;
  }
  return segments;
}

/** Every way a part may be two: "… and …", never between the numbers of a list. Whether it is, only the tools can say. */
export function splitWeakly(text: string): { left: string; right: string }[] {
  return [...protect(text).matchAll(WEAK)]
    .map(({ 0: mark, index }) => ({
      mark,
      left: text.slice(0, index),
      right: text.slice(index + mark.length),
    }))
    .filter(({ mark, left }) => !mark.startsWith(',') || !CONTEXT.test(left))
    .filter(({ left, right }) => !/\d$/.test(left) || !LISTED.test(right));
}

/** The text with quotes, code and brackets blanked out, positions kept. */
function protect(text: string): string {
  const hide = (part: string) => '_'.repeat(part.length);
  const plain = text.replace(/"[^"]*"|“[^”]*”|`[^`]*`|(?<!\w)'[^'\n]*'(?!\w)/g, hide);
  const once = (part: string) => part.replace(/\([^()]*\)|\[[^[\]]*\]|\{[^{}]*\}/g, hide);
  return once(once(once(plain)));
}
