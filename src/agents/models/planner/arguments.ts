import { linearRegExp } from '../../../tools/schema/linear-regexp.js';
import { findChoice, findFlag } from './choices.js';
import { parametersOf, type Parameter, type PlannerTool } from './tools.js';
import { findValues, findZones, type Found, type Kind, type Value } from './values.js';
import { words } from './words.js';

/** Where arguments may come from: the part of the request itself, then what was said before, then earlier results. */
export interface Source {
  readonly text: string;
  readonly values: readonly Value[];
  /** Earlier parts and turns, for "it" and "that file". */
  readonly before: readonly Value[];
  /** Structured results of the steps before, for "then". */
  readonly results: readonly unknown[];
}

export interface Filled {
  readonly args: Record<string, unknown>;
  /** Required parameters that the text does not give. */
  readonly missing: readonly Parameter[];
  /** How much of it was surely meant for this tool: typed and named values. */
  readonly evidence: number;
  /** A parameter for which the text gives several values: one call each. */
  readonly several?: { readonly name: string; readonly values: readonly unknown[] };
}

const ANAPHOR =
  /\b(it|its|that|this|them|those|these|there|same|(?:the|said) (?:file|result|number|commit|url|page|text|value|answer|one|sum|total|output|last))\b/i;

/** What kinds of value a parameter takes, by its name or else its description; best first. */
const TAKES: readonly (readonly [RegExp, readonly Kind[]])[] = [
  [/expr|formula|equation|calculation|arithmetic/i, ['expression']],
  [/json/i, ['json']],
  [/url|uri|\blink\b|website|endpoint/i, ['url']],
  [/e-?mail|recipient/i, ['email']],
  [/time.?zone|\btz\b|\bzone\b/i, ['zone']],
  [/\bpath|\bfile|folder|directory|\bdir\b/i, ['path']],
  [/\bhash\b|\bcommit\b|\bsha\d*\b|revision|\brev\b|\bref\b/i, ['hash']],
  [/\bdate|\bday\b|\btime\b|\bsince\b|\buntil\b|deadline|\bdue\b/i, ['date']],
  [/currency|ticker|\biso\b/i, ['code']],
  [/quer(?:y|ies)|search|pattern|keyword|needle|regex|\bsymbol\b/i, ['quoted', 'identifier', 'code']],
  [/city|place|location|country|\btown|region|destination|origin|address/i, ['quoted', 'name']],
  [/\bid\b|\bkey\b|ticket|issue|identifier/i, ['identifier', 'hash', 'quoted', 'number']],
  [/name|title|author|person|owner|assignee|label|branch|project|team/i, ['quoted', 'name', 'identifier']],
];
const ANY: readonly Kind[] = ['quoted', 'identifier', 'name', 'path', 'code'];
/** Kinds that a text holds only when they are meant: an optional parameter may take them. */
const SURE = new Set<Kind>(['expression', 'json', 'url', 'email', 'zone', 'path', 'hash', 'date']);
const WHOLE = /^(task|request|instructions?|prompt|question|goal)$/i;
const FREE_TEXT =
  /text|content|body|message|\bnotes?\b|comment|sentence|paragraph|document|input|subject|summary/i;
const AFTER: readonly (readonly [RegExp, RegExp])[] = [
  [/since|after|start|from|begin/i, /\b(?:since|after|from|starting(?: on| from)?|between)\s+(?:the\s+)?$/i],
  [/until|before|end|\bto\b/i, /\b(?:until|till|before|to|up to|and)\s+(?:the\s+)?$/i],
];

/** Is this a parameter that takes the request itself, as that of an agent does? */
export function takesWhole(parameter: Parameter): boolean {
  return parameter.required && parameter.type === 'string' && WHOLE.test(parameter.name);
}

/** Fills the parameters of a tool, only from what was said. Never makes a value up. */
export function fill(tool: PlannerTool, source: Source): Filled {
  const parameters = parametersOf(tool);
  const args: Record<string, unknown> = {};
  const missing: Parameter[] = [];
  const used = new Set<Value>();
  // Without a date a tool speaks of today anyway.
  const values = source.values.filter(({ start, end }) => !/^today$/i.test(source.text.slice(start, end)));
  let evidence = 0;
  const taken: [Parameter, Value][] = [];
  for (const parameter of parameters) {
    const own = find(parameter, parameters, source.text, parameter.required ? source.values : values, used);
    const found = own ?? recall(parameter, source);
    if (found === undefined) {
      if (parameter.required && !parameter.hasDefault) missing.push(parameter);
      continue;
    }
    args[parameter.name] = found.value;
    if (own !== undefined) evidence += (found.sure ? 1 : 0.3) * (parameter.required ? 2.5 : 1);
    if (own?.from === undefined) continue;
    used.add(own.from);
    taken.push([parameter, own.from]);
  }
  const several =
    missing.length > 0
      ? undefined
      : taken
          .map(([parameter, first]) => listed(parameter, first, source, used))
          .find((list) => list !== undefined);
  return { args, missing, evidence, ...(several && { several }) };
}

function find(
  parameter: Parameter,
  all: readonly Parameter[],
  text: string,
  values: readonly Value[],
  used: ReadonlySet<Value>,
): Found | undefined {
  if (takesWhole(parameter)) return { value: text.trim(), sure: false };
  if (parameter.choices !== undefined) return findChoice(parameter.choices, text);
  if (parameter.type === 'boolean') return findFlag(parameter, text);
  if (parameter.type === 'number' || parameter.type === 'integer')
    return findNumber(parameter, all, text, values, used);
  if (parameter.type === 'array') return findArray(parameter, text, values);
  if (parameter.type === 'object') return typed(parameter, ['json'], text, values, used);
  return findNamed(parameter, text, values, used) ?? findString(parameter, all, text, values, used);
}

/** The number that stands nearest to the name of the parameter; one that no other parameter is named for. */
function findNumber(
  parameter: Parameter,
  all: readonly Parameter[],
  text: string,
  values: readonly Value[],
  used: ReadonlySet<Value>,
): Found | undefined {
  const whole = parameter.type === 'integer';
  const named = new RegExp(String.raw`\b${parameter.name.replace(/\W/g, '')}\s*[:=]\s*$`, 'i');
  const given = values.find(({ kind, start }) => kind === 'number' && named.test(text.slice(0, start)));
  if (given !== undefined) return { value: given.value, sure: true, from: given };
  const free = values
    .filter(({ kind, value }) => kind === 'number' && (!whole || Number.isInteger(value)))
    .filter((value) => !used.has(value));
  const near = (candidate: Value, of: Parameter) => nearness(of, candidate, text);
  const ranked = free
    .map((candidate) => ({ candidate, own: near(candidate, parameter) }))
    .filter(({ candidate, own }) =>
      all.every((other) => other === parameter || near(candidate, other) <= own),
    )
    .sort((a, b) => b.own - a.own);
  const best = ranked[0];
  if (best === undefined || (best.own === 0 && !parameter.required)) return undefined;
  return { value: best.candidate.value, sure: best.own > 0, from: best.candidate };
}

/** 2: the parameter's own name stands beside the number; 1: a word of its description does; 0: neither. */
function nearness(parameter: Parameter, { start, end }: Value, text: string): number {
  const left = words(text.slice(0, start)).slice(-1);
  // "two 10-sided dice": the word of "two" is "dice".
  const right = words(
    text
      .slice(end)
      .replace(/^\s*\d+-\w+/, '')
      .split(/[,;.?!\d]/)[0] ?? '',
  ).slice(0, 1);
  const beside = [...right, ...left];
  const names = new Set(words(parameter.name));
  const described = new Set(words(parameter.description.replace(/\([^)]*\)/g, '')));
  if (beside.some((word) => names.has(word))) return 2;
  return right.some((word) => described.has(word)) ? 1 : 0;
}

function findArray(parameter: Parameter, text: string, values: readonly Value[]): Found | undefined {
  const json = values.find(({ kind, value }) => kind === 'json' && Array.isArray(value));
  if (json !== undefined) return { value: json.value, sure: true };
  const items = (parameter.schema.items ?? {}) as { type?: unknown };
  if (items.type === 'number' || items.type === 'integer') {
    const numbers = values.filter(({ kind }) => kind === 'number').map(({ value }) => value);
    return numbers.length > 0 ? { value: numbers, sure: numbers.length > 1 } : undefined;
  }
  const kinds = kindsOf(parameter);
  const kind = kinds.find((candidate) => values.some((value) => value.kind === candidate));
  if (kind !== undefined) {
    return { value: values.filter((value) => value.kind === kind).map(({ value }) => value), sure: true };
  }
  const list = /:\s*(.+)$/s.exec(text)?.[1];
  const parts = list
    ?.split(/,|\band\b|\n/)
    .map((part) => part.trim())
    .filter((part) => part !== '');
  return parts === undefined || parts.length === 0 ? undefined : { value: parts, sure: true };
}

/** `name: value`, `name=value`, or the name and then something that looks like a value. */
function findNamed(
  parameter: Parameter,
  text: string,
  values: readonly Value[],
  used: ReadonlySet<Value>,
): Found | undefined {
  const name = parameter.name
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .replace(/[_-]+/g, ' ')
    .replace(/[^\w ]/g, '');
  const pattern = new RegExp(
    String.raw`\b${name.replaceAll(' ', String.raw`[\s_-]*`)}\b(\s*[:=]\s*|\s+(?:is |of |named |called )?)`,
    'i',
  );
  const match = pattern.exec(text);
  if (match === null) return undefined;
  const at = match.index + match[0].length;
  const isGiven = /[:=]/.test(match[1] ?? '');
  const rest =
    text
      .slice(at)
      .split(FREE_TEXT.test(parameter.name) ? /\n\n/ : /[,;\n]/)[0]
      ?.trim() ?? '';
  if (isGiven && FREE_TEXT.test(parameter.name) && rest !== '') return { value: unquote(rest), sure: true };
  const value = values.find(
    (candidate) => candidate.start === at && candidate.kind !== 'number' && !used.has(candidate),
  );
  if (value !== undefined && allowed(parameter, value.value))
    return { value: value.value, sure: true, from: value };
  return isGiven && rest !== '' && allowed(parameter, rest) ? { value: rest, sure: true } : undefined;
}

function unquote(text: string): string {
  return /^"([^"]*)"$/.exec(text)?.[1] ?? text;
}

function findString(
  parameter: Parameter,
  all: readonly Parameter[],
  text: string,
  values: readonly Value[],
  used: ReadonlySet<Value>,
): Found | undefined {
  const kinds = kindsOf(parameter);
  const found = typed(parameter, kinds, text, values, used);
  if (found !== undefined) return found;
  const by = !parameter.required && /author|user|person|owner|assignee|by\b/i.test(parameter.name);
  if (by) return after(/\b(?:by|did|does|has|from)\s+/i, text, values);
  if (!parameter.required || kinds.some((kind) => SURE.has(kind) && kind !== 'json')) return undefined;
  const single = all.filter((other) => other.required && other.type === 'string').length === 1;
  const rest = remainder(parameter, text, single);
  return rest === undefined || !allowed(parameter, rest) ? undefined : { value: rest, sure: false };
}

function kindsOf(parameter: Parameter): readonly Kind[] {
  if (parameter.format === 'uri' || parameter.format === 'email')
    return [parameter.format === 'uri' ? 'url' : 'email'];
  if (parameter.format.startsWith('date')) return ['date'];
  const name =
    words(parameter.name).join(' ') +
    ' ' +
    parameter.name.replace(/([a-z])([A-Z])/g, '$1 $2').replaceAll('_', ' ');
  if (FREE_TEXT.test(name) && !/json/i.test(`${name} ${parameter.description}`)) return ['quoted'];
  const byName = TAKES.find(([pattern]) => pattern.test(name));
  if (!parameter.required) return byName?.[1] ?? [];
  const byDescription = TAKES.find(([pattern]) => pattern.test(parameter.description));
  return (byName ?? byDescription)?.[1] ?? ANY;
}

/** A value of one of these kinds; an optional parameter takes only what cannot be meant otherwise. */
function typed(
  parameter: Parameter,
  kinds: readonly Kind[],
  text: string,
  values: readonly Value[],
  used: ReadonlySet<Value>,
): Found | undefined {
  const zones = kinds.includes('zone') ? findZones(text) : [];
  for (const kind of kinds) {
    if (!parameter.required && !SURE.has(kind)) continue;
    const place = AFTER.find(([name]) => name.test(parameter.name))?.[1];
    const from = [...values, ...zones].find(
      (value) =>
        value.kind === kind &&
        !isUsed(value, used) &&
        allowed(parameter, value.value) &&
        (kind !== 'date' || place === undefined || place.test(text.slice(0, value.start))),
    );
    if (from === undefined) continue;
    const isText = parameter.type === 'string' && typeof from.value !== 'string';
    return {
      value: isText ? JSON.stringify(from.value) : from.value,
      sure: SURE.has(kind) || kind === 'quoted',
      from,
    };
  }
  return undefined;
}

/** The same piece of the text may be a value of several kinds, or be found twice. */
function isUsed(value: Value, used: ReadonlySet<Value>): boolean {
  return (
    used.has(value) ||
    [...used].some(({ start, end }) => end > 0 && start === value.start && end === value.end)
  );
}

function after(pattern: RegExp, text: string, values: readonly Value[]): Found | undefined {
  const match = pattern.exec(text);
  const at = match === null ? -1 : match.index + match[0].length;
  const from = values.find(({ start, kind }) => start === at && /quoted|name|email|identifier/.test(kind));
  return from === undefined ? undefined : { value: from.value, sure: true, from };
}

/** What is left of a request for a parameter that takes words: what follows a colon or "for", else the words themselves. */
function remainder(parameter: Parameter, text: string, single: boolean): string | undefined {
  const clean = text.replace(/[?!.\s]+$/, '');
  const colon = /:\s+(\S.*)$/s.exec(clean)?.[1] ?? /\n\n(.+)$/s.exec(clean)?.[1];
  if (colon !== undefined) return colon;
  if (FREE_TEXT.test(parameter.name))
    return /\b(?:saying|that says|in|of)\s+(?:the (?:text|sentence|phrase)\s+)(.+)$/is.exec(clean)?.[1];
  if (!single) return undefined;
  const rest =
    /\b(?:for|about|named|called|mentioning|containing|matching|of|on|in|to)\s+(?:the\s+(?:word|term|text|string|phrase|name|city of)\s+|(?:all|any|the|every)\s+)?(.+)$/i.exec(
      clean,
    )?.[1] ??
    /\b(?:where|who|find|search|lookup|define|translate)\s+(?:is |are |uses? |calls? )?(?:the\s+)?(.+?)(?:\s+(?:is\s+)?(?:defined|declared|used|implemented|called))?$/i.exec(
      clean,
    )?.[1];
  return rest?.replace(
    /\s+(?:in|from|of) (?:the |this |my )?(?:code(?:base)?|sources?|repo(?:sitory)?|project|workspace|files?)$/i,
    '',
  );
}

/** What was said or found before, when this part points back to it. */
function recall(parameter: Parameter, { text, values, before, results }: Source): Found | undefined {
  if (!parameter.required && !ANAPHOR.test(text)) return undefined;
  for (const result of results.toReversed()) {
    const value = byName(parameter, result);
    if (value !== undefined) return { value, sure: false };
  }
  if (!ANAPHOR.test(text)) return undefined;
  const kinds = kindsOf(parameter).filter(
    (kind) => kind !== 'expression' && (parameter.required || SURE.has(kind)),
  );
  // "Who wrote a.txt, and is it long?": what the part itself names is not looked for elsewhere.
  if (!parameter.required && values.some(({ kind }) => kinds.includes(kind))) return undefined;
  const value = before.findLast(
    (candidate) => kinds.includes(candidate.kind) && allowed(parameter, candidate.value),
  );
  return value === undefined || parameter.type === 'boolean'
    ? undefined
    : { value: value.value, sure: false };
}

/** A field of an earlier result that has the parameter's name; the first item of a list stands for it. */
function byName(parameter: Parameter, result: unknown): unknown {
  if (Array.isArray(result)) return byName(parameter, result[0]);
  if (typeof result !== 'object' || result === null) return undefined;
  for (const [key, value] of Object.entries(result)) {
    if (typeof value === 'object') continue;
    if (words(key).join() === words(parameter.name).join() && allowed(parameter, value)) return value;
  }
  return Object.values(result)
    .map((inner) => (typeof inner === 'object' ? byName(parameter, inner) : undefined))
    .find((inner) => inner !== undefined);
}

function allowed({ schema, type }: Parameter, value: unknown): boolean {
  if (
    type === 'string' &&
    typeof schema.pattern === 'string' &&
    typeof value === 'string' &&
    value.length < 200
  ) {
    try {
      return linearRegExp(schema.pattern).test(value);
    } catch {
      return true; // a pattern beyond the linear engine: the executor judges
    }
  }
  return type !== 'number' && type !== 'integer' ? true : typeof value === 'number';
}

/** "Paris and London", "d6, d8 and d20": more values of the same kind beside the one that was taken. */
function listed(
  parameter: Parameter,
  first: Value,
  source: Source,
  used: ReadonlySet<Value>,
): Filled['several'] {
  const all = first.kind === 'zone' ? findZones(source.text) : source.values;
  const values: Value[] = [first];
  for (const next of all) {
    const last = values.at(-1) ?? first;
    if (next.kind !== first.kind || next.start < last.end || used.has(next)) continue;
    const between = source.text.slice(last.end, next.start);
    if (
      /^\s*(?:,|,?\s*and|,?\s*or|&|vs\.?|versus)\s+(?:an?\s+|the\s+|in\s+)?[a-z]?$/i.test(between) &&
      allowed(parameter, next.value)
    )
      values.push(next);
  }
  if (values.length < 2) return undefined;
  return { name: parameter.name, values: values.map(({ value }) => value) };
}

/** Values of a text that may be pointed back to. */
export function valuesOf(text: string): Value[] {
  return [...findValues(text), ...findZones(text)];
}

export function pointsBack(text: string): boolean {
  return ANAPHOR.test(text);
}
