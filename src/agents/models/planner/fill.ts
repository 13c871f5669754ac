import { linearRegExp } from '../../../tools/schema/linear-regexp.js';
import { type Parameter, parametersOf, type PlannerTool } from './tools.js';
import { areListed, counted, cueFor, endsWithName, mentioned, remainder } from './language/mentions.js';
import { ANAPHOR } from './language/references.js';
import { findZones, overlap, SURE, type Value } from './language/values.js';
import { words } from './language/words.js';

/** Where arguments may come from: the part of the request itself, then what was said and found before it. */
export interface Source {
  readonly text: string;
  readonly values: readonly Value[];
  readonly before: readonly Value[];
}

/** `missing` is required and not said; `evidence` is how much was surely meant for this tool. */
export interface Filled {
  readonly args: Record<string, unknown>;
  readonly missing: readonly Parameter[];
  readonly evidence: number;
  /** A value looks like the example of the parameter that it fills. */
  readonly shaped: boolean;
  /** Values of the text that surely are arguments, but none of this tool. */
  readonly unused: number;
  /** A parameter for which the text gives several values: one call each. */
  readonly several?: { readonly name: string; readonly values: readonly unknown[] };
}

/** A value that a parameter might get. Required ones take it from 0.5 points on, others from 2: surely meant. */
interface Offer {
  readonly parameter: Parameter;
  readonly value: unknown;
  readonly points: number;
  readonly from?: Value;
  /** Not said in this part of the request. */
  readonly recalled?: boolean;
}

/** Is this a parameter that takes the request itself, as that of an agent does? */
export function takesWhole({ required, type, name }: Parameter): boolean {
  return required && type === 'string' && /^(task|request|instructions?|prompt|question|goal)$/i.test(name);
}

/** Fills the parameters of a tool, only from what was said: the surest offer first. */
export function fill(tool: PlannerTool, source: Source): Filled {
  const { text } = source;
  const parameters = parametersOf(tool);
  const zones = parameters.some(({ kinds }) => kinds.includes('zone')) ? findZones(text) : [];
  const values = [...source.values, ...zones];
  const given = new Map<Parameter, Offer>();
  const offers = parameters.flatMap((parameter) => offersFor(parameter, { ...source, values }, tool.name));
  for (const offer of offers.sort((a, b) => b.points - a.points)) {
    const { parameter, points, from } = offer;
    const isListed = (other: Value) =>
      !parameter.required && points < 3 && areListed(other, from as Value, text);
    const clash = (other: Value) => overlap(other, from as Value) || isListed(other);
    const isTaken =
      from !== undefined && [...given.values()].some((other) => other.from && clash(other.from));
    const isOpen = (other: Parameter) =>
      other !== parameter && other.required && other.type === 'string' && !given.has(other);
    const isRest = points < 1 && from?.kind === 'word' && parameters.some(isOpen);
    if (points >= (parameter.required ? 0.5 : 2) && !given.has(parameter) && !isTaken && !isRest)
      given.set(parameter, offer);
  }
  const isUsed = (value: Value) => [...given.values()].some(({ from }) => from && overlap(from, value));
  const worth = ({ parameter, points, recalled }: Offer) =>
    recalled === true ? 0 : (points >= 2 ? 1 : 0.3) * (parameter.required ? 2.5 : 1);
  const missing = parameters.filter((parameter) => parameter.required && !given.has(parameter));
  return {
    args: Object.fromEntries([...given].map(([{ name }, { value }]) => [name, value])),
    missing,
    evidence: [...given.values()].reduce((sum, offer) => sum + worth(offer), 0),
    shaped: [...given].some(([{ description }, { value }]) => isShaped(description, String(value))),
    unused: source.values.filter((value) => isArgument(value) && !isUsed(value)).length,
    ...(missing.length === 0 && { several: severalOf(given, values, text) }),
  };
}

/** Is this value too special to be just words? */
function isArgument({ kind, value }: Value): boolean {
  return (
    kind === 'date' ||
    kind === 'quoted' ||
    kind === 'hash' ||
    (kind === 'identifier' && /\d/.test(String(value)))
  );
}

function severalOf(
  given: ReadonlyMap<Parameter, Offer>,
  values: readonly Value[],
  text: string,
): Filled['several'] {
  const taken = [...given.values()].map(({ from }) => from);
  for (const [{ name }, { from }] of given) {
    const chain = from === undefined ? [] : [from];
    for (const next of values)
      if (chain[0] && areListed(chain.at(-1) as Value, next, text) && !taken.includes(next)) chain.push(next);
    if (chain.length > 1) return { name, values: chain.map(({ value }) => value) };
  }
  return undefined;
}

function offersFor(parameter: Parameter, source: Source, tool: string): Offer[] {
  const { text, values } = source;
  const { name, type, required, kinds } = parameter;
  const byWords = decided(parameter, text, values);
  if (byWords !== undefined) return [{ parameter, value: byWords, points: 5 }];
  const spans = type === 'string' ? [...values, ...mentioned(name, kinds, text)] : values;
  const offers = spans.map((from): Offer => {
    const written = from.kind === 'number' ? text.slice(from.start, from.end) : JSON.stringify(from.value);
    const value = type === 'string' && typeof from.value !== 'string' ? written : from.value;
    return { parameter, value, points: affinity(parameter, from, text), from };
  });
  const rest = required && type === 'string' ? (remainder(kinds, text) ?? afterName(tool, text)) : undefined;
  if (rest !== undefined && allows(parameter, rest)) {
    const start = text.lastIndexOf(rest);
    offers.push({
      parameter,
      value: rest,
      points: 0.6,
      from: { kind: 'word', value: rest, start, end: start + rest.length },
    });
  }
  const recalled = recall(parameter, source);
  return recalled === undefined
    ? offers
    : [...offers, { parameter, value: recalled, points: required ? 0.5 : 2, recalled: true }];
}

/** "echo hello": what follows the name of the tool. */
function afterName(tool: string, text: string): string | undefined {
  const [, first = '', rest] = /^\s*(?:please\s+)?(\w+)\s+([^?]+?)[.!\s]*$/i.exec(text) ?? [];
  return words(tool).join(' ') === words(first)[0] && words(rest ?? '').length > 0 ? rest : undefined;
}

/** Parameters that need no single value: the whole request, a list, a choice, a yes or no. */
function decided(parameter: Parameter, text: string, values: readonly Value[]): unknown {
  const { choices, type, schema, kinds, description, name } = parameter;
  if (takesWhole(parameter)) return text.trim();
  const said = words(text);
  const plain = (value: unknown) =>
    ` ${String(value)
      .toLowerCase()
      .replace(/[^\p{L}\d]+/gu, ' ')} `;
  const isSaid = (stems: readonly string[]) => stems.length > 0 && stems.every((stem) => said.includes(stem));
  if (choices !== undefined)
    return (
      choices.find((one) => plain(text).includes(plain(one))) ??
      choices.find((one) => isSaid(words(String(one))))
    );
  if (type === 'array') {
    const isNumeric = /number|integer/.test(String((schema.items as { type?: unknown } | undefined)?.type));
    const kind = isNumeric
      ? 'number'
      : parameter.vague
        ? undefined
        : kinds.find((one) => values.some((value) => value.kind === one));
    const items = values.filter((value) => value.kind === kind).map(({ value }) => value);
    return values.find(({ value }) => Array.isArray(value))?.value ?? (items.length > 0 ? items : undefined);
  }
  if (type !== 'boolean') return undefined;
  const isOn = /\bon\b|\b(?:en|activ)a(?:ble|te)[sd]?\b/i.test(text);
  const isOff = /\boff\b|\b(?:dis|deactiv)a(?:ble|te)[sd]?\b/i.test(text);
  if (/enable|active|\bon\b/i.test(`${name} ${description}`) && isOn !== isOff) return isOn;
  // "On or off": the description names both.
  const no = /\b\w+ or (\w+)\b/i.exec(description)?.[1];
  if (no !== undefined && plain(text).includes(plain(no))) return false;
  const negated = new RegExp(
    String.raw`\b(?:no|not|without|don't)\s+(?:\w+\s+)?${words(name)[0] ?? ''}`,
    'i',
  );
  return isSaid(words(name)) ? !negated.test(text) : undefined;
}

/** Does a value look like the example that a description gives: `ABC-42` like "e.g. PROJ-123"? */
function isShaped(description: string, value: string): boolean {
  const shape = (text: string) =>
    text
      .replace(/[A-Z]+/g, 'A')
      .replace(/[a-z]+/g, 'a')
      .replace(/\d+/g, '9');
  const examples = /\be\.g\.,? (.+)$/s.exec(description)?.[1]?.split(/[,\s]+(?:or\s+)?/) ?? [];
  return /\d/.test(value) && examples.some((one) => shape(one.replace(/[.)]+$/, '')) === shape(value));
}

/** How surely a value is meant for a parameter; 0 when it cannot be. */
function affinity(parameter: Parameter, { kind, value, start, end }: Value, text: string): number {
  const { name, description, type, kinds, required, schema, vague } = parameter;
  const isNumeric = type === 'number' || type === 'integer';
  const takes =
    type === 'string' ? kind === 'word' || kinds.includes(kind) : kind === (isNumeric ? 'number' : 'json');
  if (type === 'array' || !takes || !allows(parameter, value)) return 0;
  const [left, right] = [text.slice(0, start), text.slice(end)];
  const isNamed = endsWithName(name, left);
  if (vague && !required && !isNamed) return 0;
  if (isNumeric) return 0.6 + (isNamed ? 3 : counted(name, description, left, right));
  // Without a date a tool speaks of today anyway.
  if (!required && /^today$/i.test(text.slice(start, end))) return 0;
  if (isShaped(description, String(value))) return 3.5 + (isNamed ? 1 : 0);
  const isTyped = (SURE.has(kind) && !vague) || kind === 'word' || typeof schema.pattern === 'string';
  const looks = isTyped
    ? 2.2
    : kind === 'quoted' && (required || (kinds[0] === kind && !vague))
      ? 2
      : required
        ? 1
        : 0.5;
  const cue = cueFor(name, left);
  const said = cue < 0 && (required || isNamed || kind === 'word') ? 0 : cue * 1.6;
  return looks + said + (isNamed ? 3 : 0) - Math.max(0, kinds.indexOf(kind)) / 10;
}

function allows({ schema, type }: Parameter, value: unknown): boolean {
  const [min, max] = [Number(schema.minimum ?? -Infinity), Number(schema.maximum ?? Infinity)];
  if (type === 'integer' && !Number.isInteger(value)) return false;
  if (type === 'integer' || type === 'number')
    return typeof value === 'number' && value >= min && value <= max;
  try {
    return (
      typeof schema.pattern !== 'string' || linearRegExp(schema.pattern).test(String(value).slice(0, 200))
    );
  } catch {
    return true; // a pattern beyond the linear engine: the executor judges
  }
}

/** What was said or found before, when this part points back to it. */
function recall(parameter: Parameter, { text, values, before }: Source): unknown {
  const { kinds, required, vague } = parameter;
  if (!ANAPHOR.test(text) || (vague && !required)) return undefined;
  const wanted = kinds.filter((kind) => kind !== 'expression' && (required || SURE.has(kind)));
  // "Who wrote a.txt, and is it long?": what the part itself names is not looked for elsewhere.
  if (!required && values.some(({ kind }) => wanted.includes(kind))) return undefined;
  return before.findLast(({ kind, value }) => wanted.includes(kind) && allows(parameter, value))?.value;
}
