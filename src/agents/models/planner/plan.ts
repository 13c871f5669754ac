import { fill, type Filled, read, type Reading, readings } from './fill.js';
import { split, splitWeakly } from './segments.js';
import { hit, isMeant, type Parameter, type PlannerTool, type Profile, profileOf, READING } from './tools.js';
import { blank, findValues, MAX_TEXT, namedIn } from './values.js';
import { CHANGES, GENERIC, words } from './words.js';

/** One thing that is asked. Steps of one stage run at the same time; without a tool it cannot be done. */
export interface Step {
  readonly text: string;
  readonly stage: number;
  readonly profile?: Profile;
  /** What was named before it, for "it" and "that file". */
  readonly before: readonly string[];
  /** It was said that this shall not be done. */
  readonly refused: boolean;
  readonly again?: Record<string, unknown>;
}
export type PlannedCall = { name: string; args: Record<string, unknown> };
type Called = { calls: PlannedCall[]; missing?: Parameter };
type Choice = { profile: Profile; filled: Filled; points: number };

/** Bounds of the work on one request. */
const MAX_STEPS = 20;
const MAX_PART = 600;
const MAX_RESULT = 4000;
const MAX_CHOICES = 40;
/** Marks, inside a task, what was found before it. */
export const SO_FAR = 'Found so far:';
const NEGATED =
  /\b(?:do not|don['’]t|never|(?:must|should|shall|may) not|(?:must|should|shan|would)n['’]t|let['’]s not|no need to|not to|rather not|avoid|refrain from|under no circumstances)\b(?! (?:forget|hesitate|know|have|see|remember|understand|worry|mind|you)\b)/i;
/** What is said of others, or is to be written somewhere, refuses nothing. */
const QUOTING = /[:"“`]|\b(?:who|that(?! you)|which|whose|if|why|when|saying|says)\b/i;
/** Asks for the last thing again, with another value: "and in Berlin?" */
const AGAIN = /^(?:and|what about|how about|(?:the )?same (?:for|with|in))\s+(?=\S+(?:\s+\S+){0,5}$)/i;
/** Asks for something without a verb for it. */
const SEEKS = /^(?:(?:do |have )?(?:you )?(?:got|have)|where (?:can|do) (?:i|we)|anything|looking for)\b/i;
/** What a sub-agent could not know. */
const IT = /\b(?:it|(?:that|this|the same|the) (?:file|url|page|commit))\b/i;

/** Splits a request into steps and finds the tool and the arguments of each, by rules only. */
export class Plan {
  steps: Step[] = [];
  private readonly profiles: readonly Profile[];
  private readonly choices = new Map<string, Choice | undefined>();

  constructor(request: string, earlier: readonly string[], tools: readonly PlannerTool[]) {
    this.profiles = tools.map(profileOf);
    const known = namedIn(earlier.join('\n'));
    for (const { text: part, later } of split(request).slice(0, MAX_STEPS)) {
      for (const [position, text] of this.refine(part, known).entries()) {
        this.add(text, later && position === 0, [...known]);
        known.push(...namedIn(text));
      }
    }
    const again = AGAIN.test(request) && new Plan(earlier.at(-1) ?? '', earlier.slice(0, -1), tools);
    if (again) this.steps = this.again(request, again) ?? this.steps;
  }

  /** The last call of the request before, with the values that are said now; none when something else is asked. */
  private again(request: string, before: Plan): Step[] | undefined {
    const last = before.steps.at(-1);
    const call = last && before.calls(last, []).calls.at(-1);
    if (!call || last.stage > 0 || last.profile?.whole) return undefined;
    const text = request.replace(AGAIN, '');
    const { args } = fill(last.profile as Profile, request, findValues(request));
    const own = this.decide(text, []);
    const isOther = own && own.profile !== last.profile && own.filled.missing.length === 0;
    const isOrder = isRefused(text) || READING.test(text) || CHANGES.has(words(text)[0] ?? '');
    if (isOther || isOrder || Object.keys(args).length === 0) return undefined;
    return [{ ...last, text: request, again: { ...call.args, ...args } }];
  }

  /** The calls of a step; several when the text names several values. `missing` is what nobody said. */
  calls({ text, stage, profile, before, again }: Step, results: readonly string[]): Called {
    if (profile === undefined) return { calls: [] };
    const { name } = profile.tool;
    if (again) return { calls: [{ name, args: again }] };
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
    const [, asked = ''] = /^(?:please )?(?:ask|tell|have|let) (?:the |our )?([\w-]+)/i.exec(text) ?? [];
    const agent = this.profiles.find(
      ({ whole, tool }) => whole && tool.name === `ask_${asked.toLowerCase()}`,
    );
    if (agent) return { profile: agent, filled: read(agent, from), points: Infinity };
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
    return (
      rated.sort((a, b) => b.points - a.points)[0] ?? (SEEKS.test(text) ? this.search(text, from) : undefined)
    );
  }

  /** Who only names a thing wants to find it, when one tool alone finds things. */
  private search(text: string, from: Reading[]): Choice | undefined {
    const able = this.profiles.filter(({ terms }) => terms.has('search') || terms.has('find'));
    const all = able.map((profile) => ({ profile, filled: read(profile, from), points: 0 }));
    return all.length === 1 && all[0]?.filled.missing.length === 0 ? all[0] : undefined;
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
