import { findExpression } from './arithmetic.js';
import { synonyms, words } from './words.js';

/** What a piece of a text is, by its looks. */
export type Kind =
  | 'json'
  | 'quoted'
  | 'url'
  | 'email'
  | 'date'
  | 'zone'
  | 'path'
  | 'hash'
  | 'identifier'
  | 'expression'
  | 'number'
  | 'code'
  | 'name';

export interface Value {
  readonly kind: Kind;
  readonly value: unknown;
  readonly start: number;
  readonly end: number;
}

const MONTHS = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ');
const MONTH = String.raw`(${MONTHS.join('|')})[a-z]*\.?`;
const AGO = String.raw`(?:\d+|an?|two|three) (?:days?|weeks?|months?|years?) ago`;

/** Kinds found by a pattern, most telling first; what one takes the next does not see. */
const PATTERNS: readonly (readonly [Kind, RegExp])[] = [
  ['quoted', /"([^"\n]+)"|“([^”\n]+)”|`([^`\n]+)`|(?<![\w])'([^'\n]+)'(?!\w)/g],
  ['url', /\bhttps?:\/\/[^\s<>"']*[^\s<>"'.,;:!?)\]]/gi],
  ['email', /\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b/g],
  ['date', /\b\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?\b/g],
  [
    'date',
    new RegExp(
      String.raw`\b(?:${MONTH} \d{1,2}(?:st|nd|rd|th)?,? \d{4}|\d{1,2}(?:st|nd|rd|th)? (?:of )?${MONTH},? \d{4})\b`,
      'gi',
    ),
  ],
  ['date', new RegExp(String.raw`\b(?:today|tomorrow|yesterday|last (?:week|month|year)|${AGO})\b`, 'gi')],
  [
    'zone',
    /\b(?:Africa|America|Antarctica|Asia|Atlantic|Australia|Europe|Indian|Pacific|Etc)\/[A-Za-z_/+-]+\d*\b|\b(?:UTC|GMT)(?:[+-]\d{1,2}(?::\d{2})?)?\b/g,
  ],
  [
    'hash',
    /\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{7,40}\b|\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b|\bHEAD(?:[~^]\d*)*/g,
  ],
  ['path', /\$(?:\.\w+|\[[\d*]+\])+|\b[A-Za-z_]\w*(?:\.\w+)*\[[\d*]*\](?:\.\w+|\[[\d*]*\])*/g],
  [
    'path',
    /(?<![\w/])(?:\.{0,2}\/)?(?:[\w@.+-]+\/)+(?:[\w@.+-]*[\w@+-])?|(?<![\w/.])\.?[\w@+-]*[A-Za-z_][\w@+-]*(?:\.[\w+-]+)*\.[A-Za-z]\w{0,11}\b|(?<![\w.])\.[a-z][\w-]+(?:\.\w+)*/g,
  ],
  [
    'path',
    /\b(?:README|LICENSE|COPYING|NOTICE|CHANGELOG|CONTRIBUTING|CODEOWNERS|(?!profile)[A-Za-z][a-z]{2,}file)\b/g,
  ],
  // What stands where a file is named: after "the file", after a verb of change before "last", or in capitals.
  [
    'path',
    /(?<=\bfile (?:named |called )?)[A-Za-z][\w-]+|(?<=\b(?:touch|chang|edit|modifi|updat|alter)ed (?:the )?)(?:[a-z][\w-]+(?= last\b| most recently)|[A-Z]{3,}\b)/g,
  ],
  [
    'identifier',
    /\b[a-z]+(?:[A-Z][a-z\d]*)+\b(?:\(\))?|\b(?:[A-Z][a-z\d]+){2,}\b|\b\w+_\w+\b|\b[A-Z]{2,}-\d+\b|\b\w+\(\)|(?<=\s)#\d+\b/g,
  ],
];

/** Things that only look like a path. */
const NO_PATH =
  /^(and\/or|he\/she|his\/her|km\/h|i\.e|e\.g|w\/o|n\/a|24\/7|\d+\/\d+|a\.m|p\.m|vs\.|\.\w)$|^\d+\.\d+$/i;

/** Everything in a text that may be an argument, in the order of the text within a kind. */
export function findValues(text: string): Value[] {
  const found = findJson(text);
  let rest = found.reduce(blank, text);
  for (const [kind, pattern] of PATTERNS) {
    for (const match of rest.matchAll(pattern)) {
      const inner = match.slice(1).find((group) => group !== undefined);
      const value = kind === 'quoted' ? inner : kind === 'date' ? toDate(match[0]) : match[0];
      if (kind === 'path' && (NO_PATH.test(match[0]) || isPlainWord(match[0]))) continue;
      found.push({ kind, value, start: match.index, end: match.index + match[0].length });
      // A file may be named like anything: `build`, "my.file".
      if (kind === 'quoted' && /^(?:`[^\s`]+`|.[^\n]*(?:\/[^\n]*|\.\w+).)$/.test(match[0]))
        found.push({ kind: 'path', value, start: match.index, end: match.index + match[0].length });
    }
    rest = found.reduce(blank, rest);
  }
  found.push(...findNumbers(rest), ...findNames(rest));
  const expression = findExpression(rest);
  if (expression !== undefined) found.push({ kind: 'expression', value: expression, start: 0, end: 0 });
  return found.sort((a, b) => a.start - b.start);
}

/** A word that the planner knows, as in "the file was changed", is no name of a file. */
function isPlainWord(text: string): boolean {
  const [word, ...others] = words(text);
  return /^[a-z]+$/.test(text) && others.length === 0 && (word === undefined || synonyms(word).length > 0);
}

/** The text with what was taken blanked out, positions kept. */
export function blank(text: string, { start, end }: { start: number; end: number }): string {
  return text.slice(0, start) + ' '.repeat(end - start) + text.slice(end);
}

/** The longest piece that parses. */
function findJson(text: string): Value[] {
  let best: Value | undefined;
  for (const { index: start } of [...text.matchAll(/[[{]/g)].slice(0, 50)) {
    const ends = [...text.slice(start).matchAll(/[}\]]/g)].slice(-50).reverse();
    for (const end of ends.map(({ index }) => start + index + 1)) {
      if (best !== undefined && end - start <= best.end - best.start) break;
      try {
        best = { kind: 'json', value: JSON.parse(text.slice(start, end)) as unknown, start, end };
      } catch {
        // not from this bracket to that one
      }
    }
  }
  return best === undefined || /[\w\]]/.test(text[best.start - 1] ?? '') ? [] : [best];
}

const WORD_NUMBERS = 'one two three four five six seven eight nine ten eleven twelve'.split(' ');

function findNumbers(text: string): Value[] {
  const found: Value[] = [];
  const pattern = new RegExp(
    String.raw`(?<![\w.])-?[$€£]?(\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)|(?<=\b[a-z])(\d+)\b|\b(${WORD_NUMBERS.slice(1).join('|')})\b`,
    'gi',
  );
  for (const match of text.matchAll(pattern)) {
    const digits = (match[1] ?? match[2])?.replaceAll(',', '');
    const size =
      digits === undefined ? WORD_NUMBERS.indexOf((match[3] ?? '').toLowerCase()) + 1 : Number(digits);
    const value = match[0].startsWith('-') ? -size : size;
    found.push({ kind: 'number', value, start: match.index, end: match.index + match[0].length });
  }
  return found;
}

const QUESTION =
  /^(what|who|when|where|which|how|why|is|are|can|could|please|show|tell|give|find|the|i|a|an|and|do|does|in|on|for|hi|hello|thanks?)$/i;

/** Capitalised words that do not begin a sentence, and whatever follows `in` or `for` where a place or person stands. */
function findNames(text: string): Value[] {
  const found: Value[] = [];
  for (const match of text.matchAll(/\b[A-Z]{2,5}\b/g)) {
    found.push({ kind: 'code', value: match[0], start: match.index, end: match.index + match[0].length });
  }
  for (const match of text.matchAll(
    /(?<![.!?]\s{0,3})(?<=\S\s+)\p{Lu}[\p{L}'’-]+(?:\s+(?:de|la|van|von|of|del)?\s*\p{Lu}[\p{L}'’-]+)*/gu,
  )) {
    if (QUESTION.test(match[0])) continue;
    found.push({ kind: 'name', value: match[0], start: match.index, end: match.index + match[0].length });
  }
  return found;
}

function toDate(text: string): string {
  const days = daysFromNow(text.toLowerCase());
  if (days !== undefined) return new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
  const match = new RegExp(MONTH, 'i').exec(text);
  const year = /\b\d{4}\b/.exec(text)?.[0];
  const day = /\b\d{1,2}(?!\d)/.exec(text)?.[0];
  if (match === null || year === undefined || day === undefined) return text;
  const month = MONTHS.indexOf((match[1] ?? '').toLowerCase()) + 1;
  return `${year}-${String(month).padStart(2, '0')}-${day.padStart(2, '0')}`;
}

const DAYS: Readonly<Record<string, number>> = {
  today: 0,
  tomorrow: 1,
  yesterday: -1,
  day: 1,
  week: 7,
  month: 30,
  year: 365,
};

function daysFromNow(text: string): number | undefined {
  const ago = /^(\d+|an?|two|three|last) (day|week|month|year)/.exec(text);
  const count = ago === null ? 0 : Number(ago[1]) || WORD_NUMBERS.indexOf(ago[1] ?? '') + 1 || 1;
  return ago === null ? DAYS[text] : -count * (DAYS[ago[2] ?? ''] ?? 0);
}

/** A city or an IANA name as a time zone: `tokyo` is Asia/Tokyo. */
export function findZones(text: string): Value[] {
  const found: Value[] = [];
  for (const zone of Intl.supportedValuesOf('timeZone')) {
    const city = zone.slice(zone.lastIndexOf('/') + 1).replaceAll('_', ' ');
    const match = new RegExp(String.raw`\b(?<=in |at |for |to |from |and |, )${city}\b`, 'i').exec(text);
    if (match !== null)
      found.push({ kind: 'zone', value: zone, start: match.index, end: match.index + city.length });
  }
  return found.sort((a, b) => a.start - b.start);
}

/** What a text gives for a parameter; `sure` when it was surely meant for it. */
export interface Found {
  readonly value: unknown;
  readonly sure: boolean;
  readonly from?: Value;
}
