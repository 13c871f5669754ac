/** Words that say nothing about what is wanted. */
const STOP = new Set(
  `a about actually am an and any anything are as ask at be been being by can check could d did do does done each few
  for from get give go had has have hello help her hey hi him his how i if in into is it its just kindly know like let
  ll me mine my need now of off ok okay on one or our out per please quickly re s shall she should so some something t
  tell thank thanks that the their them then there these they thing this those to too up us use using ve very want whom
  often between times things most recently much was we were what whats when whether which while whose will with would
  you your good morning afternoon evening brief short briefly advance cheers answer`.split(/\s+/),
);

/** Everyday words for the same thing: a request may use one and a tool's description another. */
const SAME =
  `change modify edit touch alter update rename|author who wrote committer contributor person blame writer
  |commit revision changeset check-in hash|history log past|find search look locate grep where lookup occurrence
  |calculate compute evaluate calculator arithmetic math sum multiply divide subtract percent percentage formula
  expression plus minus product average square root power squared cubed half double twice add difference increase decrease
  |show display print open view read see content contain inside detail info describe|time clock hour now zone
  |date day today calendar weekday tomorrow yesterday|weather forecast temperature rain|convert conversion transform
  |count many number total statistics stats length|delete remove erase drop cancel|list all enumerate which
  |create make add new open generate|send mail email message notify post text phone|text sentence paragraph word
  |price cost quote rate worth trading|buy order purchase|picture image photo|use usage reference call|die dice
  |code source codebase program|define definition declare implement mean meaning dictionary|file document path
  |repository repo git|ticket issue bug|random roll flip toss pick throw|summarize summary shorten|customer client
  |write draft compose rewrite rephrase|query extract select jq filter|last latest recent newest|stock share|distance far
  |translate translation language|reserve book|meeting appointment event schedule|switch turn|revenue sale turnover
  |reach web page url website http|directory folder|person people user account|people seat guest attendee passenger|parcel package shipment|money currency|encyclopedia wikipedia article`
    .split('|')
    .map((group) => new Set(group.trim().split(/\s+/).map(stem)));

/** Lower-case stems of the words that matter; camelCase, snake_case and kebab-case are taken apart. */
export function words(text: string): string[] {
  const plain = text.replace(/\b(?:find|work) out\b/gi, ' ').replace(/([a-z\d])([A-Z])/g, '$1 $2');
  const parts = plain.toLowerCase().match(/[\p{L}\d]+/gu) ?? [];
  return parts.filter((word) => !STOP.has(word) && !/\d/.test(word)).map(stem);
}

/** A short English stemmer: the same for `change`, `changes`, `changed` and `changing`. */
function stem(word: string): string {
  let base = word;
  if (base.length > 4) base = base.replace(/(?<=[^aeiou])ies$/, 'y').replace(/(?<=ss|x|z|ch|sh)es$/, '');
  if (base.length > 3) base = base.replace(/(?<=[^su])s$/, '');
  base = base.replace(base.length > 5 ? /ing$|ed$|ly$|(?<=t)ion$|(?<=t)or$/ : /(?<=\w{2}[^e])ed$/, '');
  base = base.replace(/([bdgmnprt])\1$/, '$1');
  return base.length > 3 ? base.replace(/e$/, '').replace(/y$/, 'i') : base;
}

/** Stems that mean about the same as this one, itself included. */
export function synonyms(of: string): ReadonlySet<string> {
  return SYNONYMS.get(of) ?? new Set([of]);
}
const SYNONYMS = new Map<string, Set<string>>();
for (const group of SAME) {
  for (const one of group) SYNONYMS.set(one, new Set([...(SYNONYMS.get(one) ?? []), ...group]));
}

/** Verbs that fit almost any tool. */
export const GENERIC = new Set(words('show display print open view see list make set all'));
/** Question words that stand for something a description names. */
const ASKS: readonly (readonly [RegExp, string])[] = [
  [/\bwho(se|m)?\b/i, 'author'],
  [/\bwhen\b/i, 'date time'],
  [/\bwhere\b/i, 'find'],
  [/\bhow (many|often|frequently)\b/i, 'count'],
];

/** What question words stand for. */
export function asked(text: string): string[] {
  return ASKS.flatMap(([pattern, says]) => (pattern.test(text) ? words(says) : []));
}
