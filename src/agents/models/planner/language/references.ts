import { findValues, findZones, type Value } from './values.js';

/** Words that point back to something. */
export const ANAPHOR =
  /(?<!\b(?:time|date|day) is )\b(it|its|that|this|them|those|these|there|same|(?:the|said) (?:file|result|number|commit|url|page|text|value|answer|one|sum|total|output|last))\b/i;
/** Words that point back to a result. */
export const RESULT =
  /\b(?:(?:that|this|its) (?:result|answer|sum|total|output|value|number|product)|the (?:result|answer|output)\b(?! of)|that commit|what you (?:find|found|get|got))\b/i;

/** What a call gave back: its text, and its data when the text is JSON. */
export interface Result {
  readonly text: string;
  readonly data: unknown;
}

/** Ways to read a later step once results are there: "multiply that by 2" is "multiply 434 by 2". */
export function wordings(text: string, results: readonly Result[]): string[] {
  const number = results.map(mainNumber).findLast((value) => value !== undefined);
  if (number === undefined) return [text];
  const to = /subtract/i.test(text) ? 'from' : 'to';
  return [
    text.replace(new RegExp(String.raw`${RESULT.source}|\b(?:it|that|this)\b`, 'i'), number),
    text.replace(
      /\b(multiply|divide|increase|decrease|reduce|square|double|halve)\b(?: it| that)?/i,
      `$1 ${number}`,
    ),
    text.replace(/\b(add|subtract)(?: it| that)? (\S+)/i, `$1 $2 ${to} ${number}`),
  ];
}

function mainNumber({ text, data }: Result): string | undefined {
  const fields = Object.entries(data ?? {}).sort(([a], [b]) => Number(MAIN.test(b)) - Number(MAIN.test(a)));
  const found = fields.find(([, value]) => /^-?\d+(\.\d+)?$/.test(String(value)))?.[1] as
    string | number | undefined;
  return (
    found?.toString() ?? (/= (-?\d+(?:\.\d+)?)/.exec(text) ?? /(-?\d+(?:\.\d+)?)(?!.*\d)/s.exec(text))?.[1]
  );
}
const MAIN = /^(result|value|answer|total|output)$/;

/** Values of a text that may be pointed back to. */
export function valuesOf(text: string): Value[] {
  return [...findValues(text), ...findZones(text)];
}

/** The text with the name of what "it" or "that file" points back to. */
export function spellOut(text: string, before: readonly Value[]): string {
  const meant = before.findLast(({ kind }) => NAMED.has(kind));
  if (meant === undefined || findValues(text).some(({ kind }) => kind === meant.kind)) return text;
  const name = typeof meant.value === 'string' ? meant.value : JSON.stringify(meant.value);
  return text.replace(/\b(?:it|(?:that|this|the same|the) (?:file|url|page|commit))\b/i, () => name);
}
const NAMED = new Set(['path', 'url', 'hash', 'identifier', 'quoted', 'json']);
