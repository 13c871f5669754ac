/** Words that say nothing about what is wanted. */
const STOP = new Set(
  `a about actually am an and any anything are as ask at be been being by can check could d did do does done each few
  for from get give go had has have hello help her hey hi him his how i if in into is it its just kindly know
  let like ll me mine my need now of ok okay on one or our out per please quickly re s shall she should so some
  something t tell thank thanks that the their them then there these they thing this those to too up us use using ve
  very want whom often between times things most recently much mean was we were what whats when which while will with would you your`.split(
    /\s+/,
  ),
);

/** Everyday words for the same thing. A request may use one and a tool's description another. */
const SAME = [
  'change modify edit touch alter update rename',
  'author who wrote committer contributor person blame writer',
  'commit revision changeset check-in',
  'history log past',
  'calculate compute evaluate calculator arithmetic math sum multiply divide subtract percent percentage formula',
  'find search look locate grep where lookup occurrence',
  'show display print open view read see content contain inside',
  'time clock hour now',
  'date day today calendar weekday tomorrow yesterday',
  'weather forecast temperature rain',
  'convert conversion transform change',
  'count many number total statistics stats length',
  'delete remove erase drop cancel',
  'create make add new open',
  'list all enumerate',
  'send mail email message notify',
  'text sentence paragraph word letter character',
  'price cost quote rate worth',
  'buy order purchase',
  'picture image photo',
  'use usage reference call',
  'code source codebase program',
  'define definition declare implement',
  'die dice',
  'file document',
  'repository repo git',
  'ticket issue bug',
  'random roll flip toss pick throw',
  'summarize summary shorten',
  'write draft compose rewrite rephrase',
  'query extract select jq filter',
  'last latest recent newest',
  'stock share',
  'distance far',
  'translate translation language',
];

/** Lower-case stems of the words that matter; camelCase, snake_case and kebab-case are taken apart. */
export function words(text: string): string[] {
  const parts = text
    .replace(/\b(?:find|work) out\b/gi, ' ')
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .match(/[\p{L}\d]+/gu);
  return (parts ?? []).filter((word) => !STOP.has(word) && !/\d/.test(word)).map(stem);
}

/** A short English stemmer: the same for `change`, `changes`, `changed` and `changing`. */
export function stem(word: string): string {
  let base = word;
  if (base.length > 4) base = base.replace(/(?<=[^aeiou])ies$/, 'y').replace(/(?<=ss|x|z|ch|sh)es$/, '');
  if (base.length > 3) base = base.replace(/(?<=[^su])s$/, '');
  if (base.length > 5) base = base.replace(/ing$|ed$|ly$|(?<=t)ion$|(?<=t)or$/, '');
  else if (base.length > 4) base = base.replace(/(?<=[^e])ed$/, '');
  if (base === 'used') base = 'use';
  base = base.replace(/([bdgmnprt])\1$/, '$1');
  return base.length > 3 ? base.replace(/e$/, '').replace(/y$/, 'i') : base;
}

const groups = new Map<string, Set<string>>();
for (const line of SAME) {
  const stems = line.split(' ').map(stem);
  for (const one of stems) {
    const group = groups.get(one) ?? new Set<string>();
    for (const other of stems) if (other !== one) group.add(other);
    groups.set(one, group);
  }
}

/** Verbs that fit almost any tool. */
const GENERIC = new Set('show display print open view see list give make do'.split(' ').map(stem));

/** How much a word says about the tool that is wanted. */
export function weightOf(word: string): number {
  return GENERIC.has(word) ? 0.5 : 1;
}

/** Stems that mean about the same as this one. */
export function synonyms(of: string): readonly string[] {
  return [...(groups.get(of) ?? [])];
}

/** Question words that stand for something a description names. */
export function asked(text: string): string[] {
  const found: string[] = [];
  if (/\bwho(se|m)?\b/i.test(text)) found.push('author');
  if (/\bwhen\b/i.test(text)) found.push('date', 'time');
  if (/\bwhere\b/i.test(text)) found.push('find');
  if (/\bhow (many|often|frequently)\b/i.test(text)) found.push('count');
  return found.map(stem);
}
