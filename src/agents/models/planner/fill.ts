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
const SECONDS = new Map(Object.entries({ second: 1, minut: 60, hour: 3600, day: 86_400, week: 604_800 }));

/** Fills the parameters of a tool, only from what was said: the surest offer first. */
export function fill({ parameters, terms }: Profile, source: Source) {
  const values = [...source.values, ...phrases(source, terms)];
  const offers = parameters.flatMap((parameter) => offersFor(parameter, { ...source, values }));
  const given = new Map<Parameter, Offer>();
  const isUsed = (one: Value) =>
    [...given.values()].some(({ from }) => from && one.start < from.end && from.start < one.end);
  for (const offer of offers.sort((a, b) => b.points - a.points)) {
    const { parameter, points, from } = offer;
    // A search without any required argument takes what looks like a name, rather than nothing.
    const isOnly = given.size === 0 && !parameters.some(({ required }) => required) && from?.kind === 'name';
    const least = isOnly ? 0.3 : parameter.required ? 0.5 : 2;
    if (points >= least && !given.has(parameter) && !(from && isUsed(from))) given.set(parameter, offer);
  }
  const args: Record<string, unknown> = {};
  let several: { name: string; values: unknown[] } | undefined;
  let evidence = 0;
  for (const { parameter, value, points, from } of given.values()) {
    const { name, type, required, kinds } = parameter;
    const free = values.filter((one) => one === from || !isUsed(one));
    const list = from ? listFrom(from, free, source.text) : [value];
    if (list.length > 1 && type !== 'array') several ??= { name, values: list };
    const [last = name, ...above] = name.split('.').reverse();
    const place = above.reduceRight((at, part) => (at[part] ??= {}) as typeof args, args);
    place[last] = type === 'array' && !Array.isArray(value) ? list : value;
    // What looks like nothing else tells most.
    const isTelling = from?.kind === kinds[0] && /expr|json|url|phone|hash|identifier/.test(kinds[0] ?? '');
    const weight = required ? 2.5 : parameter === parameters[0] ? 1.5 : 1;
    evidence += (points >= 2 ? weight : 0) + Number(isTelling);
  }
  const missing = parameters.filter((parameter) => parameter.required && !given.has(parameter));
  return {
    args,
    missing,
    evidence,
    several: missing.length === 0 ? several : undefined,
  };
}

/** Runs of words that neither the tool nor the language knows: they can only be an argument. */
function phrases({ text, values }: Source, terms: Profile['terms']): Value[] {
  const found: Value[] = [];
  const plain = values.filter(({ kind }) => kind !== 'name').reduce(blank, text.slice(0, MAX_TEXT));
  for (const [position, { 0: word, index }] of [
    ...plain.matchAll(/[\p{L}\p{N}][\p{L}\p{N}'’_-]*/gu),
  ].entries()) {
    const stems = words(word);
    const isVerb = position === 0 && stems.some((stem) => synonyms(stem).size > 1);
    const isKnown = stems.every((stem) => terms.has(stem) || GENERIC.has(stem));
    if (isVerb || isKnown) continue;
    const last = found.at(-1);
    const isNext = last !== undefined && /^\s(?:(?:of|the|a|an|my|in)\s)*$/.test(text.slice(last.end, index));
    const start = isNext ? (found.pop()?.start ?? index) : index;
    const end = index + word.length;
    found.push({ kind: 'words', value: text.slice(start, end), start, end });
  }
  return found.slice(0, MAX_VALUES);
}

/** The values of one kind that stand in a list from this one on: "Paris and London", "d6, d8 and d20". */
function listFrom(from: Value, values: readonly Value[], text: string): unknown[] {
  const joint =
    /^\s*(?:,|,?\s*(?:and|or)|&|vs\.?|versus)\s+(?:an?\s+|the\s+|in\s+|wh\w+ (?:is|are) )?[a-z]?$/i;
  const list = [from];
  for (const next of values) {
    const { kind, end } = list.at(-1) ?? from;
    if (next.kind === kind && next.start > end && joint.test(text.slice(end, next.start))) list.push(next);
  }
  return list.map(({ value }) => value);
}

function offersFor(parameter: Parameter, { text, values, before, fields }: Source): Offer[] {
  const { type, required, choices, kinds, name, vague, label } = parameter;
  const isText = type === 'string' || type === 'array';
  const options = choices ?? (parameter.schema.items as { enum?: readonly unknown[] } | undefined)?.enum;
  const chosen = options ? said(options, text, required) : type === 'boolean' ? isOn(parameter, text) : [];
  if (options || chosen.length > 0) {
    const points = chosen.length > 0 ? 5 : 0;
    return [{ parameter, value: type === 'array' ? chosen : chosen[0], points }];
  }
  // "owner: Ada Lovelace", "saying …" and, for a text, all that follows a colon.
  const isLong =
    kinds[0] === 'quoted' && /text|content|body|message|notes?|comment|query|input|desc|^s$/i.test(name);
  const tail = /(?:\b(?:saying|that says|to say|that reads)\s+|(?<=\S):\s+)(.+)$/is;
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
  // What was found or said before, when this part points back to it; if not required, only what was meant for sure.
  const plain = (key: string) => key.toLowerCase().replace(/[^a-z]/g, '');
  const field = [...(fields ?? [])].find(([key]) => required && plain(name).endsWith(plain(key)))?.[1];
  const fits = ({ kind, value }: Value) =>
    kinds.includes(kind) && (required || (SURE.test(kind) && !vague)) && allows(parameter, value);
  const isBack = ANAPHOR.test(text) && (required || !values.some(fits));
  const value = field ?? (isBack ? before.findLast(fits)?.value : undefined);
  return value === undefined ? offers : [...offers, { parameter, value, points: required ? 0.5 : 2 }];
}

/** The options that a text names, the last one first; loosely when one has to be meant. */
function said(options: readonly unknown[], text: string, isLoose: boolean): unknown[] {
  const plain = (value: unknown) =>
    ` ${String(value)
      .match(/[\p{L}\d]+/gu)
      ?.join(' ')
      .toLowerCase()} `;
  const place = (one: unknown) => plain(text).lastIndexOf(plain(one));
  const exact = options.filter((one) => place(one) >= 0).sort((a, b) => place(b) - place(a));
  const own = words(text.slice(0, MAX_TEXT));
  const isSaid = (stem: string) => own.some((word) => word === stem || (isLoose && isForm(word, stem)));
  const meant = options.filter((one) => words(String(one)).length > 0 && words(String(one)).every(isSaid));
  return exact.length > 0 ? exact : meant;
}

/** Yes or no, by "on" and "off" or by the name of the parameter with or without "no". */
function isOn({ name, description, stems }: Parameter, text: string): boolean[] {
  const [on, off] = [
    /\bon\b|\b(?:en|activ)a(?:ble|te)/i.test(text),
    /\boff\b|\b(?:dis|deactiv)a/i.test(text),
  ];
  if (/enable|active|\bon\b/i.test(`${name} ${description}`) && on !== off) return [on];
  const isSaid = stems.length > 0 && stems.every((stem) => words(text.slice(0, MAX_TEXT)).includes(stem));
  const isDenied = new RegExp(`\\b(?:no|not|without|don't)\\s+(?:\\w+\\s+)?${stems[0]}`, 'i').test(text);
  return isSaid ? [!isDenied] : [];
}

/** A value as the parameter asks for it: a time zone for a city, and "2 hours" as 120 minutes. */
function inUnit({ stems, description, kinds }: Parameter, { kind, value, end }: Value, text: string) {
  if (kinds[0] === 'zone') return zoneOf(value) ?? value;
  const unit = kind === 'number' && SECONDS.get(words(text.slice(end, end + 12))[0] ?? '');
  const own = SECONDS.get([...stems, ...words(description)].find((word) => SECONDS.has(word)) ?? '');
  return unit && own ? (Number(value) * unit) / own : value;
}

/** How surely a value is meant for a parameter; 0 when it cannot be. */
function affinity(parameter: Parameter, { kind, value, start, end }: Value, text: string): number {
  const { kinds, required, vague, named, cue } = parameter;
  const [left, right] = [text.slice(Math.max(0, start - 60), start), text.slice(end, end + 60)];
  const rank = kinds.indexOf(kind);
  const isNamed = named.test(left);
  const isWord = kind === 'words' && (kinds[0] === 'quoted' || vague);
  if (!allows(parameter, value) || (rank < 0 && kind !== 'said' && !isWord)) return 0;
  const isCued = cue?.test(left) === true;
  if (kinds[0] === 'number' && kind !== 'number') return 0;
  if (kinds[0] === 'zone' && kind !== 'zone' && zoneOf(value) === undefined) return 0;
  if (kinds[0] === 'number') return 0.6 + (isNamed ? 3 : isCued ? 2.5 : counted(parameter, left, right));
  // Without a date a tool speaks of today anyway.
  if (!required && /^today$/i.test(text.slice(start, end))) return 0;
  const isBest = (SURE.test(kind) || kinds[0] === 'zone' || rank === 0) && !vague;
  const looks = kind === 'said' ? 4 : kind === 'words' ? 0.55 : isBest ? 2.2 : required ? 1 : 0.5;
  return looks + (isNamed ? 3 : isCued ? 1.6 : 0) - Math.max(0, rank) / 10;
}

/** "4 people", "the last 5", "2 hours": the words beside a number say what it counts. */
function counted({ name, stems, description }: Parameter, left: string, right: string): number {
  const [next = ''] = words(/^[^,;.?!\d]*/.exec(right)?.[0] ?? '');
  // "5 tickets" is no number of a ticket.
  if (stems.some((word) => synonyms(next).has(word))) return /id$|number|key|code/i.test(name) ? -1 : 2.5;
  const told = words(description);
  if (SECONDS.has(next) && [...stems, ...told].some((word) => SECONDS.has(word))) return 2;
  const isCount =
    /\b(?:first|last|top|latest|next|list|show|find|get|give me)\s+$/i.test(left) ||
    /^ (?:of|x)\b/.test(right);
  const isLimit = isCount && /limit|count|how many|number of|max|quantity/i.test(`${name} ${description}`);
  return isLimit ? 2 : told.includes(next) ? 1.5 : 0;
}

function allows({ schema, type, pattern }: Parameter, value: unknown): boolean {
  if (type === 'integer' && !Number.isInteger(value)) return false;
  if (Number(value) < Number(schema.minimum) || Number(value) > Number(schema.maximum)) return false;
  return pattern?.test(String(value).slice(0, 200)) ?? true;
}
