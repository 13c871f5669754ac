import { type Parameter, type Profile } from './tools.js';
import { blank, MAX_TEXT, MAX_VALUES, type Value, zoneOf } from './values.js';
import { GENERIC, stems, synonyms, words } from './words.js';

/** A value that a parameter might get, and where it stands. */
type Offer = { parameter: Parameter; value: unknown; points: number; from?: Value };
export type Filled = ReturnType<typeof fill>;

/** Words that point back to something. */
export const ANAPHOR =
  /(?<!\b(?:time|date|day) is )\b(it|its|that|this|them|those|these|there|same|(?:the|said) (?:file|result|number|commit|url|page|text|value|answer|one|sum|total|output|last))\b/i;
const SECONDS = new Map(Object.entries({ second: 1, minut: 60, hour: 3600, day: 86_400, week: 604_800 }));
/** Kinds that a text holds only when they are meant. */
const SURE = /expression|json|url|email|phone|zone|path|hash|date|time|code/;

/** Fills the parameters of a tool, only from what was said: the surest offer first. */
export function fill({ parameters, terms }: Profile, text: string, seen: readonly Value[]) {
  const values = [...seen, ...phrases(text, seen, terms)];
  const offers = parameters.flatMap((parameter) => offersFor(parameter, text, values));
  const given = new Map<Parameter, Offer>();
  const isUsed = (one: Value) =>
    [...given.values()].some(({ from }) => from && one.start < from.end && from.start < one.end);
  for (const offer of offers.sort((a, b) => b.points - a.points)) {
    const { parameter, points, from } = offer;
    if (points >= (parameter.required ? 0.5 : 2) && !given.has(parameter) && !(from && isUsed(from)))
      given.set(parameter, offer);
  }
  const args: Record<string, unknown> = {};
  let several: { name: string; values: unknown[] } | undefined;
  let evidence = 0;
  for (const { parameter, value, points, from } of given.values()) {
    const { name, type, required } = parameter;
    const free = values.filter((one) => one === from || !isUsed(one));
    const list = from ? listFrom(from, free, text) : [value];
    if (list.length > 1 && type !== 'array') several ??= { name, values: list };
    args[name] = type === 'array' && !Array.isArray(value) ? list : value;
    // What looks like nothing else tells most.
    if (/json|url|phone|hash|identifier/.test(from?.kind ?? '')) evidence += 1;
    if (points >= 2) evidence += required ? 2.5 : parameter === parameters[0] ? 1.5 : 1;
  }
  const missing = parameters.filter((parameter) => parameter.required && !given.has(parameter));
  return { args, missing, evidence, several: missing.length === 0 ? several : undefined };
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

function offersFor(parameter: Parameter, text: string, values: readonly Value[]): Offer[] {
  const { type, options, kinds, label } = parameter;
  if (options || type === 'boolean') {
    const chosen = options ? namedOf(options, text) : isOn(parameter, text);
    return chosen
      .slice(0, 1)
      .map((one) => ({ parameter, value: type === 'array' ? chosen : one, points: 5 }));
  }
  const isText = type === 'string' || type === 'array';
  const offers = values.map((from): Offer => {
    const raw = from.kind === 'number' ? text.slice(from.start, from.end) : JSON.stringify(from.value);
    const value = isText && typeof from.value !== 'string' ? raw : inUnit(parameter, from, text);
    const zone = kinds[0] === 'zone' ? zoneOf(value) : undefined;
    return { parameter, value: zone ?? value, points: affinity(parameter, from, text), from };
  });
  const [match = '', value = ''] = (isText && label.exec(text)?.filter(Boolean)) || [];
  const said = value.trim().replace(/[".?!]+$/, '');
  const start = text.indexOf(said, text.indexOf(match));
  const from = { kind: 'said', value: said, start, end: start + said.length };
  return said === '' ? offers : [...offers, { parameter, value: said, points: 6, from }];
}

/** "2 hours" is 120 where minutes are asked for. */
function inUnit({ stems, told }: Parameter, { kind, value, end }: Value, text: string): unknown {
  const unit = kind === 'number' && SECONDS.get(words(text.slice(end, end + 12))[0] ?? '');
  const own = SECONDS.get([...stems, ...told].find((word) => SECONDS.has(word)) ?? '');
  return unit && own ? (Number(value) * unit) / own : value;
}

/** The options that a text names, the last one first. */
function namedOf(options: readonly unknown[], text: string): unknown[] {
  const place = (one: unknown) => stems(text).lastIndexOf(stems(String(one)));
  return options.filter((one) => place(one) >= 0).sort((a, b) => place(b) - place(a));
}

/** Yes or no: "on" and "off", or the name of the parameter with or without "no". */
function isOn({ name, description }: Parameter, text: string): boolean[] {
  const isSwitch =
    /enable|active|\bon\b/i.test(`${name} ${description}`) && /\bo(?:n|ff)\b|\b(?:en|dis)able/i.test(text);
  const isDenied = /\b(?:off|no|not|without|don't|(?:dis|deactiv)a\w+)\b/i.test(text);
  return isSwitch || stems(text).includes(stems(name)) ? [!isDenied] : [];
}

/** How surely a value is meant for a parameter; 0 when it cannot be. */
function affinity(parameter: Parameter, { kind, value, start, end }: Value, text: string): number {
  const { kinds, required, vague, named, cue, schema, type } = parameter;
  const [left, right] = [text.slice(Math.max(0, start - 60), start), text.slice(end, end + 60)];
  const rank = kinds.indexOf(kind);
  if (rank < 0 || (type === 'integer' && !Number.isInteger(value))) return 0;
  if (Number(value) < Number(schema.minimum) || Number(value) > Number(schema.maximum)) return 0;
  // Without a date a tool speaks of today anyway.
  if (!required && /^today$/i.test(text.slice(start, end))) return 0;
  const isBest = (SURE.test(kind) || kinds[0] === 'zone' || rank === 0) && !vague;
  const looks = /number|words/.test(kind) ? 0.55 : isBest ? 2.2 : required ? 1 : 0.5;
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
