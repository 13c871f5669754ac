import { LRUCache } from 'lru-cache';
import { findExpression } from '../../../../tools/builtin/calculator/english.js';
import { synonyms, words } from './words.js';

/** A piece of a text that may be an argument, and what it is by its looks. */
export interface Value {
  readonly kind: Kind;
  readonly value: unknown;
  readonly start: number;
  readonly end: number;
}
export type Kind = keyof typeof PATTERNS | 'json' | 'expression' | 'word';

const NUMBERS = 'two three four five six seven eight nine ten eleven twelve'.split(' ');
const MONTH = '(?:jan|feb|mar|apr|may|june?|july?|aug|sep|oct|nov|dec)[a-z]*\\.?';
const DAY = String.raw`\d{1,2}(?:st|nd|rd|th)?`;
const either = (...patterns: readonly (string | RegExp)[]) =>
  patterns.map((one) => (typeof one === 'string' ? one : one.source)).join('|');

/** What a value looks like, most telling first; what one kind takes the next does not see. */
const PATTERNS = {
  quoted: /"([^"\n]+)"|“([^”\n]+)”|`([^`\n]+)`|(?<!\w)'([^'\n]+)'(?!\w)/g,
  url: /\bhttps?:\/\/[^\s<>"']*[^\s<>"'.,;:!?)\]]/gi,
  email: /\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b/g,
  phone: /(?<!\w)\+\d[\d ()-]{5,}\d\b/g,
  date: new RegExp(
    either(
      /\b\d{4}-(?:0[1-9]|1[0-2])(?:-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?)?\b(?!\s*[-+*/]\s*\d)/,
      String.raw`\b(?:${MONTH} ${DAY}|${DAY} (?:of )?${MONTH}),? \d{4}\b`,
      /\b(?:today|tomorrow|yesterday|(?:\d+|an?|two|three) (?:day|week|month|year)s? ago|last (?:week|month|year))\b/,
    ),
    'gi',
  ),
  zone: /\b(?:Africa|America|Asia|Atlantic|Australia|Europe|Indian|Pacific|Etc)\/[\w/+-]+|\b(?:UTC|GMT)(?:[+-]\d{1,2})?\b/g,
  hash: /\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{7,40}\b|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\bHEAD(?:[~^]\d*)*/g,
  path: new RegExp(
    either(
      /\$(?:\.\w+|\[[\d*]+\])+|\b[A-Za-z_]\w*(?:\.\w+)*\[[\d*]*\](?:\.\w+|\[[\d*]*\])*/,
      /(?<![\w/])(?:\.{0,2}\/)?(?:[\w@.+-]+\/)+(?:[\w@.+-]*[\w@+-])?|(?<![\w/])\/[\w.-]+/,
      /(?<![\w/.])\.?[\w@+-]*[A-Za-z_][\w@+-]*(?:\.[\w+-]+)*\.[A-Za-z]\w{0,11}\b|(?<![\w.])\.[a-z][\w-]+(?:\.\w+)*/,
      // What stands where a file is named: well-known names, after "the file", after a verb of change before "last".
      /\b(?:README|LICENSE|NOTICE|CHANGELOG|(?!profile)[A-Za-z][a-z]{2,}file)\b|(?<=\bfile (?:named |called )?)[A-Za-z][\w-]+/,
      /(?<=\b(?:touch|chang|edit|modifi|updat)ed (?:the )?)(?:[a-z][\w-]+(?= last\b| most recently)|[A-Z]{3,}\b)/,
    ),
    'g',
  ),
  identifier:
    /\b[A-Z]{2,}-\d+\b|\b(?=[A-Z]*\d)(?=\d*[A-Z])[A-Z\d]{5,}\b|\b[a-z]+(?:[A-Z][a-z\d]*)+\b(?:\(\))?|\b(?:[A-Z][a-z\d]+){2,}\b|\b\w+_\w+\b|\b\w+\(\)|(?<!\S)#[\w-]+\b/g,
  number: new RegExp(
    String.raw`(?<![\w.])-?[$€£]?(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)|(?<=\b[a-z])\d+\b|\b(?:${NUMBERS.join('|')})\b`,
    'gi',
  ),
  code: /\b[A-Z]{2,5}\b/g,
  name: /(?<![.!?]\s{0,3})(?<=\S\s+)(?!(?:I|What|Who|Find|Show|Tell|Then|The|And|Is)\b)(?=\p{Lu}[\p{L}'’-]*\p{Ll})\p{Lu}[\p{L}'’-]+(?:\s+(?:de|la|van|von|of|del)?\s*\p{Lu}[\p{L}'’-]+)*/gu,
};
/** Things that only look like a path. */
const NO_PATH = /^(and\/or|he\/she|km\/h|[ie]\.[eg]|w\/o|n\/a|[ap]\.m|vs\.|\.\w)$|^[\d./]+$/i;

/** Everything in a text that may be an argument, in the order of the text. */
export function findValues(text: string): readonly Value[] {
  const known = seen.get(text) ?? readValues(text);
  seen.set(text, known);
  return known;
}
/** A plan reads the same texts many times; "today" is another day tomorrow. */
const seen = new LRUCache<string, readonly Value[]>({ max: 500, ttl: 10_000 });

function readValues(text: string): Value[] {
  const found = findJson(text);
  let rest = found.reduce(blank, text);
  for (const [kind, pattern] of Object.entries(PATTERNS) as [keyof typeof PATTERNS, RegExp][]) {
    if (kind === 'number') {
      const value = findExpression(rest);
      if (value !== undefined) found.push({ kind: 'expression', value, start: 0, end: 0 });
    }
    for (const match of rest.matchAll(pattern)) {
      const inner = match.slice(1).find((group) => group !== undefined) ?? match[0];
      if (kind === 'path' && (NO_PATH.test(inner) || isPlainWord(inner))) continue;
      const at = { start: match.index, end: match.index + match[0].length };
      found.push({ kind, value: READ[kind]?.(inner) ?? inner, ...at });
      // A file may be named like anything: `build`, "my.file".
      if (kind === 'quoted' && /^(?:`\S+`|.[^\n]*(?:\/[^\n]*|\.\w+).)$/.test(match[0]))
        found.push({ kind: 'path', value: inner, ...at });
    }
    if (kind !== 'code') rest = found.reduce(blank, rest);
  }
  return found.sort((a, b) => a.start - b.start);
}

/** The text with what was taken blanked out, positions kept. */
export function blank(text: string, { start, end }: { start: number; end: number }): string {
  return text.slice(0, start) + ' '.repeat(end - start) + text.slice(end);
}

/** A word that the planner knows, as in "the file was changed", is no name of a file. */
function isPlainWord(text: string): boolean {
  const [word, ...others] = words(text);
  return /^[a-z]+$/.test(text) && others.length === 0 && (word === undefined || synonyms(word).size > 1);
}

/** The first piece that parses, from a bracket to the last one of its kind. */
function findJson(text: string): Value[] {
  for (const { 0: open, index: start } of [...text.matchAll(/(?<![\w\]])[[{]/g)].slice(0, 20)) {
    for (let end = text.length; end > start; end = text.lastIndexOf(open === '{' ? '}' : ']', end - 2) + 1) {
      try {
        return [{ kind: 'json', value: JSON.parse(text.slice(start, end)) as unknown, start, end }];
      } catch {
        // not from this bracket to that one
      }
    }
  }
  return [];
}

const DAYS: Readonly<Record<string, number>> = { today: 0, tomorrow: 1, week: -7, month: -30, year: -365 };
const READ: Partial<Record<Kind, (text: string) => unknown>> = {
  number: (text) => {
    const word = NUMBERS.indexOf(text.toLowerCase());
    return word >= 0 ? word + 2 : Number(text.replace(/[,$€£]/g, ''));
  },
  date: (text) => {
    if (/^\d{4}-/.test(text)) return text;
    const named = Date.parse(`${text.replace(/(?<=\d)(st|nd|rd|th)|\bof /gi, '')} UTC`);
    const [, count = '', unit = text] = /^(\w+) (day|week|month|year)/i.exec(text) ?? [];
    const days = (DAYS[unit.toLowerCase()] ?? -1) * (Number(count) || NUMBERS.indexOf(count) + 2 || 1);
    return new Date(named || Date.now() + days * 86_400_000).toISOString().slice(0, 10);
  },
};

const ZONES = new Map(
  Intl.supportedValuesOf('timeZone').map((zone) => {
    const city = zone.slice(zone.lastIndexOf('/') + 1).replaceAll('_', ' ');
    return [city.toLowerCase(), zone];
  }),
);
const CITY = new RegExp(
  String.raw`\b(?<=(?:in|at|for|to|from|and|,) )(?:${[...ZONES.keys()].join('|')})\b`,
  'gi',
);

/** Cities as time zones: `tokyo` is Asia/Tokyo. */
export function findZones(text: string): Value[] {
  return [...text.matchAll(CITY)].map(({ 0: city, index: start }): Value => {
    return { kind: 'zone', value: ZONES.get(city.toLowerCase()), start, end: start + city.length };
  });
}

/** Kinds that a text holds only when they are meant. */
export const SURE = new Set<Kind>(
  'expression json url email phone zone path hash date code'.split(' ') as Kind[],
);

/** Are two values the same piece of a text, at least in part? */
export function overlap(one: Value, other: Value): boolean {
  return one.start < other.end && other.start < one.end;
}
