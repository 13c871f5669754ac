import { type SchemaParameter, schemaParameters } from '../../../tools/schema/parameters.js';
import { findValues } from './values.js';
import { CHANGES, DESTROYS, GENERIC, plainly, synonyms, words } from './words.js';

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
  [/pattern|glob/i, 'path quoted identifier code words'],
  [/\bpath|\bfile|folder|directory|\bdir\b|\bhost/i, 'path'],
  [/\bhash\b|\bcommit\b|\bsha\d*\b|revision/i, 'hash'],
  [/\bdate|\bday\b|\bmonth\b|\btime\b|\bsince\b|\buntil\b|deadline|\bdue\b/i, 'date time'],
  [/currency|ticker|\biso\b/i, 'code'],
  [/\bid\b|\bkey\b/i, 'identifier hash quoted number'],
  [/quer(?:y|ies)|search|keyword|needle|regex|\bsymbol\b/i, 'quoted identifier email name code words'],
  [/text|content|body|message|notes?\b|comment|document|input|subject|summary|\bsql\b/i, 'quoted words'],
  [/city|street|place|location|country|origin|destination|address|person|author|owner/i, 'quoted name words'],
  [/title|\bname\b|topic|caption/i, 'quoted name identifier path words'],
  [/ticket|issue|number|\bcode\b/i, 'identifier hash quoted number'],
];
const ANY = 'quoted identifier name path code number email words'.split(' ');
/** The words before a value that say what it is for, by the name of the parameter. */
const CUES: readonly (readonly [RegExp, string])[] = [
  [/\bmin(?:imum)?\b/, 'over|above|at least|more than|from|between'],
  [/\bmax(?:imum)?\b/, 'under|below|at most|up to|less than|within|between .* and'],
  [/since|after|\bstart(?! time)|from|begin|origin|source|base|departure/, 'since|after|from|between'],
  [/until|before|\bend|\bto\b|destination|target|due/, 'until|before|into|in|to|as|due|by|between .* and'],
  [/author|sender|artist|\bby\b/, 'by|did|does|has|from|of'],
  [/user|person|owner|assignee|employee|customer/, 'by|did|does|has|from|of|to|for'],
  [/city|street|location|place|country|region|area|room/, '(?:in|at|near|of|for|from)(?: the)?'],
  [/title|name|label|subject|topic|query|search|text|keyword|media/, '(?:called|about|for|on|with)(?: the)?'],
];
/** How one begins who wants to know something. */
export const READING =
  /^(?:what|which|who|when|where|how|is|are|does|did|show|list|find|search|get(?! http)|read|(?:tell|give) me|do (?:you|i|we)|any)\b/i;
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
  const parameters = parametersOf(tool.parameters).map(readParameter);
  const first = description.split(/[.!:](?=\s|$)/)[0] ?? '';
  const terms = new Map<string, number>();
  const learn = (text: string, weight: number) => {
    for (const term of words(text.replace(EXAMPLE, ''))) terms.set(term, weight);
  };
  for (const one of parameters) learn(`${one.description} ${one.name} ${JSON.stringify(one.options)}`, 0.6);
  learn(description, 0.8);
  learn(first, 1);
  learn(name, 1.5);
  const whole = parameters.find((one) => /^(task|request|instructions?|prompt|goal)$/i.test(one.name));
  const own = words(name.slice(name.lastIndexOf('__') + 1));
  const [said = ''] = words(first.split(' ')[0] ?? '');
  const verb = [...own, said].find((word) => CHANGES.has(word));
  return { tool, parameters, terms, whole, verbs: verb && !whole ? [verb, said] : [] };
}

type Placed = SchemaParameter & { readonly path: readonly string[] };

/** The parameters of a schema; those of an object inside it by their path, as "address.city". */
function parametersOf(schema: PlannerTool['parameters'], above: readonly string[] = []): Placed[] {
  return schemaParameters(schema).flatMap((given) => {
    const path = [...above, given.name];
    if (given.type !== 'object' || given.schema.properties === undefined)
      return [{ ...given, path, name: path.join('.') }];
    const inside = parametersOf(given.schema, path);
    return given.required ? inside : inside.map((one) => ({ ...one, required: false }));
  });
}

function readParameter(given: Placed) {
  const { description, schema, required, type, choices } = given;
  const plain = plainly(given.path.at(-1) ?? '').join(' ');
  const items = schema.items as { format?: unknown; enum?: readonly unknown[] } | undefined;
  const find = (text: unknown) => TAKES.find(([pattern]) => pattern.test(String(text)))?.[1].split(' ');
  const [, example] = EXAMPLE.exec(description) ?? [];
  const shown = example && findValues(`as ${example}`).map(({ kind }) => kind);
  const byName = find(schema.format ?? items?.format) ?? find(plain);
  const told = (required && find(description)) || [];
  const taken = byName ?? [...new Set([...(shown || []), ...told])];
  const isText = type === 'string' || type === 'array';
  const options = choices ?? items?.enum;
  const kinds = options
    ? ['choice']
    : isText
      ? taken.length > 0
        ? taken
        : ANY
      : [type === 'object' ? 'json' : 'number'];
  const cue = /time|zone/.test(kinds[0] ?? '')
    ? undefined
    : CUES.find(([pattern]) => pattern.test(plain))?.[1];
  const name = plain
    .replace(/(?<=.) (id|number|name|key|code|date)$/, '(?: $1)?')
    .replaceAll(' ', '[\\s_-]*');
  const isLong =
    kinds[0] === 'quoted' && /text|content|body|message|notes?|comment|query|input|desc|^s$/i.test(plain);
  const tail = isLong ? '|(?:\\b(?:saying|that says|to say|that reads)\\s+|(?<=\\S):\\s+)(.+)$' : '';
  return {
    ...given,
    options,
    kinds,
    vague: isText && taken.length === 0,
    stems: words(plain),
    told: words(description),
    /** Its name before a value, its name with a value as in "owner: Ada", words before its values as "from". */
    named: new RegExp(`\\b${name}s?\\b\\s*(?:[:=]|is|of|to|as|named|called)?\\s*(?:the\\s+)?["'#]?$`, 'i'),
    label: new RegExp(`\\b${name}\\s*[:=]\\s*"?(${isLong ? '.+$' : '[^,;\\n"]+'})${tail}`, 'is'),
    cue: cue === undefined ? undefined : new RegExp(`\\b(?:${cue})\\s+$`, 'i'),
  };
}

/** How well a tool knows a word: by itself or by words that mean the same. */
export function hit({ terms }: Profile, word: string): number {
  const meant = [...synonyms(word)].flatMap((other) => terms.get(other) ?? []);
  const best = terms.get(word) ?? 0.5 * Math.max(0, ...meant) + 0.01 * meant.length;
  return GENERIC.has(word) ? 0.3 * best : best;
}

/** Asks for a fact; "what about deleting it?" and "why don't you?" do not. */
const FACT = /^\W*(?:when|where|who|which|how (?!about)|what (?!about)|why (?!don['’]?t|not))\b/i;

/** May a tool be meant? None that changes something has its verb unsaid, and none that reads is for a change. */
export function isMeant({ verbs, tool, terms }: Profile, text: string, lead = ''): boolean {
  // "Turn on" is none for a tool that turns off.
  const [, state] = /_(on|off)$/i.exec(tool.name) ?? [];
  if (state && !new RegExp(`\\b${state}\\b`, 'i').test(text)) return false;
  // Who asks for a fact wants nothing destroyed, whatever verb fits.
  if (FACT.test(text) && verbs.some((verb) => DESTROYS.has(verb))) return false;
  // "Books" is no order to book.
  const said = words(text.replace(/\b\w+[^s\W]s\b/g, ''));
  if (verbs.length === 0) return !CHANGES.has(lead) || terms.has(lead);
  if (verbs.some((verb) => said.some((word) => synonyms(word).has(verb)))) return true;
  return !verbs.some((verb) => DESTROYS.has(verb) || READING.test(text));
}
