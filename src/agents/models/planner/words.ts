import { LRUCache } from 'lru-cache';

const list = (text: string) => text.trim().split(/\s+/);

/** Words that say nothing about what is wanted. */
const STOP = new Set(
  list(`a about above actually after all also am an and any anything are as ask at be been before being below between but by can
  check could d did do does done during each few for from gave get give given go had has have he help her here him his how i
  if in into is it its just kindly know least let like likes ll m many me mine more most much my near need no not now of off
  oh ok okay on one only or our out over per please quickly re s shall she should so some something t tell than thank
  thanks that the their them then there these they thing things this those to too under until up us use using ve very via
  want wants was we were what whats when where whether which while who whom whose will with within would you your often times
  recently brief short briefly advance cheers perfect excellent wonderful answer answers exactly currently again lot bye called named titled saying says`),
);

/** Everyday words for the same thing: a request may use one and a tool's description another. */
const SAME =
  `change modify edit touch alter update rename set adjust raise mark move reschedule|author who wrote committer person blame writer
  contributor|commit revision changeset check-in hash|history log past|find search look locate grep where lookup occurrence
  |calculate compute evaluate calculator arithmetic math sum multiply divide subtract percent percentage formula expression
  plus minus product average square root power squared cubed half double twice add difference increase decrease vat
  |show display print open view read see content contain inside detail info describe|time clock hour now zone|copy duplicate
  |date day today calendar weekday tomorrow yesterday|weather forecast temperature rain sunny snow|convert conversion transform
  |count number total statistics stats length|delete remove erase drop cancel purge wipe clear trash|list enumerate which
  |create make add new open generate put set plan organise organize|transfer send pay|text sentence paragraph word string
  |send mail email message notify post text phone tell announce|price cost quote rate worth trading|buy order purchase
  |picture image photo|usage reference call|die dice|log record track|code source codebase program|file document path
  |define definition declare implement mean meaning dictionary|repository repo git|ticket issue bug case|customer client
  |random roll flip toss pick throw|summarize summary shorten summarise|write draft compose rewrite rephrase save
  |query extract select jq filter|last latest recent newest|stock share|distance far|translate translation language
  |reserve book|meeting appointment event schedule|switch turn|revenue sale turnover|reach web page url website http
  |directory folder|person people user account employee staff|people seat guest attendee passenger|parcel package shipment
  |money currency|encyclopedia wikipedia article|start begin launch run play|stop end halt pause|close shut|restart reboot
  |light lamp|song track music|direction route way|compare diff difference|vacation leave holiday`
    .split('|')
    .map(list);

/** Lower-case words; camelCase, snake_case and kebab-case are taken apart. */
export function plainly(text: string): string[] {
  const spaced = text.replace(/([a-z\d])([A-Z])/g, '$1 $2');
  return spaced.toLowerCase().match(/[\p{L}\d]+/gu) ?? [];
}

/** Stems of the words that matter. */
export function words(text: string): string[] {
  return plainly(text)
    .filter((word) => !STOP.has(word) && !/\d/.test(word))
    .map(stem);
}

/** Where a text says a name, in whatever form. */
export function mentions(text: string, name: unknown): { start: number; end: number }[] {
  const wanted = plainly(String(name)).map(stem);
  const said = TOKENS.memo(text);
  return said.flatMap(({ index: start }, at) => {
    const { 0: last = '', index = 0 } = said[at + wanted.length - 1] ?? {};
    const isIt = wanted.every((one, i) => one === stem(said[at + i]?.[0].toLowerCase() ?? ''));
    return isIt && last ? [{ start, end: index + last.length }] : [];
  });
}

const TOKEN = /[\p{L}\d]+?(?=(?<=[a-z\d])[A-Z]|[^\p{L}\d]|$)/gu;
const TOKENS = new LRUCache<string, RegExpExecArray[]>({ max: 9, memoMethod: (s) => [...s.matchAll(TOKEN)] });
const STEMS = new LRUCache<string, string>({ max: 5000, memoMethod: stemOf });
const stem = (word: string) => STEMS.memo(word);
/** A short English stemmer: the same for `change`, `changes`, `changed` and `changing`. */
function stemOf(word: string): string {
  let base = word;
  if (base.length > 4) base = base.replace(/(?<=[^aeiou])ies$/, 'y').replace(/(?<=ss|x|z|ch|sh)es$/, '');
  if (base.length > 3) base = base.replace(/(?<=[^su])s$/, '');
  base = base.replace(
    base.length > 5 ? /ing$|ed$|ly$|[ai]tion$|(?<=t)ion$|(?<=t)or$|ment$|ity$|er$/ : /(?<=\w{2}[^e])ed$/,
    '',
  );
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

/** Verbs that fit almost any tool, those of tools that destroy, and those of all that change something. */
export const GENERIC = new Set(words('show display print open view read see make set new add create write'));
export const DESTROYS = new Set(
  words(
    'delete remove drop cancel purge clear wipe erase terminate destroy revoke retire kill truncate discard',
  ),
);
export const CHANGES = new Set([
  ...DESTROYS,
  ...words(`create add update write post send set restart refund close lock unlock transfer merge move assign
    reserve pay submit publish approve reject invite enable disable`),
]);
