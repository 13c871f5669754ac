import { findExpression, NUMBER_WORDS, readNumber } from '../../../tools/builtin/calculator/english.js';

/** A piece of a text that may be an argument, and what it is by its looks. */
export type Value = {
  readonly kind: string;
  readonly value: unknown;
  readonly start: number;
  readonly end: number;
};

/** Longer texts are not looked through for names and numbers, so that planning stays quick. */
export const MAX_TEXT = 1000;
export const MAX_VALUES = 40;
const DAYS = 'sunday monday tuesday wednesday thursday friday saturday'.split(' ');
const MONTH = String.raw`(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|(?<!(?:I|we|you|they|it) )may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?`;
const DAY = String.raw`\d{1,2}(?:st|nd|rd|th)?`;
/** One pattern of several. */
export const any = (flags: string, ...patterns: readonly (RegExp | string)[]) =>
  new RegExp(patterns.map((one) => (typeof one === 'string' ? one : one.source)).join('|'), flags);

/** What a value looks like, most telling first; what one kind takes the next does not see. */
const PATTERNS = {
  json: /(?<![\w\]])[{[].*[}\]]/gs,
  quoted: /"([^"\n]+)"|“([^“”\n]+)”|`([^`\n]+)`|(?<!\w)'([^'\n]+)'(?!\w)/g,
  url: /\bhttps?:\/\/[^\s<>"']*[^\s<>"'.,;:!?)\]]/gi,
  email: /\b[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}\b/g,
  phone: /(?<!\w)\+\d[\d ()-]{5,}\d\b/g,
  date: any(
    'gi',
    /\b\d{4}-(?:0[1-9]|1[0-2])(?:-\d{2}(?:T[\d:.]+(?:Z|[+-]\d{2}:?\d{2})?)?)?\b(?!\s*[-+*/]\s*\d)/,
    `\\b(?:${MONTH} ${DAY}|${DAY} (?:of )?${MONTH})(?:,? \\d{4})?\\b`,
    `\\b(?:today|(?:the )?day after tomorrow|tonight|tomorrow|yesterday|(?:next |this )?(?:${DAYS.join('|')}))\\b`,
  ),
  time: /\b(?:[01]?\d|2[0-3])(?::[0-5]\d(?: ?[ap]m)?| ?[ap]m)\b/gi,
  zone: /\b[A-Z][a-z]+\/[A-Z]\w+\b|\b(?:UTC|GMT)(?:[+-]\d{1,2})?\b/g,
  hash: /\b(?=[\da-f]*\d)(?=\d*[a-f])[\da-f]{7,40}\b|\b[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}\b|\bHEAD(?:[~^]\d*)*/g,
  path: any(
    'g',
    /\$(?:\.\w+|\[[\d*]+\])+|\b[A-Za-z_]\w*(?:\.\w+)*\[[\d*]*\](?:\.\w+|\[[\d*]*\])*/,
    /(?<![\w@.+*/-])(?:\.{0,2}\/)?(?!\d+\/\d+|and\/|he\/|km\/)(?:[\w@.+*-]+\/)+(?:[\w@.+*-]*[\w@+*-])?|(?<![\w/])\/[\w.-]+|\*+\.\w+/,
    /(?<![\w/.@+-])(?![ie]\.[eg]\b)\.?(?=[\d@+-]*[A-Za-z_])[\w@+-]+(?:\.[\w+-]+)*\.[A-Za-z]\w{0,11}\b|(?<![\w.])\.[a-z][\w-]+(?:\.\w+)*/,
    /\b(?:README|LICENSE|CHANGELOG|VERSION|(?!profile)[A-Za-z][a-z]{2,}file)\b|(?<=\b[Tt]he file )(?!that\b|was\b|which\b|\w+ed\b)[A-Za-z][\w-]+/,
  ),
  identifier: any(
    'g',
    /\b[A-Z]{1,20}(?:-[A-Z\d]{1,20}){0,3}-\d{1,20}\b|\b[a-z]{1,30}-(?:[a-z]{1,30}-){0,3}(?=\w{0,30}\d)\w{1,60}\b|\b(?=[A-Z]*\d)(?=\d*[A-Z])[A-Z\d]{4,}\b|(?<!\S)[#@](?!\d)[\w-]+\b/,
    /(?<![\w.,-])(?:\d{1,3}[A-Zabcef]|[A-Z]\d{1,3}|\d{2,}-0\d+|\d{5,}-\d{3,})\b(?![-+*/^.]\w)/,
    /\b[a-z]+(?:[A-Z][a-z\d]*)+\b(?:\(\))?|\b(?:[A-Z][a-z\d]+){2,}\b|\b\w+_\w+\b|\b\w+\(\)/,
  ),
  number: any(
    'gi',
    /(?<![\w.])-?[$€£]?(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)(?:k\b)?|(?<=\b[a-z])\d+\b/,
    `(?!one\\b(?! (?!of|with|that|who|in|to|is|for)\\w))${NUMBER_WORDS}`,
  ),
  code: /\b[A-Z]{2,5}\b/g,
  name: /(?<![.!?]\s{0,3})(?<=\S\s+)(?!(?:I|What|Who|Find|Show|Tell|Then|The|And|Is)\b)(?=\p{Lu}[\p{L}'’-]*\p{Ll})(?:(?:Dr|Mrs?|Ms|Prof)\.\s+)?\p{Lu}[\p{L}'’-]+(?:\s+(?:(?:de|du|la|van|von|of|del|der)\s+)?\p{Lu}[\p{L}'’-]*)*/gu,
};

const READ: Readonly<Record<string, (text: string) => unknown>> = {
  json: (text) => {
    try {
      return JSON.parse(text) as unknown;
    } catch {
      return undefined;
    }
  },
  number: (text) =>
    /^[a-z]{2}/i.test(text)
      ? readNumber(text)
      : Number(text.replace(/[,$€£k]/gi, '')) * (/k$/i.test(text) ? 1000 : 1),
  // As HH:MM.
  time: (text) => {
    const [, hour, minute = '00', half = ''] = /(\d+)(?::(\d+))? ?([ap]m)?/i.exec(text) ?? [];
    const hours = half ? (Number(hour) % 12) + (/p/i.test(half) ? 12 : 0) : hour;
    return `${String(hours).padStart(2, '0')}:${minute}`;
  },
  // As YYYY-MM-DD; "Friday" is the next one.
  date: (text) => {
    if (/^\d{4}-/.test(text)) return text;
    const weekday = DAYS.findIndex((day) => text.toLowerCase().endsWith(day));
    const near = /yesterday/i.test(text) ? -1 : /day after/i.test(text) ? 2 : /tomorrow/i.test(text) ? 1 : 0;
    const days = weekday < 0 ? near : ((weekday - new Date().getUTCDay() + 6) % 7) + 1;
    const today = new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
    const said = text.replace(/(?<=\d)(st|nd|rd|th)|\bof |[.,]/gi, '');
    if (!/\d/.test(said)) return today;
    // Without a year it is the next such day.
    const years = /\d{4}$/.test(said) ? [''] : [0, 1].map((more) => String(Number(today.slice(0, 4)) + more));
    const named = years.map((year) => new Date(Date.parse(`${said} ${year} UTC`) || Date.now()));
    const all = named.map((day) => day.toISOString().slice(0, 10));
    return all.find((day) => day >= today) ?? all[0];
  },
};

/** Everything in a text that may be an argument, in the order of the text. */
export function findValues(text: string): Value[] {
  const found: Value[] = [];
  let rest = text;
  for (const [kind, pattern] of Object.entries(PATTERNS)) {
    const sum = kind === 'number' ? findExpression(rest) : undefined;
    if (sum !== undefined) found.push({ kind: 'expression', value: sum, start: 0, end: 0 });
    // Without what closes it nothing is searched, and no more is taken than a request may mean.
    const last = kind === 'json' ? Math.max(rest.lastIndexOf('}'), rest.lastIndexOf(']')) : rest.length;
    for (const match of rest.slice(0, last + 1).matchAll(pattern)) {
      if (found.length >= MAX_VALUES) break;
      const inner = match.slice(1).find((group) => group !== undefined) ?? match[0];
      const at = { start: match.index, end: match.index + match[0].length };
      const value = READ[kind] === undefined ? inner : READ[kind](inner);
      if (value !== undefined) found.push({ kind, value, ...at });
      // A file may be named like anything: `build`, "my.file".
      if (kind === 'quoted' && /^`\S+`$|[/.]\w/.test(match[0]))
        found.push({ kind: 'path', value: inner, ...at });
    }
    if (kind !== 'code') rest = found.reduce(blank, rest);
    if (kind === 'quoted') rest = rest.slice(0, MAX_TEXT);
  }
  return found.sort((a, b) => a.start - b.start);
}

/** The text with what was taken blanked out, positions kept. */
export function blank(text: string, { start, end }: Value): string {
  return text.slice(0, start) + ' '.repeat(end - start) + text.slice(end);
}

const ZONES = new Map(
  Intl.supportedValuesOf('timeZone').map((zone) => [zone.replace(/.*\//, '').replaceAll('_', ' '), zone]),
);
/** The time zone of a city. */
export function zoneOf(city: unknown): string | undefined {
  return ZONES.get(String(city).replace(/\b[a-z]/g, (letter) => letter.toUpperCase()));
}

/** What a text names, as it stands there; the fields of JSON also by their names. The likeliest comes last. */
export function namedIn(text: string): string[] {
  const fields = [...text.matchAll(/"(\w+)":\s*("(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?)/g)];
  const named = fields.flatMap(([, name = '', value = '']) => [`${name} ${value}`, value]);
  const values = findValues(text).map(({ start, end }) => text.slice(start, end));
  return (named.length > 0 ? named.reverse() : values).filter(Boolean);
}
