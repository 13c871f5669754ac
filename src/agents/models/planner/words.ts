import { ANY, CHANGING, DESTROYING, SAME, STOP } from './lexicon.js';

/** Lower-case stems of the words that matter; camelCase, snake_case and kebab-case are taken apart. */
export function words(text: string): string[] {
  const parts =
    text
      .replace(/([a-z\d])([A-Z])/g, '$1 $2')
      .toLowerCase()
      .match(/[\p{L}\d]+/gu) ?? [];
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

const SYNONYMS = new Map<string, ReadonlySet<string>>();
for (const group of SAME.map((same) => same.map(stem)))
  for (const one of group) SYNONYMS.set(one, new Set([...synonyms(one), ...group]));

/** Stems that mean about the same as this one, itself included. */
export function synonyms(of: string): ReadonlySet<string> {
  return SYNONYMS.get(of) ?? new Set([of]);
}

/** `deploy` and `deployment`, `humid` and `humidity`: one begins with the other. */
export function isForm(one: string, other: string): boolean {
  const [short, long] = one.length < other.length ? [one, other] : [other, one];
  return short.length > 3 && long.length - short.length < 5 && long.startsWith(short);
}

export const GENERIC = new Set(words(ANY));
export const DESTROYS = new Set(words(DESTROYING));
export const CHANGES = new Set([...DESTROYS, ...words(CHANGING)]);
