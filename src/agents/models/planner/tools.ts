import { type SchemaParameter, schemaParameters } from '../../../tools/schema/parameters.js';
import { findValues } from './values.js';
import { GENERIC, isForm, synonyms, words } from './words.js';

/** A tool as the planner sees it: what an LLM would see. */
export interface PlannerTool {
  readonly name: string;
  readonly description?: string;
  readonly parameters?: Readonly<Record<string, unknown>>;
}

export interface Parameter extends SchemaParameter {
  /** What kinds of value it takes, best first. */
  readonly kinds: readonly string[];
  /** Nothing tells what it takes: any text may be meant, none surely. */
  readonly vague: boolean;
  readonly stems: readonly string[];
  /** Its name, as people say it, at the end of a text. */
  readonly named: RegExp;
  /** Its name and what is said to be its value, as in "owner: Ada Lovelace". */
  readonly label: RegExp;
  /** Words that stand before its values, at the end of a text: "from" before an origin. */
  readonly cue?: RegExp;
}

/** What is known of a tool; `terms` are its words and how much each tells, `whole` takes the request itself. */
export type Profile = ReturnType<typeof readTool>;

/** Kinds of value by the format of a parameter, the words of its name, or else of its description. */
const TAKES: readonly (readonly [RegExp, string])[] = [
  [/expr|formula|equation|calculation|arithmetic/i, 'expression'],
  [/json/i, 'json'],
  [/ur[li]\b|\blink\b|website|endpoint/i, 'url'],
  [/e-?mail/i, 'email'],
  [/phone|mobile/i, 'phone'],
  [/time.?zone|\btz\b|\bzone\b/i, 'zone'],
  [/\bsql\b|statement/i, 'quoted'],
  [/pattern|glob/i, 'path quoted identifier code'],
  [/\bpath|\bfile|folder|directory|\bdir\b|\bhost/i, 'path'],
  [/\bhash\b|\bcommit\b|\bsha\d*\b|revision|\brev\b/i, 'hash'],
  [/(?:start|end) time|\bhour\b|HH:MM/i, 'time'],
  [/\bdate|\bday\b|\bmonth\b|\btime\b|\bsince\b|\buntil\b|deadline|\bdue\b/i, 'date time'],
  [/currency|ticker|\biso\b/i, 'code'],
  [/\bid\b|\bkey\b/i, 'identifier hash quoted number'],
  [/quer(?:y|ies)|search|keyword|needle|regex|\bsymbol\b/i, 'quoted identifier email name code'],
  [/text|content|body|message|\bnotes?\b|comment|sentence|document|input|subject|summary/i, 'quoted'],
  [/city|place|location|country|origin|destination|address|person|author|assignee|owner/i, 'quoted name'],
  [/title|\bname\b|topic|caption/i, 'quoted name identifier path'],
  [/ticket|issue|number|\bcode\b/i, 'identifier hash quoted number'],
];
const ANY = 'quoted identifier name path code number email'.split(' ');

/** The words before a value that say what it is for, by the name of the parameter. */
const CUES: readonly (readonly [RegExp, string])[] = [
  [/\bmin(?:imum)?\b/, 'over|above|at least|more than|min(?:imum)?|from|between'],
  [/\bmax(?:imum)?\b/, 'under|below|at most|up to|less than|max(?:imum)?|within|between .* and'],
  [
    /since|after|start|from|begin|origin|source|base|departure/,
    'since|after|from|starting(?: on)?|leaving|between',
  ],
  [
    /until|before|\bend|\bto\b|destination|target|due/,
    'until|till|before|into|in|to|as|due|by|closing|between .* and',
  ],
  [/author|sender|artist|\bby\b/, 'by|did|does|has|from|of'],
  [/user|person|owner|assignee|employee|customer/, 'by|did|does|has|from|of|to|for'],
  [/recipient|channel|receiver/, '(?:to|in|on)(?: the)?'],
  [/city|location|place|country|region|area|room/, '(?:in|at|near|of|for|from)(?: the)?'],
  [
    /title|name|label|subject|topic|query|search|text|keyword|media/,
    '(?:called|named|titled|about|for|on|mentioning|with)(?: the)?',
  ],
];

/** Verbs of tools that destroy, that change, and that only read. */
export const DESTROYS = new Set(
  words('delete remove drop cancel purge clear wipe erase terminate destroy revoke'),
);
export const CHANGES = new Set([
  ...DESTROYS,
  ...words(
    'create add update write post send set restart refund close lock unlock transfer merge move assign reserve',
  ),
]);
export const READS =
  /(?:^|_)(?:get|list|show|find|search|read|fetch|look|describe|view|check|count|query|calculate|convert|translate)(?![a-z])/i;
export const EXAMPLE = /\be\.g\.,? (.+)$/s;

const profiles = new WeakMap<PlannerTool, Profile>();

/** The profile of a tool, made once. */
export function profileOf(tool: PlannerTool): Profile {
  const profile = profiles.get(tool) ?? readTool(tool);
  profiles.set(tool, profile);
  return profile;
}

function readTool(tool: PlannerTool) {
  const parameters = parametersOf(tool.parameters);
  const terms = new Map<string, number>();
  const add = (text: string, weight: number) => {
    for (const term of words(text)) terms.set(term, Math.max(weight, terms.get(term) ?? 0));
  };
  const [first = '', ...rest] = (tool.description ?? '').replace(EXAMPLE, '').split(/(?<=[.!:])\s/);
  add(tool.name, 1.5);
  add(first, 1);
  add(rest.join(' '), 0.8);
  for (const { name, description, choices = [], schema } of parameters) {
    add(`${name} ${choices.join(' ')} ${JSON.stringify(schema.items ?? '')}`, 0.7);
    add(description.replace(EXAMPLE, ''), 0.5);
  }
  const whole = parameters.find(
    ({ name, type }) => type === 'string' && /^(task|request|instructions?|prompt|goal)$/i.test(name),
  );
  const own = words(tool.name.slice(tool.name.lastIndexOf('__') + 1));
  const verb = own.find((word) => CHANGES.has(word)) ?? (READS.test(tool.name) ? '' : own[0]) ?? '';
  const said = words(first)[0] ?? '';
  const verbs =
    whole === undefined && (CHANGES.has(verb) || (verb !== '' && verb === said)) ? [verb, said] : [];
  const called = words(tool.name).filter((word) => !/^(?:handoff|transfer|delegat|call|agent)$/.test(word));
  return { tool, parameters, terms, whole, verbs, called };
}

/** The parameters of a schema, required ones first; those of an object inside it by their path. */
function parametersOf(schema: PlannerTool['parameters'], path = '', isNeeded = true): Parameter[] {
  return schemaParameters(schema).flatMap((given) => {
    const parameter = { ...given, name: path + given.name, required: given.required && isNeeded };
    if (given.type === 'object' && given.schema.properties !== undefined)
      return parametersOf(given.schema, `${parameter.name}.`, parameter.required);
    const plain = given.name
      .replace(/([a-z])([A-Z])/g, '$1 $2')
      .replace(/[_-]+/g, ' ')
      .toLowerCase();
    const kinds = kindsOf(given, plain);
    const isText = given.type === 'string' || given.type === 'array';
    const spoken = plain
      .replace(/(?<=.) (id|number|name|key|code|date)$/, '(?: $1)?')
      .replaceAll(' ', String.raw`[\s_-]*`);
    const cue = kinds?.[0] === 'time' ? undefined : CUES.find(([pattern]) => pattern.test(plain))?.[1];
    return {
      ...parameter,
      kinds: kinds ?? (isText ? ANY : []),
      vague: isText && kinds === undefined,
      stems: words(plain),
      named: new RegExp(
        String.raw`\b${spoken}s?\b\s*(?:[:=]|is|of|to|as|named|called)?\s*(?:the\s+)?["'#]?$`,
        'i',
      ),
      label: new RegExp(
        String.raw`\b${spoken}\s*[:=]\s*"?(${kinds?.length === 1 ? '[^\\n"]+' : '[^,;\\n"]+'})`,
        'i',
      ),
      cue: cue === undefined ? undefined : new RegExp(String.raw`\b(?:${cue})\s+$`, 'i'),
    };
  });
}

/** By format and name; by the examples of the description; a required one also by its words. */
function kindsOf({ description, schema, required }: SchemaParameter, plain: string): string[] | undefined {
  const find = (text: unknown) => TAKES.find(([pattern]) => pattern.test(String(text)))?.[1].split(' ');
  const known = find(schema.format ?? (schema.items as { format?: unknown })?.format) ?? find(plain) ?? [];
  const shown =
    known.length > 0 ? [] : findValues(`as ${EXAMPLE.exec(description)?.[1] ?? ''}`).map(({ kind }) => kind);
  const told = required ? (find(description) ?? (shown.length > 0 ? ANY : [])) : [];
  return known.length + shown.length + told.length === 0
    ? undefined
    : [...new Set([...known, ...shown, ...told])];
}

/** How well a tool knows a word: by itself, by another form of it, or by one that means the same. */
export function hit({ terms }: Profile, word: string): number {
  let best = terms.get(word) ?? 0;
  for (const [term, weight] of terms) if (isForm(word, term)) best = Math.max(best, 0.8 * weight);
  const meant = best > 0 ? [] : [...synonyms(word)].flatMap((other) => terms.get(other) ?? []);
  if (meant.length > 0) best = 0.5 * Math.max(...meant) + 0.01 * meant.length;
  return GENERIC.has(word) ? best * 0.3 : best;
}
