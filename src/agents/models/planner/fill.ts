import { linearRegExp } from '../../../tools/schema/linear-regexp.js';
import { type Parameter, type Profile } from './tools.js';
import { blank, MAX_TEXT, MAX_VALUES, type Value, zoneOf } from './values.js';
import { GENERIC, isForm, synonyms, words } from './words.js';

/** Where arguments may come from: a part of the request, what was said before it, fields of earlier results. */
export type Source = {
  text: string;
  values: readonly Value[];
  before: readonly Value[];
  fields?: Map<string, unknown>;
};
/** A value that a parameter might get; one that was only pointed back to has no `from`. */
type Offer = { parameter: Parameter; value: unknown; points: number; from?: Value };
export type Filled = ReturnType<typeof fill>;

/** Words that point back to something. */
export const ANAPHOR =
  /(?<!\b(?:time|date|day) is )\b(it|its|that|this|them|those|these|there|same|(?:the|said) (?:file|result|number|commit|url|page|text|value|answer|one|sum|total|output|last))\b/i;
/** Kinds that a text holds only when they are meant. */
const SURE = /expression|json|url|email|phone|zone|path|hash|date|time|code/;
const SECONDS: Readonly<Record<string, number>> = {
  second: 1,
  minut: 60,
  hour: 3600,
  day: 86_400,
  week: 604_800,
};

/** Fills the parameters of a tool, only from what was said: the surest offer first. */
export function fill({ parameters, terms }: Profile, source: Source) {
  const values = [...source.values, ...phrases(source, terms)];
  const given = new Map<Parameter, Offer>();
  const offers = parameters.flatMap((parameter) => offersFor(parameter, { ...source, values }));
  const overlap = (one: Value, other?: Value) => other && one.start < other.end && other.start < one.end;
  for (const offer of offers.sort((a, b) => b.points - a.points)) {
    const { parameter, points, from } = offer;
    const isTaken = from && [...given.values()].some((other) => overlap(from, other.from));
    // A search without any required argument takes what looks like a name, rather than nothing.
    const isOnly = given.size === 0 && !parameters.some(({ required }) => required) && from?.kind === 'name';
    const least = isOnly ? 0.3 : parameter.required ? 0.5 : 2;
    if (points >= least && !given.has(parameter) && !isTaken)
      given.set(parameter, prolonged(offer, values, source.text));
  }
  const used = [...given.values()].flatMap(({ from }) => from ?? []);
  const args: Record<string, unknown> = {};
  let several: { name: string; values: unknown[] } | undefined;
  let evidence = 0;
  for (const { parameter, value, points, from } of given.values()) {
    const { name, type, required, kinds } = parameter;
    const free = values.filter((one) => one === from || !used.includes(one));
    const list = from === undefined ? [value] : listFrom(from, free, source.text);
    if (list.length > 1 && type !== 'array') several ??= { name, values: list };
    const [last = name, ...above] = name.split('.').reverse();
    const place = above.reduceRight((at, part) => (at[part] ??= {}) as typeof args, args);
    place[last] = type === 'array' && !Array.isArray(value) ? list : value;
    // Most for what is required and looks like nothing else.
    const isTelling =
      from !== undefined && from.kind === kinds[0] && /expr|json|url|phone|hash|identifier/.test(from.kind);
    const weight = required ? 2.5 : parameter === parameters[0] ? 1.5 : 1;
    evidence += (points >= 2 ? 1 : points > 0.5 ? 0.3 : 0) * weight + (isTelling ? 1 : 0);
  }
  const missing = parameters.filter((parameter) => parameter.required && !given.has(parameter));
  const special = source.values.filter(({ kind }) => /date|quoted|hash|email|url|identifier/.test(kind));
  const unused = special.filter((value) => !used.some((own) => overlap(own, value))).length;
  return { args, missing, used, evidence, unused, several: missing.length === 0 ? several : undefined };
}

/** What is searched for goes on over the names that follow: "hiking trails in Slovenia". */
function prolonged(offer: Offer, values: readonly Value[], text: string): Offer {
  const { parameter, from } = offer;
  const end = Math.max(...values.map((value) => value.end));
  const isFree =
    from?.kind === 'words' && values.every((one) => one.start <= from.start || /name|words/.test(one.kind));
  if (!isFree || end <= from.end || !/^(?:q|query|search|keywords?|topic|text)$/i.test(parameter.name))
    return offer;
  return { ...offer, value: text.slice(from.start, end), from: { ...from, end } };
}

/** Runs of words that neither the tool nor the language knows: they can only be an argument. */
function phrases({ text, values }: Source, terms: Profile['terms']): Value[] {
  const found: Value[] = [];
  let isFirst = true;
  for (const { 0: word, index: start } of values
    .reduce(blank, text.slice(0, MAX_TEXT))
    .matchAll(/[\p{L}\p{N}][\p{L}\p{N}'’_-]*/gu)) {
    const stems = words(word);
    if (stems.length === 0 && !/\d/.test(word)) continue;
    const isVerb = isFirst && stems.some((stem) => synonyms(stem).size > 1);
    isFirst = false;
    if (isVerb || (stems.length > 0 && stems.every((stem) => terms.has(stem) || GENERIC.has(stem)))) continue;
    const last = found.at(-1);
    const isNext = last !== undefined && /^\s(?:(?:of|the|a|an|my)\s)*$/.test(text.slice(last.end, start));
    const from = isNext ? (found.pop()?.start ?? start) : start;
    const end = start + word.length;
    found.push({ kind: 'words', value: text.slice(from, end), start: from, end });
  }
  return found.slice(0, MAX_VALUES);
}

/** The values of one kind that stand in a list from this one on: "Paris and London", "d6, d8 and d20". */
function listFrom(from: Value, values: readonly Value[], text: string): unknown[] {
  const joint =
    /^\s*(?:,|,?\s*(?:and|or)|&|vs\.?|versus)\s+(?:an?\s+|the\s+|in\s+|wh\w+ (?:is|are) )?[a-z]?$/i;
  let last = from;
  const rest = values.filter((next) => {
    const isNext =
      next.kind === last.kind && next.start > last.end && joint.test(text.slice(last.end, next.start));
    if (isNext) last = next;
    return isNext;
  });
  return [from, ...rest].map(({ value }) => value);
}

function offersFor(parameter: Parameter, { text, values, before, fields }: Source): Offer[] {
  const { type, required, choices, kinds, name, vague, label } = parameter;
  const isText = type === 'string' || type === 'array';
  const chosen = choices
    ? said(choices, text, required)[0]
    : type === 'boolean'
      ? isOn(parameter, text)
      : undefined;
  if (choices || chosen !== undefined)
    return chosen === undefined ? [] : [{ parameter, value: chosen, points: 5 }];
  if (type === 'array') {
    const items = parameter.schema.items as { type?: string; enum?: readonly unknown[] } | undefined;
    const isNumeric = /number|integer/.test(items?.type ?? '');
    const group = values.filter(({ kind }) => (isNumeric ? kind === 'number' : !vague && kind === kinds[0]));
    const list = items?.enum ? said(items.enum, text, false) : group.map(({ value }) => value);
    const from = group[0] && { ...group[0], end: group.at(-1)?.end ?? 0 };
    if (list.length > 0) return [{ parameter, value: list, points: isNumeric ? 1.5 : 2.2, from }];
  }
  // "owner: Ada Lovelace", "saying …" and, for a text, all that follows a colon.
  const tail = /(?:\b(?:saying|that says|to say|that reads)\s+|(?<=\S):\s+)(.+)$/is;
  const isLong =
    kinds[0] === 'quoted' && /text|content|body|message|notes?|comment|query|input|^s$/i.test(name);
  const labelled = [...(isText ? [label] : []), ...(isLong ? [tail] : [])].flatMap((pattern): Value[] => {
    const match = pattern.exec(text);
    const value = match?.[1]?.trim().replace(/[".?!]+$/, '') ?? '';
    const start = text.indexOf(value, match?.index);
    return value === '' ? [] : [{ kind: 'said', value, start, end: start + value.length }];
  });
  const offers = [...values, ...labelled].map((from): Offer => {
    const written = from.kind === 'number' ? text.slice(from.start, from.end) : JSON.stringify(from.value);
    const value = isText && typeof from.value !== 'string' ? written : inUnit(parameter, from, text);
    return { parameter, value, points: affinity(parameter, from, text), from };
  });
  // What was found or said before, when this part points back to it.
  const plain = (key: string) => key.toLowerCase().replace(/[^a-z]/g, '');
  const field = required
    ? [...(fields ?? [])].find(([key]) => plain(name).endsWith(plain(key)))?.[1]
    : undefined;
  const isKind = (kind: string) =>
    kinds.includes(kind) && kind !== 'expression' && (required || (SURE.test(kind) && !vague));
  const isWanted = ({ kind, value }: Value) =>
    (isText ? isKind(kind) : kind === 'number') && allows(parameter, value);
  const isBack = ANAPHOR.test(text) && (required || !values.some(isWanted));
  const recalled = field ?? (isBack ? before.findLast(isWanted)?.value : undefined);
  return recalled === undefined
    ? offers
    : [...offers, { parameter, value: recalled, points: required ? 0.5 : 2 }];
}

/** The options that a text names; loosely when one has to be meant. */
function said(options: readonly unknown[], text: string, isLoose: boolean): unknown[] {
  const plain = (value: unknown) =>
    ` ${String(value)
      .replace(/[^\p{L}\d]+/gu, ' ')
      .toLowerCase()} `;
  const place = (one: unknown) => plain(text).lastIndexOf(plain(one));
  const exact = options.filter((one) => place(one) >= 0).sort((a, b) => place(b) - place(a));
  const own = words(text.slice(0, MAX_TEXT));
  const isSaid = (stem: string) => own.some((word) => word === stem || (isLoose && isForm(word, stem)));
  const stems = (one: unknown) => words(String(one));
  return exact.length > 0
    ? exact
    : options.filter((one) => stems(one).length > 0 && stems(one).every(isSaid));
}

/** Yes or no, by "on" and "off" or by the name of the parameter with or without "no". */
function isOn({ name, description, stems }: Parameter, text: string): boolean | undefined {
  const on = /\bon\b|\b(?:en|activ)a(?:ble|te)/i.test(text);
  const off = /\boff\b|\b(?:dis|deactiv)a(?:ble|te)/i.test(text);
  if (/enable|active|\bon\b/i.test(`${name} ${description}`) && on !== off) return on;
  const isNegated = new RegExp(`\\b(?:no|not|without|don't)\\s+(?:\\w+\\s+)?${stems[0] ?? ''}`, 'i').test(
    text,
  );
  return stems.length > 0 && stems.every((stem) => words(text.slice(0, MAX_TEXT)).includes(stem))
    ? !isNegated
    : undefined;
}

/** A value as the parameter asks for it: a time zone for a city, and "2 hours" as 120 minutes. */
function inUnit(
  { stems, description, kinds }: Parameter,
  { kind, value, end }: Value,
  text: string,
): unknown {
  if (kinds[0] === 'zone') return zoneOf(value) ?? value;
  const unit = kind === 'number' ? SECONDS[words(text.slice(end, end + 12))[0] ?? ''] : undefined;
  const own = SECONDS[[...stems, ...words(description)].find((word) => word in SECONDS) ?? ''];
  return unit === undefined || own === undefined ? value : (Number(value) * unit) / own;
}

/** How surely a value is meant for a parameter; 0 when it cannot be. */
function affinity(parameter: Parameter, { kind, value, start, end }: Value, text: string): number {
  const { type, kinds, required, vague, named, cue } = parameter;
  const [left, right] = [text.slice(0, start), text.slice(end)];
  const isNamed = named.test(left.slice(-60));
  const isCued = cue.test(left.slice(-60));
  if (!allows(parameter, value)) return 0;
  if (type === 'number' || type === 'integer') {
    if (kind !== 'number') return 0;
    return (
      0.6 + (isNamed ? 3 : isCued && /most|least/.test(cue.source) ? 2.5 : counted(parameter, left, right))
    );
  }
  const isWord = kind === 'words' && (kinds[0] === 'quoted' || vague || isNamed);
  const isZone = kinds[0] === 'zone' && (kind === 'zone' || zoneOf(value) !== undefined);
  const isText = type === 'string' || type === 'array';
  if (!(isText ? kind === 'said' || isWord || kinds.includes(kind) : kind === 'json')) return 0;
  // Without a date a tool speaks of today anyway.
  if ((kinds[0] === 'zone' && !isZone) || (!required && /^today$/i.test(text.slice(start, end)))) return 0;
  const isSure = isZone || (SURE.test(kind) && !vague) || parameter.schema.pattern !== undefined;
  const isBest = kind === 'quoted' ? required || !vague : kind === kinds[0] && !vague;
  const looks =
    kind === 'said' ? 4 : isSure ? 2.2 : isBest ? 2 : kind === 'words' ? 0.55 : required ? 1 : 0.5;
  const isOther = cue.source !== '\\b(?:(?!))\\s+$' && !isCued && !isNamed && SURE.test(kind);
  if (isOther && !required) return 0;
  const isAway = isOther && /\b(?:from|to|into|until|in|since|after|before|by)\s+$/i.test(left);
  return (
    looks +
    (isNamed ? 3 : isCued ? (kind === 'words' && required ? 1.2 : 1.6) : isAway ? -1 : 0) -
    Math.max(0, kinds.indexOf(kind)) / 10
  );
}

/** "4 people", "month 3", "the last 5": the words beside a number say what it counts. */
function counted({ name, stems, description }: Parameter, left: string, right: string): number {
  const [next = ''] = words(/^(?:\s*(?:\d+-\w+|(?:by|x|×)\s*\d+))?([^,;.?!\d]*)/.exec(right)?.[1] ?? '');
  const isNext = stems.some((word) => synonyms(next).has(word));
  // "5 tickets" is no number of a ticket.
  if (isNext && /id$|number|key|code/i.test(name)) return -1;
  if (isNext || stems.some((word) => word === words(left.slice(-40)).at(-1))) return 2.5;
  const told = words(description.replace(/\([^)]*\)/g, ''));
  if (next in SECONDS && [...stems, ...told].some((word) => word in SECONDS)) return 2;
  const isCount =
    /\b(?:first|last|top|latest|newest|next|list|show|find|get|give me)\s+$/i.test(left) ||
    /^ (?:of|x)\b/.test(right);
  return isCount && /limit|count|how many|number of|max|quantity/i.test(`${name} ${description}`)
    ? 2
    : told.includes(next)
      ? 1.5
      : 0;
}

function allows({ schema, type }: Parameter, value: unknown): boolean {
  if (type === 'integer' && !Number.isInteger(value)) return false;
  if (Number(value) < Number(schema.minimum) || Number(value) > Number(schema.maximum)) return false;
  try {
    return (
      typeof schema.pattern !== 'string' || linearRegExp(schema.pattern).test(String(value).slice(0, 200))
    );
  } catch {
    return true; // a pattern beyond the linear engine: the executor judges
  }
}
