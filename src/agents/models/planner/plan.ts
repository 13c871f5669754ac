import { ANAPHOR, RESULT, type Result, spellOut, valuesOf, wordings } from './language/references.js';
import { split, splitWeakly } from './language/segments.js';
import { findValues, type Value } from './language/values.js';
import { synonyms, words } from './language/words.js';
import { fill, type Filled, type Source, takesWhole } from './fill.js';
import { type Parameter, parametersOf, type PlannerTool, ToolIndex, wanted } from './tools.js';

export interface PlannedCall {
  readonly name: string;
  readonly args: Record<string, unknown>;
}

/** One thing that is asked, and the tool for it. Without a tool it cannot be done. */
export interface Step {
  readonly text: string;
  /** Steps of one stage are independent and run at the same time. */
  readonly stage: number;
  readonly tool?: PlannerTool;
  /** What was said before it, for "it" and "that file". */
  readonly before: readonly Value[];
}

/** Marks, inside a task, what was found before it. */
export const SO_FAR = 'Found so far:';
/** Part of a request's words that a tool must know to be chosen for it. */
const MIN_COVERAGE = 0.33;
/** Below it a tool was found by words that fit almost any. */
const MIN_SCORE = 4;
/** Values that say by themselves what is wanted. */
const TELLING = new Set(['expression', 'json', 'url', 'phone']);
/** What changes something is done only when its verb was said. */
const CHANGES = new Set(
  words('delete remove drop cancel create add update write send post set restart refund'),
);
const READS = new Set(
  words('find search look list show read track fetch query count describe calculate convert translate'),
);
const STATEMENT = /^(?:i|i'm|i've|we|we're|my|our|there|the|this|here|these|he|she|they)\b(?!.*\?$)/i;

/** Splits a request into steps and finds the tool and the arguments of each, by rules only. */
export class Plan {
  readonly steps: Step[] = [];
  private readonly index: ToolIndex;

  constructor(request: string, earlier: string, tools: readonly PlannerTool[]) {
    this.index = new ToolIndex(tools);
    const known = valuesOf(earlier);
    for (const segment of split(request)) {
      for (const [position, text] of this.refine(segment.text, known).entries()) {
        this.add(text, segment.later && position === 0, [...known]);
        known.push(...valuesOf(text));
      }
    }
  }

  get stages(): number {
    return Math.max(0, ...this.steps.map(({ stage }) => stage + 1));
  }

  /** The calls of a step; several when the text names several values. `missing` is what nobody said. */
  calls(step: Step, results: readonly Result[]): { calls: PlannedCall[]; missing?: Parameter } {
    const { tool } = step;
    if (tool === undefined) return { calls: [] };
    const whole = parametersOf(tool).find(takesWhole);
    if (whole !== undefined)
      return { calls: [{ name: tool.name, args: { [whole.name]: taskOf(step, results) } }] };
    const isLater = step.stage > 0 || ANAPHOR.test(step.text);
    const texts = isLater ? wordings(step.text, results) : [step.text];
    const readings = texts.map((text) => fill(tool, sourceOf(text, results, step.before)));
    const { args, missing, several } = (readings.find((one) => one.missing.length === 0) ??
      readings[0]) as Filled;
    if (missing[0] !== undefined) return { calls: [], missing: missing[0] };
    const variants = several?.values.map((value) => ({ [several.name]: value })) ?? [{}];
    return { calls: variants.map((variant) => ({ name: tool.name, args: { ...args, ...variant } })) };
  }

  /** The best tool for a part of a request, or none when none knows its words. */
  private decide(text: string, before: readonly Value[]): { tool: PlannerTool; filled: Filled } | undefined {
    const source = sourceOf(text, [], before);
    const telling = source.values.some(({ kind }) => TELLING.has(kind));
    const fits = this.index.search(text, source.values);
    const said = words(text);
    const rated = fits.map(({ tool, score, coverage }) => {
      const filled = fill(tool, source);
      const verb = verbOf(tool);
      const own = new Set(words(tool.name));
      const unsaid =
        verb !== undefined &&
        !said.some((word) => word === verb || (!own.has(word) && synonyms(word).has(verb)))
          ? 0.3
          : 0;
      const points =
        score / Math.max(fits[0]?.score ?? 1, MIN_SCORE) + coverage / 2 + Math.min(filled.evidence, 5) / 5;
      const sure = filled.missing.length === 0 && filled.evidence >= (telling ? 1 : filled.shaped ? 2.5 : 5);
      const fit = coverage >= MIN_COVERAGE || sure;
      return { tool, filled, fit, points: points - filled.missing.length / 3 - filled.unused / 2 - unsaid };
    });
    return rated.filter(({ fit }) => fit).sort((a, b) => b.points - a.points)[0];
  }

  /** "A and B" is two when each is something to do by itself and not the same thing. */
  private refine(text: string, before: readonly Value[]): string[] {
    const ways = splitWeakly(text);
    const whole = ways.length === 0 ? undefined : this.decide(text, before);
    for (const { left, right } of ways) {
      const values = findValues(right);
      if (wanted(right, values).length === 0 && !values.some(({ kind }) => TELLING.has(kind))) continue;
      const then = [...before, ...valuesOf(left)];
      const [one, two] = [this.decide(left, before), this.decide(right, then)];
      if (one === undefined || two === undefined || !differ(one, two)) continue;
      // Not when that would tear apart what the whole has.
      const lacks = one.filled.missing.length + two.filled.missing.length;
      const adds = whole !== undefined && whole.filled.evidence > one.filled.evidence;
      if (adds && whole.filled.missing.length < lacks) continue;
      return [left, ...this.refine(right, then)];
    }
    return [text];
  }

  private add(text: string, then: boolean, before: readonly Value[]): void {
    const tool = this.decide(text, before)?.tool;
    const last = this.steps.at(-1);
    const isChat = words(text).length === 0 && findValues(text).length === 0;
    if (tool === undefined && (isChat || STATEMENT.test(text))) return;
    const stage = (last?.stage ?? 0) + (last !== undefined && (then || RESULT.test(text)) ? 1 : 0);
    // A sub-agent gets all of its consecutive parts in one task, and a call that would be the same is made once.
    if (tool !== undefined && last?.tool === tool) {
      const joined = `${last.text}${then ? ', then ' : /[.?!]$/.test(last.text) ? ' ' : ' and '}${text}`;
      if (
        parametersOf(tool).some(takesWhole) ||
        (stage === last.stage && sameCall(last.text, text, tool, before))
      ) {
        this.steps[this.steps.length - 1] = { ...last, text: joined };
        return;
      }
    }
    this.steps.push({ text, stage, before, ...(tool && { tool }) });
  }
}

/** What a tool does to something, by its name: `delete_pet`, "Reserve a table" of `reserve_table`. */
function verbOf({ name, description = '' }: PlannerTool): string | undefined {
  const own = words(name.slice(name.indexOf('__') + 1));
  const isOrder = own[0] !== undefined && own[0] === words(description)[0] && !READS.has(own[0]);
  return own.find((word) => CHANGES.has(word)) ?? (isOrder ? own[0] : undefined);
}

function differ(
  one: { tool: PlannerTool; filled: Filled },
  two: { tool: PlannerTool; filled: Filled },
): boolean {
  if (one.tool !== two.tool) return true;
  const isSame = JSON.stringify(one.filled.args) === JSON.stringify(two.filled.args);
  return !parametersOf(one.tool).some(takesWhole) && two.filled.evidence >= 1 && !isSame;
}

function sameCall(one: string, two: string, tool: PlannerTool, before: readonly Value[]): boolean {
  const first = JSON.stringify(fill(tool, sourceOf(one, [], before)).args);
  const { args, missing } = fill(tool, sourceOf(two, [], before));
  const has = ([name, value]: [string, unknown]) =>
    first.includes(JSON.stringify({ [name]: value }).slice(1, -1));
  return missing.length === 0 && Object.entries(args).every(has);
}

function sourceOf(text: string, results: readonly Result[], before: readonly Value[]): Source {
  // Of a list of results the first is meant, of what was said the last.
  const found = results.flatMap((result) => valuesOf(result.text).reverse());
  return { text, values: findValues(text), before: [...before, ...found] };
}

/** What a sub-agent is told: it sees nothing else, so that "it" and "the result" are spelled out. */
function taskOf({ text, stage, before }: Step, results: readonly Result[]): string {
  const found = stage > 0 ? results.map((result) => result.text).join('\n') : '';
  if (found !== '') return `${text}\n\n${SO_FAR} ${found.slice(0, 4000)}`;
  return spellOut(text, before);
}
