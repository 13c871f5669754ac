import { type Kind, SURE, type Value } from './values.js';
import { synonyms, words } from './words.js';

const LABEL = /title|name|label|subject|topic/i;
const SMALL = /^(a|an|and|at|for|from|in|is|like|of|on|please|the|to|with|by|or|about|that|it|this)$/i;
/** The words before a value that say what it is for, by the name of the parameter. */
const CUES: readonly (readonly [RegExp, RegExp])[] = [
  [/since|after|start|from|begin|origin/i, /\b(?:since|after|from|starting(?: on)?|between)\s+(?:the\s+)?$/i],
  [
    /until|before|end|to\b|destination|due/i,
    /\b(?:until|till|before|in|to|due|by|between .* and)\s+(?:the\s+)?$/i,
  ],
  [/author|user|person|owner|assignee|\bby\b/i, /\b(?:by|did|does|has|from)\s+$/i],
  [LABEL, /\b(?:called|named|titled)\s+$/i],
];

/** `name: some value`, `name value`, "called value", "saying …", whatever the value looks like. */
export function mentioned(name: string, kinds: readonly Kind[], text: string): Value[] {
  const isText = kinds.length === 1 && kinds[0] === 'quoted' && !LABEL.test(name);
  const called = LABEL.test(name) ? String.raw`|\b(?:called|named|titled)\s+` : '';
  return [
    String.raw`\b${spoken(name)}\b\s*[:=]\s*"?(${isText ? '[^\\n]+' : '[^,;\\n]+'})`,
    isText ? String.raw`(?:\b(?:saying|that says)\s+|(?<=\S):\s+)(.+)$` : '(?!)',
    String.raw`(?:\b${spoken(name)}\s+(?:is |named |called )?${called})([\w#@][\w./@-]*)`,
  ].flatMap((pattern): Value[] => {
    const match = new RegExp(pattern, 'is').exec(text);
    const value = match?.[1]?.trim().replace(/[".?!]+$/, '') ?? '';
    if (match === null || value === '' || SMALL.test(value)) return [];
    const start = match.index + match[0].lastIndexOf(match[1] ?? '');
    return [{ kind: 'word', value, start, end: start + value.length }];
  });
}

/** How people say the name of a parameter: `petId` is "pet id", or "pet" alone. */
function spoken(name: string): string {
  const parts = name
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .split(/[^A-Za-z\d]+/)
    .filter(Boolean);
  const last =
    parts.length > 1 && /^(id|number|name|key|code)$/i.test(parts.at(-1) ?? '') ? parts.pop() : undefined;
  return parts.join('[\\s_-]*') + (last === undefined ? '' : String.raw`(?:[\s_-]*${last})?`);
}

/** "4 people", "month 3", "the last 5": the words beside a number say what it counts. */
export function counted(name: string, description: string, left: string, right: string): number {
  const next =
    words(right.replace(/^\s*(?:\d+-\w+|(?:by|x|×)\s*\d+)/, '').split(/[,;.?!\d]/)[0] ?? '')[0] ?? '';
  if (words(name).some((word) => (next !== '' && synonyms(next).has(word)) || word === words(left).at(-1)))
    return 2.5;
  const counts = /limit|count|how many/i.test(`${name} ${description}`);
  if (counts && /\b(?:first|last|top|latest|newest|next|most|list|show|find|get|give me)\s+$/i.test(left))
    return 2;
  return words(description.replace(/\([^)]*\)/g, '')).includes(next) ? 1.5 : 0;
}

/** "Paris and London", "d6, d8 and d20": two values of one kind in a list. */
export function areListed(one: Value, next: Value, text: string): boolean {
  const between = next.start < one.end ? '' : text.slice(one.end, next.start);
  return (
    one.kind === next.kind &&
    /^\s*(?:,|,?\s*(?:and|or)|&|vs\.?|versus)\s+(?:an?\s+|the\s+|in\s+)?[a-z]?$/i.test(between)
  );
}

/** Does the text before a value end with the name of a parameter, as in "owner: "? */
export function endsWithName(name: string, left: string): boolean {
  return new RegExp(String.raw`\b${spoken(name)}\s*(?:[:=]|is)?\s*["'#]?$`, 'i').test(left);
}

/** What the words before a value say of the name of a parameter: for it (1), against it (-1), nothing (0). */
export function cueFor(name: string, left: string): number {
  const cue = CUES.find(([pattern]) => pattern.test(name))?.[1];
  return cue === undefined ? 0 : cue.test(left) ? 1 : -1;
}

/** What is left of a request for the one parameter that takes words: what follows a colon or "for", else the words. */
export function remainder(kinds: readonly Kind[], text: string): string | undefined {
  if (kinds.length === 1 && SURE.has(kinds[0] as Kind)) return undefined;
  const clean = text.replace(/[?!.\s]+$/, '');
  const after = (pattern: RegExp) => pattern.exec(clean)?.[1];
  const colon = after(/:\s+(\S.*)$/s) ?? after(/\n\n(.+)$/s);
  if (colon !== undefined || kinds.length === 1)
    return colon ?? after(/\b(?:in|of)\s+the (?:text|sentence|phrase)\s+(.+)$/is);
  const rest =
    after(
      /\b(?:for|about|with|named|called|mentioning|containing|matching|of|on|in|to)\s+(?:the\s+(?:word|term|text|string|phrase|name|city of)\s+|(?:all|any|the|every|an?)\s+)?(.+)$/i,
    ) ??
    after(
      /\b(?:where|who|find|search|look ?up|define|translate)\s+(?:is |are |uses? |calls? )?(?:the\s+)?(.+?)(?:\s+(?:is\s+)?(?:defined|declared|used|implemented|called))?$/i,
    );
  const core = rest
    ?.replace(/\s+(?:that|which|who|with|under|within|by|at (?:most|least)|for)\b.*$/is, '')
    .replace(/\s+(?:in|from|of) (?:the |this |my )?[\w-]+$/i, '');
  return core === undefined || /^(?:(?:my|our|your|this|that) .*|me|us|you|him|her|it|them)$/i.test(core)
    ? undefined
    : core;
}
