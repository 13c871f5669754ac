import { linearRegExp } from '../../../tools/schema/linear-regexp.js';
import { type SchemaParameter, schemaParameters } from '../../../tools/schema/parameters.js';
import { findValues } from './values.js';
import { CHANGES, GENERIC, isForm, synonyms, words } from './words.js';

/** A tool as the planner sees it: what an LLM would see. */
export interface PlannerTool {
  readonly name: string;
  readonly description?: string;
  readonly parameters?: Readonly<Record<string, unknown>>;
}
/** A parameter, the kinds of value it takes (best first; `vague` when nothing tells), and how people speak of it. */
export type Parameter = ReturnType<typeof readParameter>;
/** What is known of a tool: `terms` are its words and how much each tells, `whole` takes the request itself. */
export type Profile = ReturnType<typeof readTool>;

/** Kinds of value by the format of a parameter, the words of its name, or else of its description. */
const TAKES: readonly (readonly [RegExp, string])[] = [
  [/expr|formula|equation|calculation|arithmetic/i, 'expression'],
  [/json/i, 'json'],
  [/ur[li]\b|\blink\b|website|endpoint/i, 'url'],
  [/e-?mail/i, 'email'],
  [/phone|mobile/i, 'phone'],
  [/time.?zone|\btz\b|\bzone\b/i, 'zone name words'],
  [/pattern|glob/i, 'path quoted identifier code'],
  [/\bpath|\bfile|folder|directory|\bdir\b|\bhost/i, 'path'],
  [/\bhash\b|\bcommit\b|\bsha\d*\b|revision/i, 'hash'],
  [/(?:start|end) time|\bhour\b|HH:MM/i, 'time'],
  [/\bdate|\bday\b|\bmonth\b|\btime\b|\bsince\b|\buntil\b|deadline|\bdue\b/i, 'date time'],
  [/currency|ticker|\biso\b/i, 'code'],
  [/\bid\b|\bkey\b/i, 'identifier hash quoted number'],
  [/quer(?:y|ies)|search|keyword|needle|regex|\bsymbol\b/i, 'quoted identifier email name code'],
  [/text|content|body|message|notes?\b|comment|sentence|document|input|subject|summary|\bsql\b/i, 'quoted'],
  [/city|street|place|location|country|origin|destination|address|person|author|owner/i, 'quoted name'],
  [/title|\bname\b|topic|caption/i, 'quoted name identifier path'],
  [/ticket|issue|number|\bcode\b/i, 'identifier hash quoted number'],
];
const ANY = 'quoted identifier name path code number email'.split(' ');
/** The words before a value that say what it is for, by the name of the parameter. */
const CUES: readonly (readonly [RegExp, string])[] = [
  [/\bmin(?:imum)?\b/, 'over|above|at least|more than|from|between'],
  [/\bmax(?:imum)?\b/, 'under|below|at most|up to|less than|within|between .* and'],
  [
    /since|after|\bstart(?! time)|from|begin|origin|source|base|departure/,
    'since|after|from|leaving|between',
  ],
  [
    /until|before|\bend|\bto\b|destination|target|due/,
    'until|till|before|into|in|to|as|due|by|between .* and',
  ],
  [/author|sender|artist|\bby\b/, 'by|did|does|has|from|of'],
  [/user|person|owner|assignee|employee|customer/, 'by|did|does|has|from|of|to|for'],
  [/recipient|channel|receiver/, '(?:to|in|on)(?: the)?'],
  [/city|street|location|place|country|region|area|room/, '(?:in|at|near|of|for|from)(?: the)?'],
  [/title|name|label|subject|topic|query|search|text|keyword|media/, '(?:called|about|for|on|with)(?: the)?'],
];
export const READS =
  /(?:^|_)(?:get|list|show|find|search|read|fetch|look|describe|view|check|count|query|convert)(?![a-z])/i;
const EXAMPLE = /\be\.g\.,? (.+)$/s;

/** The profile of a tool, made once. */
export function profileOf(tool: PlannerTool): Profile {
  const profile = profiles.get(tool) ?? readTool(tool);
  profiles.set(tool, profile);
  return profile;
}
const profiles = new WeakMap<PlannerTool, Profile>();

function readTool(tool: PlannerTool) {
  const { name, description = '' } = tool;
  const parameters = parametersOf(tool.parameters);
  const first = description.split(/[.!:](?=\s|$)/)[0] ?? '';
  const texts: (readonly [string, number])[] = [
    ...parameters.map((one) => [one.description, 0.5] as const),
    ...parameters.map(
      (one) => [`${one.name} ${JSON.stringify([one.choices, one.schema.items])}`, 0.7] as const,
    ),
    ...([
      [description, 0.8],
      [first, 1],
      [name, 1.5],
    ] as const),
  ];
  const terms = new Map(
    texts.flatMap(([text, weight]) => words(text.replace(EXAMPLE, '')).map((term) => [term, weight])),
  );
  const whole = parameters.find((one) => /^(task|request|instructions?|prompt|goal)$/i.test(one.name));
  const own = words(name.slice(name.lastIndexOf('__') + 1));
  const [said = ''] = words(first.split(' ')[0] ?? '');
  const verb = [...own, said].find((word) => CHANGES.has(word)) ?? (READS.test(name) ? '' : (own[0] ?? ''));
  const isVerb = verb !== '' && whole === undefined && (CHANGES.has(verb) || verb === said);
  return { tool, parameters, terms, whole, verbs: isVerb ? [verb, said] : [] };
}

/** The parameters of a schema, required ones first; those of an object inside it by their path. */
function parametersOf(schema: PlannerTool['parameters'], path = '', isNeeded = true): Parameter[] {
  return schemaParameters(schema).flatMap((given) => {
    const parameter = { ...given, name: path + given.name, required: given.required && isNeeded };
    return given.type === 'object' && given.schema.properties !== undefined
      ? parametersOf(given.schema, `${parameter.name}.`, parameter.required)
      : [readParameter(parameter)];
  });
}

function readParameter(given: SchemaParameter) {
  const { description, schema, required } = given;
  const last = given.name.slice(given.name.lastIndexOf('.') + 1).replace(/([a-z])([A-Z])/g, '$1 $2');
  const plain = last.replace(/[_-]+/g, ' ').toLowerCase();
  const find = (text: unknown) => TAKES.find(([pattern]) => pattern.test(String(text)))?.[1].split(' ');
  const known = find(schema.format ?? (schema.items as typeof schema)?.format) ?? find(plain) ?? [];
  // By format and name; by the examples of the description; a required one also by its words.
  const example = known.length > 0 ? '' : (EXAMPLE.exec(description)?.[1] ?? '');
  const shown = findValues(`as ${example}`).map(({ kind }) => kind);
  const told = required ? (find(description) ?? (shown.length > 0 ? ANY : [])) : [];
  const kinds = [...new Set([...known, ...shown, ...told])];
  const isText = given.type === 'string' || given.type === 'array';
  const isTime = kinds[0] === 'time' || kinds[0] === 'zone';
  const cue = isTime ? undefined : CUES.find(([pattern]) => pattern.test(plain))?.[1];
  const name = plain
    .replace(/(?<=.) (id|number|name|key|code|date)$/, '(?: $1)?')
    .replaceAll(' ', '[\\s_-]*');
  return {
    ...given,
    kinds: isText ? (kinds.length > 0 ? kinds : ANY) : [given.type === 'object' ? 'json' : 'number'],
    vague: isText && kinds.length === 0,
    stems: words(plain),
    pattern: patternOf(schema.pattern),
    /** Its name before a value, its name with a value as in "owner: Ada", words before its values as "from". */
    named: new RegExp(`\\b${name}s?\\b\\s*(?:[:=]|is|of|to|as|named|called)?\\s*(?:the\\s+)?["'#]?$`, 'i'),
    label: new RegExp(`\\b${name}\\s*[:=]\\s*"?(${kinds.length === 1 ? '[^\\n"]+' : '[^,;\\n"]+'})`, 'i'),
    cue: cue === undefined ? undefined : new RegExp(`\\b(?:${cue})\\s+$`, 'i'),
  };
}

function patternOf(pattern: unknown) {
  try {
    return typeof pattern === 'string' ? linearRegExp(pattern) : undefined;
  } catch {
    return undefined; // beyond the linear engine: the executor judges
  }
}

/** How well a tool knows a word: by itself, by another form of it, or by words that mean the same. */
export function hit({ terms }: Profile, word: string): number {
  let best = terms.get(word) ?? 0;
  for (const [term, weight] of terms) if (isForm(word, term)) best = Math.max(best, 0.8 * weight);
  const meant = best > 0 ? [] : [...synonyms(word)].flatMap((other) => terms.get(other) ?? []);
  if (meant.length > 0) best = 0.5 * Math.max(...meant) + 0.01 * meant.length;
  return GENERIC.has(word) ? best * 0.3 : best;
}
