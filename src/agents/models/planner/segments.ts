/** A part of a request. `later` says that it comes after the part before it. */
export interface Segment {
  readonly text: string;
  readonly later: boolean;
}

/** An introduction: "two things: …". */
const INTRODUCTION = String.raw`(?<=\b(?:things|questions|tasks|following|requests|steps)):\s+`;
const THEN = String.raw`,?\s+(?:and\s+)?(?:then|afterwards|after that|next)\b,?\s+`;
const ALSO = String.raw`,?\s+and\s+also\s+|,?\s+also,?\s+(?=\w+\s)|,\s+plus\s+`;
/** Where a request surely ends: a sentence, a line, a semicolon, "and then", "also". */
const STRONG = new RegExp(
  String.raw`(${THEN})|${ALSO}|${INTRODUCTION}|[?!]+(?=\s|$)(?!\s*[-+*/^]\s*\d)|(?<!\b(?:e\.g|i\.e|etc|vs|mr|mrs|ms|dr|no|approx|\d))\.(?=\s|$)|\s*;\s*|\s+[a-z\d]\)\s+|\s*\n+\s*(?:[-*•]|\d+[.)])?\s*`,
  'gi',
);
const FIRST_THEN = /^\s*(?:and\s+)?(?:then|after that|afterwards|next)\b,?\s+/i;
const LEAD =
  /^\s*(?:and|also|first|firstly|second|secondly|third|finally|lastly|in addition|additionally|besides|moreover|plus|but|[-*•]|\d+[.)]|[a-z]\))(?:[,:]?\s+)/i;

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
  const push = (end: number) => {
    let part = text.slice(start, end).trim();
    const isNext = FIRST_THEN.test(part) && segments.length > 0;
    part = part.replace(FIRST_THEN, '');
    for (let bare = part.replace(LEAD, ''); bare !== part; bare = part.replace(LEAD, '')) part = bare;
    if (/[\p{L}\d]/u.test(part))
      segments.push({ text: part, later: (later || isNext) && segments.length > 0 });
  };
  for (const match of protect(text).matchAll(STRONG)) {
    const isMark = /^[?!]/.test(match[0]);
    push(match.index + (isMark ? match[0].length : 0));
    start = match.index + match[0].length;
    later = match[1] !== undefined;
  }
  push(text.length);
  return segments;
}

/** Every way a part may be two: "… and …", "…, …", never between the numbers of a list. Whether it is, only the tools can say. */
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
  let plain = text.replace(/"[^"]*"|“[^”]*”|`[^`]*`|(?<!\w)'[^'\n]*'(?!\w)/g, (quoted) =>
    '_'.repeat(quoted.length),
  );
  for (let before = ''; before !== plain;) {
    before = plain;
    plain = plain.replace(/\([^()]*\)|\[[^[\]]*\]|\{[^{}]*\}/g, (group) => '_'.repeat(group.length));
  }
  return plain;
}
