import { ANAPHOR, fill, type Filled } from './fill.js';
import { split, splitWeakly } from './segments.js';
import { CHANGES, DESTROYS, hit, type PlannerTool, type Profile, profileOf, READS } from './tools.js';
import { blank, findValues, MAX_TEXT, type Value } from './values.js';
import { GENERIC, synonyms, words } from './words.js';

/** One thing that is asked. Steps of one stage run at the same time; without a tool it cannot be done. */
export interface Step {
  readonly text: string;
  readonly stage: number;
  readonly profile?: Profile;
  /** What was said before it, for "it" and "that file". */
  readonly before: readonly Value[];
  /** It was said that this shall not be done. */
  readonly refused: boolean;
}
export type PlannedCall = { name: string; args: Record<string, unknown> };
type Choice = { profile: Profile; filled: Filled; points: number };

/** Bounds of the work on one request. */
const MAX_STEPS = 20;
const MAX_PART = 600;
const MAX_RESULT = 4000;
const MAX_CHOICES = 60;
/** Marks, inside a task, what was found before it. */
export const SO_FAR = 'Found so far:';
/** Kinds of value and question words, and the word that a description has for them. */
const TELLING: Readonly<Record<string, string>> = {
  ...{ expression: 'calculate', json: 'json', url: 'url', phone: 'phone', path: 'file', hash: 'commit' },
  ...{ email: 'email', code: 'currency', zone: 'time', date: 'date', identifier: 'id key number' },
};
const ASKS: readonly (readonly [RegExp, string])[] = [
  [/\bwho(se|m)?\b/i, 'author'],
  [/\bwhen\b/i, 'date'],
  [/\b(?:which|all)\b/i, 'list'],
  [/\bwhere\b/i, 'find'],
  [/\bhow (many|often|frequently)\b/i, 'count'],
];
const STATEMENT =
  /^(?:(?:i|we)\b(?! (?:need|want|would like))|i'm|i've|we're|my|our|there|the|this|here|these|he|she|they)\b(?!.*\?$)/i;
const READING =
  /^(?:what|which|who|when|where|how|is|are|does|did|show|list|find|search|get(?! http)|read|(?:tell|give) me|do (?:you|i|we)|any)\b/i;
const NEGATED =
  /\b(?:do not|don['’]t|never|(?:must|should|shall|may) not|(?:must|should|shan|would)n['’]t|let['’]s not|no need to|not to|rather not|avoid|refrain from|under no circumstances)\b(?! (?:forget|hesitate|know|have|see|remember|understand|worry|mind|you)\b)/i;
/** What is said of others, or is to be written somewhere, refuses nothing. */
const QUOTING = /[:"“`]|\b(?:who|that(?! you)|which|whose|if|why|when|saying|says)\b/i;
/** A tool for one of them is none for the other. */
const PAIRS =
  'on off,off on,up down,down up,open close,close open,enable disable,disable enable,start stop,stop start';
const OPPOSITES = new Map(PAIRS.split(',').map((pair) => pair.split(' ') as [string, string]));
const HANDING = /\b(?:ask|let|have|tell|get|hand|delegate|transfer|consult|pass|forward)\b/i;
const RESULT =
  /\b(?:(?:that|this|its) (?:result|answer|sum|total|output|value|number|product)|the (?:result|answer|output)\b(?! (?:of|to))|what you (?:find|found|get|got))\b/i;

/** Splits a request into steps and finds the tool and the arguments of each, by rules only. */
export class Plan {
  readonly steps: Step[] = [];
  private readonly profiles: readonly Profile[];
  private readonly choices = new Map<string, Choice | undefined>();

  constructor(request: string, earlier: string, tools: readonly PlannerTool[]) {
    this.profiles = tools.map(profileOf);
    const known = findValues(earlier);
    for (const { text: part, later } of split(request).slice(0, MAX_STEPS)) {
      for (const [position, text] of this.refine(part, known).entries()) {
        this.add(text, later && position === 0, [...known]);
        known.push(...findValues(text));
      }
    }
  }

  /** The calls of a step; several when the text names several values. `missing` is what nobody said. */
  calls({ text, stage, profile, before }: Step, all: readonly string[]) {
    const results = all.map((result) => result.slice(0, MAX_RESULT));
    if (profile === undefined) return { calls: [], missing: undefined };
    const { tool, whole } = profile;
    if (whole !== undefined)
      return {
        calls: [{ name: tool.name, args: { [whole.name]: taskOf(text, before, stage > 0 ? results : []) } }],
        missing: undefined,
      };
    const isLater = stage > 0 || ANAPHOR.test(text);
    const found = results.flatMap((result) => findValues(result).reverse());
    const fields = new Map(isLater ? results.flatMap(fieldsOf).reverse() : []);
    const readings = (isLater ? wordings(text, results) : [text]).map((wording) =>
      fill(profile, { text: wording, values: findValues(wording), before: [...before, ...found], fields }),
    );
    const { args, missing, several } = (readings.find((one) => one.missing.length === 0) ??
      readings[0]) as Filled;
    const variants = several?.values.map((value) => ({ [several.name]: value })) ?? [{}];
    const calls = variants.map((variant): PlannedCall => ({
      name: tool.name,
      args: { ...args, ...variant },
    }));
    return { calls: missing.length === 0 ? calls : [], missing: missing[0] };
  }

  /** The best tool for a part of a request, or none when none knows its words. */
  private decide(text: string, before: readonly Value[]): Choice | undefined {
    if (!this.choices.has(text))
      this.choices.set(text, isRefused(text) ? undefined : this.rank(text, before));
    return this.choices.get(text);
  }

  private rank(text: string, before: readonly Value[]): Choice | undefined {
    const values = findValues(text);
    const isSum = values.some(({ kind }) => kind === 'expression');
    const all = words(
      values
        .filter(({ kind }) => kind !== 'code' && kind !== 'zone')
        .reduce(blank, text)
        .slice(0, MAX_TEXT),
    );
    const hints = values.flatMap(({ kind }) => words(TELLING[kind] ?? ''));
    const asked = ASKS.flatMap(([pattern, says]) => (pattern.test(text) ? words(says) : []));
    const own = isSum
      ? ['calculat', ...all.filter((word) => this.profiles.some(({ terms }) => terms.has(word)))]
      : all;
    const told = own.some((word) => !GENERIC.has(word)) ? own : [...own, ...hints, ...asked];
    // A word that few tools know tells more.
    const scores = this.profiles.map(() => 0);
    for (const [place, word] of [...new Set([...told, ...hints, ...asked])].entries()) {
      const hits = this.profiles.map((profile) => hit(profile, word) * (place < told.length ? 1 : 0.4));
      const rarity = Math.log2(1 + hits.length / Math.max(1, hits.filter(Boolean).length));
      for (const [at, one] of hits.entries()) scores[at] = (scores[at] ?? 0) + one * rarity;
    }
    const rated = this.profiles.flatMap((profile, at): Choice[] => {
      const filled = fill(profile, { text, values, before });
      const used = filled.used.flatMap(({ start, end }) => words(text.slice(start, end)));
      const hits = told
        .map((word) => hit(profile, word))
        .filter((one, index) => one > 0 || !used.includes(told[index] ?? ''));
      const coverage = hits.filter(Boolean).length / Math.max(1, hits.length);
      const isAddressed =
        profile.whole !== undefined &&
        HANDING.test(text) &&
        words(profile.tool.name)
          .slice(profile.tool.name.startsWith('handoff') ? 1 : 0)
          .every((word) => all.includes(word));
      const fit = isSum ? 0 : verbFit(profile, own, text);
      const isSure = filled.missing.length === 0 && filled.evidence >= (isSum ? 1 : 3.5);
      if (fit === undefined || !(isAddressed || isSure || (coverage > 0.32 && Math.max(...hits) > 0.39)))
        return [];
      const lacks = Math.min(filled.missing.length, 2) / 4 + filled.unused / 2;
      const score =
        (scores[at] ?? 0) / Math.max(...scores, 2) + coverage / 2 + Math.min(filled.evidence, 5) / 5;
      return [{ profile, filled, points: score + fit - lacks + (isAddressed ? 3 : 0) }];
    });
    return rated.sort((a, b) => b.points - a.points)[0];
  }

  /** "A and B" is two when each is something to do by itself and not the same thing. */
  private refine(text: string, before: readonly Value[]): string[] {
    if (text.length > MAX_PART || this.choices.size > MAX_CHOICES) return [text];
    const whole = this.decide(text, before);
    for (const { left, right } of splitWeakly(text)) {
      const [said, values] = [findValues(left), findValues(right)];
      const then = [...before, ...said];
      const [first = ''] = words(right);
      const isOrder =
        READING.test(right) || CHANGES.has(first) || this.profiles.some(({ verbs }) => verbs.includes(first));
      if (isRefused(right)) return [...this.refine(left, before), right];
      if (isRefused(left) && isOrder) return [left, ...this.refine(right, then)];
      const isTelling = values.some(({ kind }) => /expression|json|url|phone|code/.test(kind));
      const { kind } = said.findLast(({ end }) => end === left.length) ?? {};
      const isListed = kind !== undefined && values.some((value) => value.start === 0 && value.kind === kind);
      if ((!isTelling && words(values.reduce(blank, right)).length === 0) || isListed) continue;
      const one = this.decide(left, before);
      // "Enroll Ann in A and Bob in B": the second one has no verb of its own.
      const full = isOrder ? right : `${left.split(' ')[0]} ${right}`;
      const again = full === right ? undefined : this.decide(full, then);
      const isAgain = again?.profile === one?.profile && again?.profile.verbs.includes(words(left)[0] ?? '');
      const two = isAgain ? again : this.decide(right, then);
      if (one === undefined || two === undefined) continue;
      const isSame = JSON.stringify(one.filled.args) === JSON.stringify(two.filled.args);
      if (one.profile === two.profile && (one.profile.whole || two.filled.evidence < 1 || isSame)) continue;
      // Not when that would tear apart what the whole has, unless it begins as a thing to do does.
      const lacks = one.filled.missing.length + two.filled.missing.length + (isOrder ? 0 : 1);
      const hasMore = whole !== undefined && whole.filled.evidence > one.filled.evidence;
      if (hasMore && whole.filled.missing.length < lacks) continue;
      return [left, ...this.refine(isAgain ? full : right, then)];
    }
    return [text];
  }

  private add(text: string, then: boolean, before: readonly Value[]): void {
    const choice = this.decide(text, before);
    const refused = isRefused(text);
    const values = findValues(text);
    const isChat =
      words(values.reduce(blank, text)).length === 0 && values.every(({ kind }) => kind === 'date');
    if (choice === undefined && !refused && (isChat || STATEMENT.test(text))) return;
    const last = this.steps.at(-1);
    const stage = (last?.stage ?? 0) + (last !== undefined && (then || RESULT.test(text)) ? 1 : 0);
    // A sub-agent gets all of its consecutive parts in one task, and a call that would be the same is made once.
    if (choice !== undefined && last?.profile === choice.profile) {
      const had = JSON.stringify(this.decide(last.text, last.before)?.filled.args);
      const isSame = Object.entries(choice.filled.args).every(([name, value]) =>
        had.includes(JSON.stringify({ [name]: value }).slice(1, -1)),
      );
      if (choice.profile.whole || (stage === last.stage && isSame && choice.filled.missing.length === 0)) {
        const joint = then ? ', then ' : /[.?!]$/.test(last.text) ? ' ' : ' and ';
        this.steps[this.steps.length - 1] = { ...last, text: last.text + joint + text };
        return;
      }
    }
    this.steps.push({ text, stage, before, profile: choice?.profile, refused });
  }
}

/** Is this said to be left undone? */
function isRefused(text: string): boolean {
  return NEGATED.test(text.split(QUOTING)[0] ?? '');
}

/** For (0.3) or against a tool by what it does; undefined when it does what nobody asked for. */
function verbFit(
  { verbs, tool, terms }: Profile,
  [lead = '']: readonly string[],
  text: string,
): number | undefined {
  const heard = new Set(text.toLowerCase().match(/[a-z]+/g));
  const parts = tool.name.toLowerCase().split(/[\W_]+/);
  if (parts.some((part) => heard.has(OPPOSITES.get(part) ?? '') && !heard.has(part))) return undefined;
  if (verbs.length === 0)
    return READS.test(tool.name) && CHANGES.has(lead) && !terms.has(lead) ? undefined : 0;
  // "Books" is no order to book.
  const said = words(text.replace(/\b\w+[^s\W]s\b/g, ''));
  if (verbs.some((verb) => said.some((word) => synonyms(word).has(verb)))) return 0.3;
  const isChange = verbs.some((verb) => CHANGES.has(verb)) && READING.test(text);
  return isChange || verbs.some((verb) => DESTROYS.has(verb)) ? undefined : -0.3;
}

/** What a sub-agent is told: it sees nothing else, so that "it" and "the result" are spelled out. */
function taskOf(text: string, before: readonly Value[], results: readonly string[]): string {
  if (results.length > 0) return `${text}\n\n${SO_FAR} ${results.join('\n').slice(0, MAX_RESULT)}`;
  const meant = before.findLast(({ kind }) => /path|url|hash|identifier|quoted/.test(kind));
  if (meant === undefined || findValues(text).some(({ kind }) => kind === meant.kind)) return text;
  return text.replace(/\b(?:it|(?:that|this|the same|the) (?:file|url|page|commit))\b/i, () =>
    String(meant.value),
  );
}

/** The plain fields of a result that is JSON, in its order. */
function fieldsOf(result: string): [string, unknown][] {
  const fields = result.matchAll(/"(\w+)":\s*(?:"((?:[^"\\]|\\.)*)"|(-?\d+(?:\.\d+)?))/g);
  return [...fields].map(([, name = '', text, number]) => [name, text ?? Number(number)]);
}

/** Ways to read a later step once results are there: "multiply that by 2" is "multiply 434 by 2". */
function wordings(text: string, results: readonly string[]): string[] {
  const last = results.at(-1) ?? '';
  const main =
    /"(?:result|value|answer|total|output)":\s*"?(-?\d+(?:\.\d+)?)/.exec(last) ??
    /= (-?\d+(?:\.\d+)?)/.exec(last);
  const number = (main ?? /(-?\d+(?:\.\d+)?)(?!.*\d)/s.exec(last))?.[1];
  if (number === undefined) return [text];
  return [
    text.replace(new RegExp(String.raw`${RESULT.source}|\b(?:it|that|this)\b`, 'i'), number),
    text.replace(/^(multiply|divide|increase|decrease|reduce|square|double|halve)\b/i, `$1 ${number}`),
    text.replace(/^(?:add (\S+)|subtract (\S+))/i, (_, more?: string, less?: string) =>
      more ? `${number} + ${more}` : `${number} - ${less}`,
    ),
  ];
}
