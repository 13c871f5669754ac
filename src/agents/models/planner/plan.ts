import { ANAPHOR, fill, type Filled } from './fill.js';
import { split, splitWeakly } from './segments.js';
import { hit, type Parameter, type PlannerTool, type Profile, profileOf } from './tools.js';
import { blank, findValues, MAX_TEXT, type Value } from './values.js';
import { CHANGES, DESTROYS, GENERIC, synonyms, words } from './words.js';

/** One thing that is asked. Steps of one stage run at the same time; without a tool it cannot be done. */
export interface Step {
  readonly text: string;
  readonly stage: number;
  readonly profile?: Profile;
  /** What was named before it, for "it" and "that file". */
  readonly before: readonly string[];
  /** It was said that this shall not be done. */
  readonly refused: boolean;
}
export type PlannedCall = { name: string; args: Record<string, unknown> };
type Called = { calls: PlannedCall[]; missing?: Parameter };
type Choice = { profile: Profile; filled: Filled; points: number };

/** Bounds of the work on one request. */
const MAX_STEPS = 20;
const MAX_PART = 600;
const MAX_RESULT = 4000;
const MAX_CHOICES = 40;
const MAX_READINGS = 8;
/** Marks, inside a task, what was found before it. */
export const SO_FAR = 'Found so far:';
const READING =
  /^(?:what|which|who|when|where|how|is|are|does|did|show|list|find|search|get(?! http)|read|(?:tell|give) me|do (?:you|i|we)|any)\b/i;
const NEGATED =
  /\b(?:do not|don['’]t|never|(?:must|should|shall|may) not|(?:must|should|shan|would)n['’]t|let['’]s not|no need to|not to|rather not|avoid|refrain from|under no circumstances)\b(?! (?:forget|hesitate|know|have|see|remember|understand|worry|mind|you)\b)/i;
/** What is said of others, or is to be written somewhere, refuses nothing. */
const QUOTING = /[:"“`]|\b(?:who|that(?! you)|which|whose|if|why|when|saying|says)\b/i;
/** What a sub-agent could not know. */
const IT = /\b(?:it|(?:that|this|the same|the) (?:file|url|page|commit))\b/i;

/** Splits a request into steps and finds the tool and the arguments of each, by rules only. */
export class Plan {
  readonly steps: Step[] = [];
  private readonly profiles: readonly Profile[];
  private readonly choices = new Map<string, Choice | undefined>();

  constructor(request: string, earlier: string, tools: readonly PlannerTool[]) {
    this.profiles = tools.map(profileOf);
    const known = namedIn(earlier);
    for (const { text: part, later } of split(request).slice(0, MAX_STEPS)) {
      for (const [position, text] of this.refine(part, known).entries()) {
        this.add(text, later && position === 0, [...known]);
        known.push(...namedIn(text));
      }
    }
  }

  /** The calls of a step; several when the text names several values. `missing` is what nobody said. */
  calls({ text, stage, profile, before }: Step, results: readonly string[]): Called {
    if (profile === undefined) return { calls: [] };
    const { name } = profile.tool;
    const last = (results.at(-1) ?? '').slice(0, MAX_RESULT);
    if (profile.whole !== undefined) {
      // A sub-agent sees nothing else, so that "it" and the results are spelled out.
      const it = findValues(text).length === 0 ? before.at(-1) : undefined;
      const found = `\n\n${SO_FAR} ${results.join('\n').slice(0, MAX_RESULT)}`;
      const task = stage > 0 && last ? text + found : text.replace(IT, (said) => it ?? said);
      return { calls: [{ name, args: { [profile.whole.name]: task } }] };
    }
    const { args, missing, several } = read(profile, readings(text, [...before, ...namedIn(last)]));
    if (missing.length > 0) return { calls: [], missing: missing[0] };
    if (several === undefined) return { calls: [{ name, args }] };
    return { calls: several.values.map((value) => ({ name, args: { ...args, [several.name]: value } })) };
  }

  /** The best tool for a part of a request, or none when none knows its words. */
  private decide(text: string, before: readonly string[]): Choice | undefined {
    if (!this.choices.has(text))
      this.choices.set(text, isRefused(text) ? undefined : this.rank(text, before));
    return this.choices.get(text);
  }

  private rank(text: string, before: readonly string[]): Choice | undefined {
    const from = readings(text, before);
    const values = from[0]?.values ?? [];
    const isSum = values.some(({ kind }) => kind === 'expression');
    const plain = values.filter(({ kind }) => !/code|zone/.test(kind)).reduce(blank, text);
    const said = words(plain.slice(0, MAX_TEXT));
    const isPlain = said.every((word) => GENERIC.has(word));
    // With words that fit any tool, the looks of the values say more: "open src/a.ts".
    const shown = values.flatMap(({ kind }) => (isPlain && kind !== 'number' ? [kind] : []));
    const hints = isSum ? 'calculate' : shown.join(' ');
    const told = [...new Set([...words(hints), ...said])];
    const hits = this.profiles.map((profile) => told.map((word) => hit(profile, word)));
    const scores = hits.map((all) => all.reduce((sum, one) => sum + one, 0));
    const rated = this.profiles.flatMap((profile, at): Choice[] => {
      const filled = read(profile, from);
      const { missing, evidence } = filled;
      const isSure = missing.length === 0 && evidence >= (isSum ? 1 : 3.5);
      if (!isSum && !isMeant(profile, text, said[0])) return [];
      if (!isSure && Math.max(...(hits[at] ?? [])) < 0.3) return [];
      const points = (scores[at] ?? 0) / Math.max(...scores, 2) + Math.min(evidence, 5) / 5;
      return [{ profile, filled, points }];
    });
    return rated.sort((a, b) => b.points - a.points)[0];
  }

  /** "A and B" is two when each is something to do by itself and not the same thing. */
  private refine(text: string, before: readonly string[]): string[] {
    if (text.length > MAX_PART || this.choices.size > MAX_CHOICES) return [text];
    const whole = this.decide(text, before);
    for (const { left, right } of splitWeakly(text)) {
      const then = [...before, ...namedIn(left)];
      const isOrder = READING.test(right) || CHANGES.has(words(right)[0] ?? '');
      if (isRefused(right)) return [...this.refine(left, before), right];
      if (isRefused(left) && isOrder) return [left, ...this.refine(right, then)];
      const one = this.decide(left, before);
      const two = this.decide(right, then);
      if (one === undefined || two === undefined) continue;
      if (one.profile === two.profile && one.profile.whole) continue;
      // Not when that would tear apart what the whole has, unless it begins as a thing to do does.
      const hasMore = whole !== undefined && whole.filled.evidence > one.filled.evidence;
      if (hasMore && !isOrder && whole.filled.missing.length === 0) continue;
      return [left, ...this.refine(right, then)];
    }
    return [text];
  }

  private add(text: string, then: boolean, before: readonly string[]): void {
    const choice = this.decide(text, before);
    const refused = isRefused(text);
    const dates = findValues(text).filter(({ kind }) => kind === 'date');
    if (!choice && !refused && words(dates.reduce(blank, text)).length === 0) return;
    const last = this.steps.at(-1);
    const stage = (last?.stage ?? 0) + (last !== undefined && then ? 1 : 0);
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

/** A text and, where it points back, what it says with each thing that may be meant by that. */
function readings(text: string, before: readonly string[]): { text: string; values: Value[] }[] {
  const meant = ANAPHOR.test(text) ? before.slice(-MAX_READINGS).reverse() : [];
  const texts = [text, ...meant.map((one) => text.replace(ANAPHOR, () => one))];
  return texts.map((reading) => ({ text: reading, values: findValues(reading) }));
}

/** Fills a tool from the reading that gives it most. */
function read(profile: Profile, from: ReturnType<typeof readings>): Filled {
  const all = from.map(({ text, values }) => fill(profile, text, values));
  return all.sort((a, b) => a.missing.length - b.missing.length || b.evidence - a.evidence)[0] as Filled;
}

/** What a text names, as it stands there; the fields of JSON also by their names. The likeliest comes last. */
function namedIn(text: string): string[] {
  const fields = [...text.matchAll(/"(\w+)":\s*("(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?)/g)];
  const named = fields.flatMap(([, name = '', value = '']) => [`${name} ${value}`, value]);
  const values = findValues(text).map(({ start, end }) => text.slice(start, end));
  return (named.length > 0 ? named.reverse() : values).filter(Boolean);
}

/** May a tool be meant? None that changes something has its verb unsaid, and none that reads is for a change. */
function isMeant({ verbs, tool, terms }: Profile, text: string, lead = ''): boolean {
  // "Turn on" is none for a tool that turns off.
  const [, state] = /_(on|off)$/i.exec(tool.name) ?? [];
  if (state && !new RegExp(`\\b${state}\\b`, 'i').test(text)) return false;
  // "Books" is no order to book.
  const said = words(text.replace(/\b\w+[^s\W]s\b/g, ''));
  if (verbs.length === 0) return !CHANGES.has(lead) || terms.has(lead);
  if (verbs.some((verb) => said.some((word) => synonyms(word).has(verb)))) return true;
  return !verbs.some((verb) => DESTROYS.has(verb) || READING.test(text));
}
