import { linearRegExp } from '../../../tools/schema/linear-regexp.js';
import { EXAMPLE, type Parameter, type Profile } from './tools.js';
import { blank, type Value } from './values.js';
import { GENERIC, isForm, synonyms, words } from './words.js';

/** Where arguments may come from: a part of the request, what was said before it, fields of earlier results. */
export interface Source {
  readonly text: string;
  readonly values: readonly Value[];
  readonly before: readonly Value[];
  readonly fields?: ReadonlyMap<string, unknown>;
}

/** A value that a parameter might get; without `from` it was not said as one piece of this part. */
type Offer = { parameter: Parameter; value: unknown; points: number; from?: Value; recalled?: boolean };

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
  const { text } = source;
  const values = [...source.values, ...phrases(source, terms)];
  const given = new Map<Parameter, Offer>();
  const overlap = (one: Value, other: Value) => one.start < other.end && other.start < one.end;
  const offers = parameters.flatMap((parameter) => offersFor(parameter, { ...source, values }));
  for (const offer of offers.sort((a, b) => b.points - a.points)) {
    const { parameter, points, from } = offer;
    const isTaken = from && [...given.values()].some((other) => other.from && overlap(other.from, from));
    if (points >= (parameter.required ? 0.5 : 2) && !given.has(parameter) && !isTaken)
      given.set(parameter, offer);
  }
  const used = [...given.values()].flatMap(({ from }) => from ?? []);
  const args: Record<string, unknown> = {};
  let several: { name: string; values: unknown[] } | undefined;
  let evidence = 0;
  for (const { parameter, value, points, from, recalled } of given.values()) {
    const { name, type, required, description } = parameter;
    const list =
      from === undefined
        ? []
        : listFrom(
            from,
            values.filter((one) => one === from || !used.includes(one)),
            text,
          );
    if (list.length > 1 && type !== 'array') several ??= { name, values: list };
    const [last = name, ...above] = name.split('.').reverse();
    const place = above.reduceRight((at, part) => (at[part] ??= {}) as typeof args, args);
    place[last] = type === 'array' && !Array.isArray(value) ? list : value;
    const isTelling = isShaped(description, value) || /expression|json|url|phone/.test(from?.kind ?? '');
    const worth = (points >= 2 ? 1 : 0.3) * (required ? 2.5 : parameter === parameters[0] ? 1.5 : 1);
    evidence += recalled === true ? 0 : worth + (isTelling ? 1 : 0);
  }
  const missing = parameters.filter((parameter) => parameter.required && !given.has(parameter));
  const isArgument = ({ kind, value }: Value) =>
    /date|quoted|hash|email|url/.test(kind) ||
    /^[\w-]*\d[\w-]*$/.test(kind === 'identifier' ? String(value) : '');
  const unused = source.values.filter(
    (value) => isArgument(value) && !used.some((own) => overlap(own, value)),
  ).length;
  return { args, missing, used, evidence, unused, several: missing.length === 0 ? several : undefined };
}
export type Filled = ReturnType<typeof fill>;

/** Runs of words that neither the tool nor the language knows: they can only be an argument. */
function phrases({ text, values }: Source, terms: Profile['terms']): Value[] {
  const rest = values.filter(({ kind }) => kind !== 'zone').reduce(blank, text);
  const found: Value[] = [];
  let isFirst = true;
  for (const { 0: word, index: start } of rest.matchAll(/[\p{L}\p{N}][\p{L}\p{N}'’_.-]*(?<![.'’-])/gu)) {
    const stems = words(word);
    if (stems.length === 0 && !/\d/.test(word)) continue;
    const isVerb = isFirst && stems.some((stem) => synonyms(stem).size > 1);
    isFirst = false;
    if (isVerb || (stems.length > 0 && stems.every((stem) => terms.has(stem) || GENERIC.has(stem)))) continue;
    const last = found.at(-1);
    const isNext = last !== undefined && /^\s(?:(?:of|the|a|an|my)\s)*$/.test(text.slice(last.end, start));
    const from = isNext ? (found.pop()?.start ?? start) : start;
    found.push({
      kind: 'words',
      value: text.slice(from, start + word.length),
      start: from,
      end: start + word.length,
    });
  }
  return found;
}

/** The values of one kind that stand in a list from this one on: "Paris and London", "d6, d8 and d20". */
function listFrom(from: Value, values: readonly Value[], text: string): unknown[] {
  const chain = [from];
  for (const next of values) {
    const last = chain.at(-1) as Value;
    const between = next.start < last.end ? '' : text.slice(last.end, next.start);
    const joint =
      /^\s*(?:,|,?\s*(?:and|or)|&|vs\.?|versus)\s+(?:an?\s+|the\s+|in\s+|wh\w+ (?:is|are) )?[a-z]?$/i;
    if (next.kind === last.kind && joint.test(between)) chain.push(next);
  }
  return chain.map(({ value }) => value);
}

function offersFor(parameter: Parameter, source: Source): Offer[] {
  const { text, values, before, fields } = source;
  const { type, required, choices, kinds, name, vague, label } = parameter;
  const isText = type === 'string' || type === 'array';
  const byWords =
    choices === undefined
      ? type === 'boolean'
        ? isOn(parameter, text)
        : undefined
      : said(choices, text, required)[0];
  if (byWords !== undefined) return [{ parameter, value: byWords, points: 5 }];
  if (choices !== undefined) return [];
  if (type === 'array') {
    const items = parameter.schema.items as { type?: string; enum?: readonly unknown[] } | undefined;
    const kind = /number|integer/.test(items?.type ?? '')
      ? 'number'
      : vague
        ? ''
        : kinds.find((one) => values.some((value) => value.kind === one));
    const group = values.filter((value) => value.kind === kind);
    const list = items?.enum ? said(items.enum, text, false) : group.map(({ value }) => value);
    const from = group[0] && { ...group[0], end: group.at(-1)?.end ?? 0 };
    if (list.length > 0) return [{ parameter, value: list, points: kind === 'number' ? 1.5 : 2.2, from }];
  }
  // "owner: Ada Lovelace", "saying …" and, for a text, all that follows a colon.
  const tail = /(?:\b(?:saying|that says|to say|that reads)\s+|(?<=\S):\s+)(.+)$/is;
  const isLong =
    kinds[0] === 'quoted' && /text|content|body|message|notes?|comment|query|input|^s$/i.test(name);
  const labelled = [label, ...(isLong ? [tail] : [])].flatMap((pattern): Value[] => {
    const [whole = '', part = ''] = pattern.exec(text) ?? [];
    const value = part.trim().replace(/[".?!]+$/, '');
    const start = text.indexOf(whole) + whole.lastIndexOf(part);
    return value === '' ? [] : [{ kind: 'said', value, start, end: start + value.length }];
  });
  const offers = [...values, ...(isText ? labelled : [])].map((from): Offer => {
    const written =
      typeof from.value === 'number' ? text.slice(from.start, from.end) : JSON.stringify(from.value);
    const value = isText && typeof from.value !== 'string' ? written : inUnit(parameter, from, text);
    return { parameter, value, points: affinity(parameter, from, text), from };
  });
  // What was found or said before, when this part points back to it.
  const plain = (key: string) => key.toLowerCase().replace(/[^a-z]/g, '');
  const field = required
    ? [...(fields ?? [])].find(([key]) => plain(name).endsWith(plain(key)))?.[1]
    : undefined;
  const isWanted = ({ kind, value }: Value) =>
    (isText
      ? kinds.includes(kind) && kind !== 'expression' && (required || (SURE.test(kind) && !vague))
      : kind === 'number') && allows(parameter, value);
  const isBack = ANAPHOR.test(text) && (required || !values.some(isWanted));
  const recalled = field ?? (isBack ? before.findLast(isWanted)?.value : undefined);
  if (recalled !== undefined)
    offers.push({ parameter, value: recalled, points: required ? 0.5 : 2, recalled: true });
  return offers;
}

/** The options that a text names; loosely when one has to be meant. */
function said(options: readonly unknown[], text: string, isLoose: boolean): unknown[] {
  const plain = (value: unknown) =>
    ` ${String(value)
      .toLowerCase()
      .replace(/[^\p{L}\d]+/gu, ' ')} `;
  const exact = options.filter((one) => plain(text).includes(plain(one)));
  const own = words(text);
  const isSaid = (stem: string) => own.some((word) => word === stem || (isLoose && isForm(word, stem)));
  return exact.length > 0
    ? exact
    : options.filter((one) => words(String(one)).length > 0 && words(String(one)).every(isSaid));
}

/** Yes or no, by "on" and "off" or by the name of the parameter with or without "no". */
function isOn({ name, description }: Parameter, text: string): boolean | undefined {
  const on = /\bon\b|\b(?:en|activ)a(?:ble|te)[sd]?\b/i.test(text);
  const off = /\boff\b|\b(?:dis|deactiv)a(?:ble|te)[sd]?\b/i.test(text);
  if (/enable|active|\bon\b/i.test(`${name} ${description}`) && on !== off) return on;
  if (!words(name).every((stem) => words(text).includes(stem))) return undefined;
  return !new RegExp(String.raw`\b(?:no|not|without|don't)\s+(?:\w+\s+)?${words(name)[0] ?? ''}`, 'i').test(
    text,
  );
}

/** A time in the unit that the parameter asks for: "2 hours" are 120 minutes. */
function inUnit({ stems, description }: Parameter, { kind, value, end }: Value, text: string): unknown {
  const unit = kind === 'number' ? SECONDS[words(text.slice(end, end + 12))[0] ?? ''] : undefined;
  const own = SECONDS[[...stems, ...words(description)].find((word) => SECONDS[word] !== undefined) ?? ''];
  return unit === undefined || own === undefined ? value : (Number(value) * unit) / own;
}

/** Does a value look like the example that a description gives: `ABC-42` like "e.g. PROJ-123"? */
function isShaped(description: string, value: unknown): boolean {
  const shape = (text: string) =>
    text
      .replace(/[A-Z]+/g, 'A')
      .replace(/[a-z]+/g, 'a')
      .replace(/\d+/g, '9')
      .replace(/[.)]+$/, '');
  const examples = EXAMPLE.exec(description)?.[1]?.split(/[,\s]+(?:or\s+)?/) ?? [];
  return /\d/.test(String(value)) && examples.some((one) => shape(one) === shape(String(value)));
}

/** How surely a value is meant for a parameter; 0 when it cannot be. */
function affinity(parameter: Parameter, { kind, value, start, end }: Value, text: string): number {
  const { description, type, kinds, required, schema, vague, named, cue } = parameter;
  const [left, right] = [text.slice(0, start), text.slice(end)];
  const isNumeric = type === 'number' || type === 'integer';
  const isNamed = named.test(left.slice(-60));
  const isWord = kind === 'words' && (kinds[0] === 'quoted' || vague || isNamed);
  const takes =
    type === 'string' || type === 'array'
      ? kind === 'said' || isWord || kinds.includes(kind)
      : kind === (isNumeric ? 'number' : 'json');
  if (!takes || !allows(parameter, value)) return 0;
  const isCued = cue?.test(left) === true;
  if (isNumeric)
    return (
      0.6 + (isNamed ? 3 : isCued && /\bm(?:in|ax)/.test(cue.source) ? 2.5 : counted(parameter, left, right))
    );
  // Without a date a tool speaks of today anyway.
  if (!required && /^today$/i.test(text.slice(start, end))) return 0;
  const isSure = (SURE.test(kind) && !vague) || typeof schema.pattern === 'string';
  const isBest = kind === 'quoted' ? required || !vague : kind === kinds[0] && !vague;
  const plain = kind === 'said' ? 4 : isBest ? 2 : kind === 'words' ? 0.55 : required ? 1 : 0.5;
  const looks = isShaped(description, value) ? 3.5 : isSure ? 2.2 : plain;
  const isOther = cue && !isCued && !isNamed && SURE.test(kind);
  if (isOther && (!required || /\b(?:from|to|into|until|in|since|after|before|by)\s+$/i.test(left)))
    return required ? looks - 1 : 0;
  return looks + (isNamed ? 3 : isCued ? 1.6 : 0) - Math.max(0, kinds.indexOf(kind)) / 10;
}

/** "4 people", "month 3", "the last 5": the words beside a number say what it counts. */
function counted({ name, stems, description }: Parameter, left: string, right: string): number {
  const next =
    words(right.replace(/^\s*(?:\d+-\w+|(?:by|x|×)\s*\d+)/, '').split(/[,;.?!\d]/)[0] ?? '')[0] ?? '';
  const isNext = next !== '' && stems.some((word) => synonyms(next).has(word));
  // "5 tickets" is no number of a ticket.
  if (isNext && /id$|number|key|code/i.test(name)) return -1;
  if (isNext || stems.some((word) => word === words(left).at(-1))) return 2.5;
  const told = words(description.replace(/\([^)]*\)/g, ''));
  const isTime =
    SECONDS[next] !== undefined && [...stems, ...told].some((word) => SECONDS[word] !== undefined);
  const isCount =
    /\b(?:first|last|top|latest|newest|next|most|list|show|find|get|give me)\s+$/i.test(left) ||
    /^\s*(?:of|x|×)\b/.test(right);
  if (isTime || (isCount && /limit|count|how many|number of|max|quantity/i.test(`${name} ${description}`)))
    return 2;
  return told.includes(next) ? 1.5 : 0;
}

function allows({ schema, type }: Parameter, value: unknown): boolean {
  const [min, max] = [Number(schema.minimum ?? -Infinity), Number(schema.maximum ?? Infinity)];
  if (type === 'integer' && !Number.isInteger(value)) return false;
  if (type === 'integer' || type === 'number') return Number(value) >= min && Number(value) <= max;
  try {
    return (
      typeof schema.pattern !== 'string' || linearRegExp(schema.pattern).test(String(value).slice(0, 200))
    );
  } catch {
    return true; // a pattern beyond the linear engine: the executor judges
  }
}
