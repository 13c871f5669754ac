import { fill, type Filled, pointsBack, type Source, takesWhole, valuesOf } from './arguments.js';
import { split, splitWeakly } from './segments.js';
import { type Parameter, parametersOf, type PlannerTool, ToolIndex, wanted } from './tools.js';
import { findValues, type Value } from './values.js';
import { words } from './words.js';

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

interface Decision {
  readonly tool: PlannerTool;
  readonly filled: Filled;
}

/** Part of a request's words that a tool must know to be chosen for it. */
const MIN_COVERAGE = 0.33;
/** Values that say by themselves what is wanted. */
const TELLING = new Set(['expression', 'json', 'url']);
const RESULT =
  /\b(?:(?:that|this|its) (?:result|answer|sum|total|output|value|number|product)|the (?:result|answer|output)\b(?! of)|that commit|what you (?:find|found|get|got))\b/i;
const STATEMENT = /^(?:i|i'm|i've|we|we're|my|our|there|the|this|here|these|he|she|they)\b(?!.*\?$)/i;

/** Splits a request into steps and finds the tool and the arguments of each, by rules only. */
export class Plan {
  readonly steps: readonly Step[];
  private readonly index: ToolIndex;

  constructor(request: string, earlier: string, tools: readonly PlannerTool[]) {
    this.index = new ToolIndex(tools);
    const known = valuesOf(earlier);
    const steps: Step[] = [];
    for (const segment of split(request)) {
      for (const [position, text] of this.refine(segment.text, known).entries()) {
        this.add(steps, text, segment.later && position === 0, known);
        known.push(...valuesOf(text));
      }
    }
    this.steps = steps;
  }

  get stages(): number {
    return Math.max(0, ...this.steps.map(({ stage }) => stage + 1));
  }

  /** The calls of a step; several when the text names several values. `missing` is what nobody said. */
  calls(step: Step, results: readonly Result[]): { calls: PlannedCall[]; missing?: Parameter } {
    const { tool } = step;
    if (tool === undefined) return { calls: [] };
    const [whole] = parametersOf(tool).filter(takesWhole);
    if (whole !== undefined) {
      return { calls: [{ name: tool.name, args: { [whole.name]: this.task(step, results) } }] };
    }
    const filled = this.fillFrom(step, tool, results);
    const [missing] = filled.missing;
    if (missing !== undefined) return { calls: [], missing };
    const { several } = filled;
    const variants =
      several === undefined ? [{}] : several.values.map((value) => ({ [several.name]: value }));
    return { calls: variants.map((variant) => ({ name: tool.name, args: { ...filled.args, ...variant } })) };
  }

  private fillFrom(step: Step, tool: PlannerTool, results: readonly Result[]): Filled {
    const [first, ...others] = wordings(step, results);
    let filled = fill(tool, this.source(first ?? step.text, results, step.before));
    for (const text of others) {
      if (filled.missing.length > 0) filled = fill(tool, this.source(text, results, step.before));
    }
    return filled;
  }

  /** What a sub-agent is told: it sees nothing else, so that "it" and "the result" are spelled out. */
  private task(step: Step, results: readonly Result[]): string {
    const found = step.stage > 0 ? results.map(({ text }) => text).join('\n') : '';
    if (found !== '') return `${step.text}\n\n${SO_FAR} ${found.slice(0, 4000)}`;
    const own = findValues(step.text);
    const meant = step.before.findLast(({ kind }) =>
      ['path', 'url', 'hash', 'identifier', 'quoted', 'json'].includes(kind),
    );
    if (meant === undefined || own.some(({ kind }) => kind === meant.kind)) return step.text;
    const name = typeof meant.value === 'string' ? meant.value : JSON.stringify(meant.value);
    return step.text.replace(/\b(?:it|(?:that|this|the same|the) (?:file|url|page|commit))\b/i, () => name);
  }

  private source(text: string, results: readonly Result[], before: readonly Value[]): Source {
    // Of a list of results the first is meant, of what was said the last.
    const found = results.flatMap((result) => valuesOf(result.text).reverse());
    return {
      text,
      values: findValues(text),
      before: [...before, ...found],
      results: results.map(({ data }) => data),
    };
  }

  /** The best tool for a part of a request, or none when none knows its words. */
  private decide(text: string, before: readonly Value[]): Decision | undefined {
    const source = this.source(text, [], before);
    const telling = source.values.some(({ kind }) => TELLING.has(kind));
    const fits = this.index.search(text, source.values).slice(0, 8);
    const top = fits[0]?.score ?? 1;
    let best: (Decision & { points: number }) | undefined;
    for (const { tool, score, coverage, hinted } of fits) {
      const filled = fill(tool, source);
      const sure = telling && filled.missing.length === 0 && (filled.evidence >= 1 || hinted >= MIN_COVERAGE);
      if (coverage < MIN_COVERAGE && !sure) continue;
      const points =
        score / top + coverage / 2 + Math.min(filled.evidence, 2.5) / 4 - filled.missing.length / 3;
      if (best === undefined || points > best.points) best = { tool, filled, points };
    }
    return best;
  }

  /** "A and B" is two when each is something to do by itself and not the same thing. */
  private refine(text: string, before: readonly Value[]): string[] {
    for (const { left, right } of splitWeakly(text)) {
      const values = findValues(right);
      if (wanted(right, values).length === 0 && !values.some(({ kind }) => TELLING.has(kind))) continue;
      const one = this.decide(left, before);
      const two = this.decide(right, [...before, ...valuesOf(left)]);
      if (one === undefined || two === undefined || !differ(one, two)) continue;
      return [left, ...this.refine(right, [...before, ...valuesOf(left)])];
    }
    return [text];
  }

  private add(steps: Step[], text: string, then: boolean, before: readonly Value[]): void {
    const tool = this.decide(text, before)?.tool;
    const last = steps.at(-1);
    if (tool === undefined && (isSmallTalk(text) || STATEMENT.test(text))) return;
    const stage = (last?.stage ?? 0) + (last !== undefined && (then || RESULT.test(text)) ? 1 : 0);
    if (tool === undefined || last?.tool !== tool) {
      steps.push({ text, stage, before: [...before], ...(tool && { tool }) });
      return;
    }
    // A sub-agent gets all of its consecutive parts in one task, and a call that would be the same is made once.
    const joined = `${last.text}${then ? ', then ' : /[.?!]$/.test(last.text) ? ' ' : ' and '}${text}`;
    const delegated = parametersOf(tool).some(takesWhole);
    if (delegated || (stage === last.stage && this.sameCall(last.text, text, tool, before)))
      steps[steps.length - 1] = { ...last, text: joined };
    else steps.push({ text, stage, tool, before: [...before] });
  }

  private sameCall(one: string, two: string, tool: PlannerTool, before: readonly Value[]): boolean {
    const [first, second] = [one, two].map((text) => fill(tool, this.source(text, [], before)));
    const has = Object.entries(first?.args ?? {}).map((entry) => JSON.stringify(entry));
    return (
      second?.missing.length === 0 &&
      Object.entries(second.args).every((entry) => has.includes(JSON.stringify(entry)))
    );
  }
}

/** What a call gave back: its text, and its data when the text is JSON. */
export interface Result {
  readonly text: string;
  readonly data: unknown;
}

/** Marks, inside a task, what was found before it. */
export const SO_FAR = 'Found so far:';

/** Ways to read a later step once results are there: "multiply that by 2" is "multiply 434 by 2". */
function wordings(step: Step, results: readonly Result[]): string[] {
  const number = results.map(mainNumber).findLast((value) => value !== undefined);
  if (number === undefined || (step.stage === 0 && !pointsBack(step.text))) return [step.text];
  const plain = step.text;
  return [
    plain.replace(new RegExp(String.raw`${RESULT.source}|\b(?:it|that|this)\b`, 'i'), number),
    plain.replace(
      /\b(multiply|divide|increase|decrease|reduce|square|double|halve)\b(?: it| that)?/i,
      `$1 ${number}`,
    ),
    plain.replace(
      /\b(add|subtract)(?: it| that)? (\S+)/i,
      `$1 $2 ${/subtract/i.test(plain) ? 'from' : 'to'} ${number}`,
    ),
  ];
}

function mainNumber({ text, data }: Result): string | undefined {
  if (typeof data === 'object' && data !== null) {
    const fields = data as Record<string, unknown>;
    const named = ['result', 'value', 'answer', 'total', 'output'].map((key) => fields[key]);
    const found = [...named, ...Object.values(fields)].find((value) => /^-?\d+(\.\d+)?$/.test(String(value)));
    if (typeof found === 'number' || typeof found === 'string') return String(found);
  }
  return (/= (-?\d+(?:\.\d+)?)/.exec(text) ?? /(-?\d+(?:\.\d+)?)(?!.*\d)/s.exec(text))?.[1];
}

function differ(one: Decision, two: Decision): boolean {
  if (one.filled.missing.length > 0 || two.filled.missing.length > 0) return false;
  if (one.tool !== two.tool) return true;
  const delegated = parametersOf(one.tool).some(takesWhole);
  return (
    !delegated &&
    two.filled.evidence >= 1 &&
    JSON.stringify(one.filled.args) !== JSON.stringify(two.filled.args)
  );
}

function isSmallTalk(text: string): boolean {
  return (
    words(
      text.replace(
        /good (?:morning|afternoon|evening|day)|be (?:brief|short|quick)|briefly|in advance|cheers|short answer/gi,
        '',
      ),
    ).length === 0 && findValues(text).length === 0
  );
}
