import { type AIMessage, type BaseMessage, type ToolMessage } from '@langchain/core/messages';
import { LRUCache } from 'lru-cache';
import { stringify } from 'yaml';
import { type Result } from './language/references.js';
import { takesWhole } from './fill.js';
import { Plan, type PlannedCall, SO_FAR, type Step } from './plan.js';
import { type Parameter, parametersOf, type PlannerTool } from './tools.js';

/** Ends every answer: nobody shall take rules for an LLM. */
export const NOTE = '(This answer comes from the built-in rule-based planner, not from an LLM.)';
const CONFIGURE =
  'For free conversation and writing an operator can connect an LLM: set LLM_MODEL, e.g. LLM_MODEL=openai:<model> with OPENAI_API_KEY, or anthropic:<model> with ANTHROPIC_API_KEY.';
const MAX_TEXT = 4000;
const MAX_ITEMS = 10;
/** A conversation comes back after each stage. Short-lived: "today" is another day tomorrow. */
const plans = new LRUCache<string, Plan>({ max: 50, ttl: 10_000 });
const ASKED = /I need "([^"]+)"/;

/**
 * What the planner says next: the calls of the next stage, or the answer when all stages have run. The same text gives
 * the same plan, so nothing has to be kept.
 */
export function respond(
  messages: readonly BaseMessage[],
  tools: readonly PlannerTool[],
): { text: string; calls: readonly PlannedCall[] } {
  const at = messages.findLastIndex((message) => message.getType() === 'human');
  const { request, earlier, found } = readRequest(messages.slice(0, at + 1));
  const key = JSON.stringify([request, earlier, tools]);
  const plan = plans.get(key) ?? new Plan(request, earlier, tools);
  plans.set(key, plan);
  const results = messages.slice(at + 1).filter((message) => message.getType() === 'tool') as ToolMessage[];
  const done = messages.slice(at + 1).flatMap((message) => {
    const calls = (message as AIMessage).tool_calls ?? [];
    return calls.length === 0 ? [] : [calls.map(({ id }) => results.find((one) => one.tool_call_id === id))];
  });
  const given: Result[] = found === '' ? [] : [toResult(found)];
  const parts: string[] = [];
  for (let stage = 0; stage < plan.stages; stage += 1) {
    const steps = plan.steps.filter((step) => step.stage === stage);
    const planned = steps.map((step) => ({ step, ...plan.calls(step, given) }));
    const calls = planned.flatMap((item) => item.calls);
    const outcomes = calls.length === 0 ? [] : done.shift();
    if (outcomes === undefined) {
      return { text: announce([...new Set(calls.map(({ name }) => name))]), calls };
    }
    for (const { step, calls: own, missing } of planned) {
      const answers = outcomes.splice(0, own.length);
      for (const answer of answers)
        if (answer?.status !== 'error' && answer) given.push(toResult(answer.text));
      if (step.tool === undefined) parts.push(cannot(step, tools));
      else if (missing !== undefined) parts.push(ask(step.tool, missing));
      else parts.push(quote(step, step.tool, answers, plan.steps.length < 2));
    }
  }
  if (parts.length === 0) parts.push(`Hello. ${abilities(tools)} ${CONFIGURE}`);
  return { text: `${parts.join('\n\n')}\n\n${NOTE}`, calls: [] };
}

/** The request, what was said before it, and, inside a task, what was found before it. */
function readRequest(messages: readonly BaseMessage[]): { request: string; earlier: string; found: string } {
  const human = messages.filter((message) => message.getType() === 'human').map((message) => message.text);
  const [text = '', ...rest] = (human.pop() ?? '').split(SO_FAR);
  const asked = ASKED.exec(messages.findLast((message) => message.getType() === 'ai')?.text ?? '')?.[1];
  const previous = human.at(-1);
  // A short answer to our own question completes the request before it.
  const isAnswer = asked !== undefined && previous !== undefined && text.trim().split(/\s+/).length <= 8;
  const request = isAnswer ? `${previous.replace(/[.?!\s]+$/, '')}, ${asked}: ${text.trim()}` : text.trim();
  return { request, earlier: human.slice(-3).join('\n'), found: rest.join(SO_FAR).trim() };
}

function toResult(said: string): Result {
  const text = said.replaceAll(NOTE, '').trim();
  try {
    return { text, data: JSON.parse(text) as unknown };
  } catch {
    return { text, data: undefined };
  }
}

/** What the calls of a step gave: a failure as such, JSON as its fields, text as it is. */
function quote(step: Step, tool: PlannerTool, answers: readonly (ToolMessage | undefined)[], alone: boolean) {
  const isAboutOne = /\b(last|latest|newest|most recent|first|who|when)\b/i.test(step.text);
  const few = isAboutOne && !/\b(list|all|every|each|\d+)\b/i.test(step.text) ? 1 : MAX_ITEMS;
  const texts = answers.map((answer) => {
    const { text, data } = toResult(answer?.text ?? 'There is no result.');
    const plain = typeof data === 'object' && data !== null ? shorten(data, few) : text;
    const shown = plain.length > MAX_TEXT ? `${plain.slice(0, MAX_TEXT)}\n…` : plain;
    const said = shown === '' ? 'Done; there was no output.' : shown;
    return answer?.status === 'error' ? `That failed: ${said}` : said;
  });
  const title = titleOf(tool.name);
  const heading =
    !alone || !parametersOf(tool).some(takesWhole)
      ? `${title.charAt(0).toUpperCase()}${title.slice(1)}: `
      : '';
  return heading + texts.join('\n');
}

/** The fields of JSON data, of each list the first items only. */
function shorten(data: object, count: number): string {
  const cut = JSON.stringify(data, (_key, value: unknown) =>
    Array.isArray(value) ? value.slice(0, count) : value,
  );
  return stringify(JSON.parse(cut)).trim();
}

/** One clear question for what is missing. The next message is read as its answer, by ASKED. */
function ask(tool: PlannerTool, { name, description, choices }: Parameter): string {
  const what = description === '' ? '' : ` (${description.replace(/[.\s]+$/, '')})`;
  const options = choices === undefined ? '' : ` One of: ${choices.join(', ')}.`;
  return `To use ${titleOf(tool.name)} I need "${name}"${what}.${options} What should it be?`;
}

/** Plain words for what cannot be done, and what can. */
function cannot({ text }: Step, tools: readonly PlannerTool[]): string {
  return `I have no tool for "${text.length > 200 ? `${text.slice(0, 200)}…` : text}". ${abilities(tools)} ${CONFIGURE}`;
}

function abilities(tools: readonly PlannerTool[]): string {
  if (tools.length === 0) return 'I am a rule-based planner without tools here, so I can do nothing.';
  const first = (text = '') => /^.*?[.!](?=\s|$)|^.*$/s.exec(text)?.[0].trim().slice(0, 160) ?? '';
  const lines = tools
    .slice(0, 20)
    .map(({ name, description }) => `\n- ${titleOf(name)}: ${first(description)}`);
  return `What I can do:${lines.join('')}\n`;
}

/** What will be done, said before it is done. */
function announce(names: readonly string[]): string {
  const verb = names.every((name) => name.startsWith('ask_')) ? 'ask' : 'use';
  return `I will ${verb} ${names.map(titleOf).join(' and ')}${names.length > 1 ? ' at the same time' : ''}.`;
}

function titleOf(name: string): string {
  return name.replace(/^ask_/, '').replaceAll('_', ' ').trim();
}
