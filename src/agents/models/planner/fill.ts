import { type Parameter, type Profile } from './tools.js';
import { blank, findValues, MAX_TEXT, MAX_VALUES, type Value, zoneOf } from './values.js';
import { GENERIC, mentions, synonyms, words } from './words.js';

/** A value that a parameter might get, and where it stands. */
type Offer = { parameter: Parameter; value: unknown; points: number; from?: Value };
export type Filled = ReturnType<typeof fill>;
export type Reading = { text: string; values: Value[] };

/** Words that point back to something. */
const ANAPHOR =
  /(?<!\b(?:time|date|day) is )\b(it|its|that|this|them|those|these|there|same|(?:the|said) (?:file|result|number|commit|url|page|text|value|answer|one|sum|total|output|last))\b/i;
const SECONDS = new Map(Object.entries({ second: 1, minut: 60, hour: 3600, day: 86_400, week: 604_800 }));
/** What an answer may begin with: "it is", "my card is", "make it". */
const INTRODUCED = /^(?:(?:it|that|this|(?:my|his|her|our) \w+)(?:['’]s| is)|make it)\s+/i;
/** Kinds that a text holds only when they are meant. */
const SURE = /expression|json|url|email|phone|zone|path|hash|date|time|code/;

/** Fills the parameters of a tool, only from what was said: the surest offer first. */
export function fill({ parameters, terms }: Profile, text: string, all: readonly Value[]) {
  const seen = all.map((one) => withFirstName(one, text, terms));
  const values = [...seen, ...phrases(text, seen, terms), ...choices(parameters, text)];
  const offers = parameters.flatMap((parameter) => offersFor(parameter, text, values));
  const given = new Map<Parameter, Offer>();
  const isUsed = (one: Value) =>
    [...given.values()].some(({ from }) => from && one.start < from.end && from.start < one.end);
  for (const offer of offers.filter((one) => one.points > 0).sort((a, b) => b.points - a.points)) {
    const { parameter, points, from } = offer;
    if (points >= (parameter.required ? 0.5 : 2) && !given.has(parameter) && !(from && isUsed(from)))
      given.set(parameter, offer);
  }
  const args: Record<string, unknown> = {};
  let several: { name: string; values: unknown[] } | undefined;
  let evidence = 0;
  for (const { parameter, value, points, from } of given.values()) {
    const { name, path, type, required } = parameter;
    const free = values.filter((one) => one === from || !isUsed(one));
    const list = from ? listFrom(parameter, from, free, text) : [value];
    evidence += (list.length - 1) / 2;
    const [last = name, ...above] = path.toReversed();
    if (list.length > 1 && type !== 'array' && above.length === 0) several ??= { name, values: list };
    const place = above.reduceRight((at, part) => (at[part] ??= {}) as typeof args, args);
    place[last] = type === 'array' && !Array.isArray(value) ? list : value;
    // What looks like nothing else tells most.
    if (/json|url|phone|hash|identifier/.test(from?.kind ?? '')) evidence += 1;
    if (points >= 2) evidence += required ? 2.5 : parameter === parameters[0] ? 1.5 : 1;
  }
  const missing = parameters.filter((parameter) => parameter.required && !given.has(parameter));
  return { args, missing, evidence, several: missing.length === 0 ? several : undefined };
}

/** "Ada Lopez wants": a text begins with the whole name where its first word is no order and a verb comes after it. */
function withFirstName(one: Value, text: string, terms: Profile['terms']): Value {
  const left = text.slice(0, one.start);
  if (one.kind !== 'name' || !/^\p{Lu}\p{Ll}+ $/u.test(left)) return one;
  const [first = ''] = words(left);
  const isOrder = first === '' || terms.has(first) || synonyms(first).size > 1;
  const isSubject = /^ (?:\p{Ll}+(?:s|ed)|got|will|can|would)\b/u.test(text.slice(one.end));
  return isOrder || !isSubject ? one : { ...one, value: text.slice(0, one.end), start: 0 };
}

/** Runs of words that neither the tool nor the language knows: they can only be an argument. */
function phrases(text: string, values: readonly Value[], terms: Profile['terms']): Value[] {
  const found: Value[] = [];
  const plain = values.filter(({ kind }) => kind !== 'name').reduce(blank, text.slice(0, MAX_TEXT));
  for (const { 0: word, index } of plain.matchAll(/[\p{L}\p{N}][\p{L}\p{N}'’_-]*/gu)) {
    const stems = words(word);
    const isVerb = plain.slice(0, index).trim() === '' && stems.some((stem) => synonyms(stem).size > 1);
    if (isVerb || stems.every((stem) => terms.has(stem) || GENERIC.has(stem))) continue;
    const last = found.at(-1);
    const isNext = last !== undefined && /^\s(?:(?:of|the|a|an|my|in)\s)*$/.test(text.slice(last.end, index));
    const start = isNext ? (found.pop()?.start ?? index) : index;
    const end = index + word.length;
    found.push({ kind: 'words', value: text.slice(start, end), start, end });
  }
  return found.slice(0, MAX_VALUES);
}

/** The values of one kind that stand in a list from this one on: "Paris and London", "d6, d8 and d20". */
function listFrom(parameter: Parameter, from: Value, values: readonly Value[], text: string): unknown[] {
  const { options, type } = parameter;
  const isAlike = ({ kind, value }: Value) => kind === from.kind && (!options || options.includes(value));
  const alike = values.filter(isAlike).sort((a, b) => a.start - b.start);
  if (options && type === 'array') return [...new Set(alike.map(({ value }) => value))];
  const joint =
    /^\s*(?:,|,?\s*(?:and|or)|&|vs\.?|versus)\s+(?:an?\s+|the\s+|in\s+|wh\w+ (?:is|are) )?[a-z]?$/i;
  const list = [from];
  for (const next of alike) {
    const { end } = list.at(-1) ?? from;
    if (next.start > end && joint.test(text.slice(end, next.start))) list.push(next);
  }
  return list.map(({ value }) => value);
}

function offersFor(parameter: Parameter, text: string, values: readonly Value[]): Offer[] {
  const { type, options, kinds, label } = parameter;
  if (type === 'boolean') return isOn(parameter, text).map((value) => ({ parameter, value, points: 5 }));
  const isText = (type === 'string' || type === 'array') && !options;
  const offers = values.map((from): Offer => {
    const raw = from.kind === 'number' ? text.slice(from.start, from.end) : JSON.stringify(from.value);
    const value = isText && typeof from.value !== 'string' ? raw : inUnit(parameter, from, text);
    const zone = kinds[0] === 'zone' ? zoneOf(value) : undefined;
    return { parameter, value: zone ?? value, points: affinity(parameter, from, text), from };
  });
  const [match = '', value = ''] = (isText && label.exec(text)?.filter(Boolean)) || [];
  const bare = kinds[0] === 'quoted' ? value.trim() : value.trim().replace(INTRODUCED, '');
  const said = bare.replace(/^["“]|["”.?!]+$/g, '');
  const start = text.indexOf(said, text.indexOf(match));
  const from = { kind: 'said', value: said, start, end: start + said.length };
  if (said === '') return offers;
  const inside = offers.filter((one) => one.from && one.from.start >= start && one.from.end <= from.end);
  const sure = inside.find((one) => one.points >= 2 && SURE.test(one.from?.kind ?? ''));
  return [...offers, { parameter, value: said, from, ...sure, points: 6 }];
}

/** "2 hours" is 120 where minutes are asked for. */
function inUnit({ stems, told }: Parameter, { kind, value, end }: Value, text: string): unknown {
  const unit = kind === 'number' && SECONDS.get(words(text.slice(end, end + 12))[0] ?? '');
  const own = SECONDS.get([...stems, ...told].find((word) => SECONDS.has(word)) ?? '');
  return unit && own ? (Number(value) * unit) / own : value;
}

/** The options that a text names: where two parameters have the same ones in this order, else the last one first. */
function choices(parameters: readonly Parameter[], text: string): Value[] {
  const all = parameters.flatMap(({ options }) => (options ? [options] : []));
  const found = [...new Set(all.flat())].flatMap((value) =>
    mentions(text, value).map((at) => ({ kind: 'choice', value, ...at })),
  );
  const isTwice = all.some((one, at) => all.slice(0, at).some((other) => one[0] === other[0]));
  return found.sort((a, b) => (isTwice ? a.start - b.start : b.start - a.start));
}

/** Yes or no: "on" and "off", or the name of the parameter with or without "no". */
function isOn({ name, description }: Parameter, text: string): boolean[] {
  const about = /enable|active|\b(?:is|turn\w*|switch\w*) on\b|\bon (?:or|and) off|^on\b/i;
  const isSwitch = about.test(`${name} ${description}`) && /\bo(?:n|ff)\b|\b(?:en|dis)able/i.test(text);
  const isDenied = /\b(?:off|no|not|without|don't|(?:dis|deactiv)a\w+)\b/i.test(text);
  return isSwitch || mentions(text, name).length > 0 ? [!isDenied] : [];
}

/** How surely a value is meant for a parameter; 0 when it cannot be. */
function affinity(parameter: Parameter, { kind, value, start, end }: Value, text: string): number {
  const { kinds, required, vague, schema, type, options, named, cue } = parameter;
  const rank = kinds.indexOf(kind);
  if (rank < 0 || (options && !options.includes(value)) || (type === 'integer' && !Number.isInteger(value)))
    return 0;
  if (Number(value) < Number(schema.minimum) || Number(value) > Number(schema.maximum)) return 0;
  const [left, right] = [text.slice(Math.max(0, start - 60), start), text.slice(end, end + 60)];
  // Without a date a tool speaks of today anyway.
  if (!required && /^today$/i.test(text.slice(start, end))) return 0;
  const isBest = (SURE.test(kind) || kinds[0] === 'zone' || rank === 0) && !vague;
  const looks = options ? 5 : /number|words/.test(kind) ? 0.55 : isBest ? 2.2 : required ? 1 : 0.5;
  const isCounted = kinds[0] === 'number' ? counted(parameter, left, right) : 0;
  return looks + (named.test(left) ? 3 : cue?.test(left) ? 1.6 : isCounted);
}

/** "4 people", "the last 5": the words beside a number say what it counts. */
function counted({ name, stems, told, description }: Parameter, left: string, right: string): number {
  const [next = ''] = words(/^[^,;.?!\d]*/.exec(right)?.[0] ?? '');
  if (stems.some((word) => synonyms(next).has(word))) return 2.5;
  const isCount = /\b(?:first|last|top|latest|next|list|show|find|get|give me)\s+$|^\n/i.test(left);
  if (isCount && /limit|count|how many|number of|max|quantity/i.test(`${name} ${description}`)) return 2;
  const isTime = SECONDS.has(next) && [...stems, ...told].some((word) => SECONDS.has(word));
  return isTime ? 2 : told.includes(next) ? 1.5 : 0;
}

/** A text and, where it points back, what it says with each thing that may be meant by that. */
export function readings(text: string, before: readonly string[]): Reading[] {
  const meant = ANAPHOR.test(text) ? before.slice(-8).reverse() : [];
  const texts = [text, ...meant.map((one) => text.replace(ANAPHOR, () => one))];
  return texts.map((reading) => ({ text: reading, values: findValues(reading) }));
}

/** Fills a tool from the reading that gives it most. */
export function read(profile: Profile, from: readonly Reading[]): Filled {
  const all = from.map(({ text, values }) => fill(profile, text, values));
  return all.sort((a, b) => a.missing.length - b.missing.length || b.evidence - a.evidence)[0] as Filled;
}
