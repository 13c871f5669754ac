import { ANAPHOR, fill, type Filled } from './fill.js';
import { split, splitWeakly } from './segments.js';
import { hit, type Parameter, type PlannerTool, type Profile, profileOf, READS } from './tools.js';
import { blank, findValues, MAX_TEXT, type Value } from './values.js';
import { CHANGES, DESTROYS, GENERIC, synonyms, words } from './words.js';

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
const MAX_CHOICES = 40;
/** Marks, inside a task, what was found before it. */
export const SO_FAR = 'Found so far:';
/** Kinds of value and the words that a description has for them. */
const TELLING: Readonly<Record<string, string>> = {
  ...{ expression: 'calculate', path: 'file', hash: 'commit', code: 'currency' },
  ...{ zone: 'time', identifier: 'id key number', email: 'email', url: 'url' },
};
const READING =
  /^(?:what|which|who|when|where|how|is|are|does|did|show|list|find|search|get(?! http)|read|(?:tell|give) me|do (?:you|i|we)|any)\b/i;
const NEGATED =
  /\b(?:do not|don['’]t|never|(?:must|should|shall|may) not|(?:must|should|shan|would)n['’]t|let['’]s not|no need to|not to|rather not|avoid|refrain from|under no circumstances)\b(?! (?:forget|hesitate|know|have|see|remember|understand|worry|mind|you)\b)/i;
/** What is said of others, or is to be written somewhere, refuses nothing. */
const QUOTING = /[:"“`]|\b(?:who|that(?! you)|which|whose|if|why|when|saying|says)\b/i;
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
  calls(
    { text, stage, profile, before }: Step,
    all: readonly string[],
  ): { calls: PlannedCall[]; missing?: Parameter } {
    if (profile === undefined) return { calls: [] };
    const { name } = profile.tool;
    const results = all.map((result) => result.slice(0, MAX_RESULT));
    if (profile.whole !== undefined) {
      const task = taskOf(text, before, stage > 0 ? results : []);
      return { calls: [{ name, args: { [profile.whole.name]: task } }] };
    }
    const found = results.flatMap((result) => findValues(result).reverse());
    const fields = new Map(results.flatMap(fieldsOf).reverse());
    const isLater = stage > 0 || ANAPHOR.test(text);
    const readings = (isLater ? wordings(text, results.at(-1) ?? '') : [text]).map((wording) =>
      fill(profile, { text: wording, values: findValues(wording), before: [...before, ...found], fields }),
    );
    const { args, missing, several } = (readings.find((one) => one.missing.length === 0) ??
      readings[0]) as Filled;
    if (missing.length > 0) return { calls: [], missing: missing[0] };
    if (several === undefined) return { calls: [{ name, args }] };
    return { calls: several.values.map((value) => ({ name, args: { ...args, [several.name]: value } })) };
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
    const said = words(
      values
        .filter(({ kind }) => !/code|zone/.test(kind))
        .reduce(blank, text)
        .slice(0, MAX_TEXT),
    );
    const own = isSum ? ['calculat', ...said] : said;
    const hints = values.flatMap(({ kind }) => words(TELLING[kind] ?? ''));
    const told = own.some((word) => !GENERIC.has(word)) ? own : [...own, ...hints];
    // A word that few tools know tells more.
    const scores = this.profiles.map(() => 0);
    for (const [place, word] of [...new Set([...told, ...hints])].entries()) {
      const hits = this.profiles.map((profile) => hit(profile, word) * (place < told.length ? 1 : 0.4));
      const rarity = Math.log2(1 + hits.length / Math.max(1, hits.filter(Boolean).length));
      for (const [at, one] of hits.entries()) scores[at] = (scores[at] ?? 0) + one * rarity;
    }
    const rated = this.profiles.flatMap((profile, at): Choice[] => {
      const filled = fill(profile, { text, values, before });
      const { missing, evidence } = filled;
      const best = Math.max(...told.map((word) => hit(profile, word)));
      const isSure = missing.length === 0 && evidence >= (isSum ? 1 : 3.5);
      const fit = isSum ? 0 : verbFit(profile, own[0], text);
      if (fit === undefined || !(isSure || best > 0.39)) return [];
      const score = (scores[at] ?? 0) / Math.max(...scores, 2) + Math.min(evidence, 5) / 5;
      return [{ profile, filled, points: score + fit - Math.min(missing.length, 2) / 4 }];
    });
    return rated.sort((a, b) => b.points - a.points)[0];
  }

  /** "A and B" is two when each is something to do by itself and not the same thing. */
  private refine(text: string, before: readonly Value[]): string[] {
    if (text.length > MAX_PART || this.choices.size > MAX_CHOICES) return [text];
    const whole = this.decide(text, before);
    for (const { left, right } of splitWeakly(text)) {
      const then = [...before, ...findValues(left)];
      const [first = ''] = words(right);
      const isOrder =
        READING.test(right) || CHANGES.has(first) || this.profiles.some(({ verbs }) => verbs.includes(first));
      if (isRefused(right)) return [...this.refine(left, before), right];
      if (isRefused(left) && isOrder) return [left, ...this.refine(right, then)];
      const one = this.decide(left, before);
      const two = this.decide(right, then);
      if (one === undefined || two === undefined) continue;
      const isSame = JSON.stringify(one.filled.args) === JSON.stringify(two.filled.args);
      if (one.profile === two.profile && (one.profile.whole || two.filled.evidence < 1 || isSame)) continue;
      // Not when that would tear apart what the whole has, unless it begins as a thing to do does.
      const lacks = one.filled.missing.length + two.filled.missing.length + (isOrder ? 0 : 1);
      const hasMore = whole !== undefined && whole.filled.evidence > one.filled.evidence;
      if (hasMore && whole.filled.missing.length < lacks) continue;
      return [left, ...this.refine(right, then)];
    }
    return [text];
  }

  private add(text: string, then: boolean, before: readonly Value[]): void {
    const choice = this.decide(text, before);
    const refused = isRefused(text);
    const values = findValues(text);
    const isChat =
      words(values.reduce(blank, text)).length === 0 && values.every(({ kind }) => kind === 'date');
    if (choice === undefined && !refused && isChat) return;
    const last = this.steps.at(-1);
    const stage = (last?.stage ?? 0) + (last !== undefined && (then || RESULT.test(text)) ? 1 : 0);
    // A sub-agent gets all of its consecutive parts in one task, and a call that would be the same is made once.
    const had = last && this.decide(last.text, last.before)?.filled.args;
    const isSame =
      stage === last?.stage && JSON.stringify({ ...had, ...choice?.filled.args }) === JSON.stringify(had);
    if (last && choice && last.profile === choice.profile && (choice.profile.whole || isSame)) {
      const joint = then ? ', then ' : /[.?!]$/.test(last.text) ? ' ' : ' and ';
      this.steps[this.steps.length - 1] = { ...last, text: last.text + joint + text };
      return;
    }
    this.steps.push({ text, stage, before, profile: choice?.profile, refused });
  }
}

/** Is this said to be left undone? */
function isRefused(text: string): boolean {
  return NEGATED.test(text.split(QUOTING)[0] ?? '');
}

/** For (0.3) or against a tool by its verb; undefined when it would change what nobody asked to have changed. */
function verbFit({ verbs, tool, terms }: Profile, lead = '', text: string): number | undefined {
  // "Turn on" is none for a tool that turns off.
  const [, state] = /_(on|off)$/i.exec(tool.name) ?? [];
  if (state && !new RegExp(`\\b${state}\\b`, 'i').test(text)) return undefined;
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
function wordings(text: string, last: string): string[] {
  const main = /(?:"(?:result|value|answer|total|output)":\s*"?|= )(-?\d+(?:\.\d+)?)/.exec(last);
  const number = (main ?? /(-?\d+(?:\.\d+)?)(?!.*\d)/s.exec(last))?.[1];
  if (number === undefined) return [text];
  return [
    text.replace(new RegExp(String.raw`${RESULT.source}|\b(?:it|that|this)\b`, 'i'), number),
    text.replace(/^(multiply|divide|increase|decrease|reduce|square|double|halve)\b/i, `$1 ${number}`),
    text.replace(/^add (\S+)/i, `${number} + $1`).replace(/^subtract (\S+)/i, `${number} - $1`),
  ];
}
