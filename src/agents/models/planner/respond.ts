import { announce, ask, ASKED, cannot, greet, isAgent, NOTE, render, titleOf } from './answer.js';
import { Plan, type PlannedCall, type Result, SO_FAR, type Step } from './plan.js';
import { type PlannerTool } from './tools.js';

/** A message of the conversation. */
export interface Turn {
  readonly role: 'human' | 'ai' | 'tool' | 'other';
  readonly text: string;
  readonly calls: readonly {
    readonly id?: string;
    readonly name: string;
    readonly args: Record<string, unknown>;
  }[];
  readonly callId?: string;
  readonly failed: boolean;
}

export interface Reply {
  readonly text: string;
  readonly calls: readonly PlannedCall[];
}

interface Outcome extends Result {
  readonly failed: boolean;
}

/**
 * What the planner says next: the calls of the next stage, or the answer when all stages have run. It keeps nothing
 * in memory: the plan is made again from the conversation each time, the same one for the same text.
 */
export function respond(turns: readonly Turn[], tools: readonly PlannerTool[]): Reply {
  const at = turns.findLastIndex(({ role }) => role === 'human');
  const { request, earlier, found } = readRequest(turns.slice(0, at + 1));
  const plan = new Plan(request, earlier, tools);
  const since = turns.slice(at + 1);
  const called = since.filter(({ role, calls }) => role === 'ai' && calls.length > 0);
  const done = called.map(({ calls }) =>
    calls.map(({ id }) => outcomeOf(since.find(({ callId }) => callId === id))),
  );
  const given: Result[] = found === '' ? [] : [toResult(found)];
  let run = 0;
  const parts: string[] = [];
  for (let stage = 0; stage < plan.stages; stage += 1) {
    const planned = plan.steps
      .filter((step) => step.stage === stage)
      .map((step) => ({ step, ...plan.calls(step, given) }));
    const calls = planned.flatMap((item) => item.calls);
    if (calls.length > 0 && run >= done.length) {
      const used = planned.flatMap(({ step, calls: own }) =>
        own.length > 0 && step.tool !== undefined ? [step.tool] : [],
      );
      return { text: announce(used), calls };
    }
    const outcomes = calls.length > 0 ? [...(done[run++] ?? [])] : [];
    for (const { step, calls: own, missing } of planned) {
      const results = outcomes.splice(0, own.length);
      given.push(...results.filter(({ failed }) => !failed));
      if (missing !== undefined && step.tool !== undefined) parts.push(ask(step.tool, missing));
      else if (step.tool === undefined) parts.push(cannot(step.text, tools));
      else parts.push(answerOf(step, step.tool, results, plan.steps.length > 1));
    }
  }
  if (parts.length === 0) parts.push(greet(tools));
  return { text: `${parts.join('\n\n')}\n\n${NOTE}`, calls: [] };
}

function answerOf(step: Step, tool: PlannerTool, results: readonly Outcome[], isOneOfMany: boolean): string {
  const text = results.map(({ text, data, failed }) => render(text, data, failed, step.text)).join('\n');
  return isOneOfMany || !isAgent(tool) ? `${capital(titleOf(tool))}: ${text}` : text;
}

/** The request, what was said before it, and, inside a task, what was found before it. */
function readRequest(turns: readonly Turn[]): { request: string; earlier: string; found: string } {
  const human = turns.filter(({ role }) => role === 'human').map(({ text }) => text);
  const [text = '', ...rest] = (human.pop() ?? '').split(SO_FAR);
  const asked = ASKED.exec(turns.findLast(({ role }) => role === 'ai')?.text ?? '')?.[1];
  const previous = human.at(-1);
  // A short answer to our own question completes the request before it.
  const isAnswer = asked !== undefined && previous !== undefined && text.trim().split(/\s+/).length <= 8;
  const request = isAnswer ? `${previous.replace(/[.?!\s]+$/, '')}, ${asked}: ${text.trim()}` : text.trim();
  return { request, earlier: human.slice(-3).join('\n'), found: rest.join(SO_FAR).trim() };
}

function outcomeOf(turn: Turn | undefined): Outcome {
  if (turn === undefined) return { text: 'There is no result.', data: undefined, failed: true };
  return { ...toResult(turn.text.replaceAll(NOTE, '').trim()), failed: turn.failed };
}

function toResult(text: string): Result {
  try {
    return { text, data: JSON.parse(text) as unknown };
  } catch {
    return { text, data: undefined };
  }
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
