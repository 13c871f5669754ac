import { type AIMessage, type BaseMessage, type ToolMessage } from '@langchain/core/messages';
import { stringify } from 'yaml';
import { Plan, type PlannedCall, SO_FAR, type Step } from './plan.js';
import { type Parameter, type PlannerTool } from './tools.js';

/** Ends every answer: nobody shall take rules for an LLM. */
export const NOTE = '(This answer comes from the built-in rule-based planner, not from an LLM.)';
const CONFIGURE =
  'For free conversation and writing an operator can connect an LLM: set LLM_MODEL, e.g. LLM_MODEL=openai:<model> with OPENAI_API_KEY, or anthropic:<model> with ANTHROPIC_API_KEY.';
const MAX_TEXT = 4000;
const MAX_ITEMS = 10;
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
  const plan = new Plan(request, earlier, tools);
  const results = messages.slice(at + 1).filter((message) => message.getType() === 'tool') as ToolMessage[];
  const done = messages.slice(at + 1).flatMap((message) => {
    const calls = (message as AIMessage).tool_calls ?? [];
    return calls.length === 0 ? [] : [calls.map(({ id }) => results.find((one) => one.tool_call_id === id))];
  });
  const given = found === '' ? [] : [found];
  const parts: string[] = [];
  for (let stage = 0; stage <= (plan.steps.at(-1)?.stage ?? -1); stage += 1) {
    const planned = plan.steps
      .filter((step) => step.stage === stage)
      .map((step) => ({ step, ...plan.calls(step, given) }));
    const calls = planned.flatMap((item) => item.calls);
    const outcomes = calls.length === 0 ? [] : done.shift();
    if (outcomes === undefined) return { text: announce([...new Set(calls.map(({ name }) => name))]), calls };
    for (const { step, calls: own, missing } of planned) {
      const answers = outcomes.splice(0, own.length);
      given.push(
        ...answers.flatMap((answer) =>
          answer === undefined || answer.status === 'error' ? [] : bare(answer.text),
        ),
      );
      if (step.refused) parts.push(`As you said, I leave this undone: "${step.text}".`);
      else if (missing !== undefined) parts.push(ask(step, missing));
      else
        parts.push(
          step.profile === undefined ? cannot(step, tools) : quote(step, answers, plan.steps.length < 2),
        );
    }
  }
  if (parts.length === 0) parts.push(`Hello. ${abilities(tools)} ${CONFIGURE}`);
  return { text: `${parts.join('\n\n')}\n\n${NOTE}`, calls: [] };
}

/** The request, what was said before it, and, inside a task, what was found before it. */
function readRequest(messages: readonly BaseMessage[]): { request: string; earlier: string; found: string } {
  const human = messages.filter((message) => message.getType() === 'human').map((message) => message.text);
  const [text = '', ...found] = (human.at(-1) ?? '').split(SO_FAR);
  let request = text.trim();
  // Short answers to our own questions complete the request before them.
  for (let at = messages.length - 2; at > 0; at -= 2) {
    const asked = ASKED.exec(messages[at]?.text ?? '')?.[1];
    const answer = (messages[at + 1]?.text ?? '').trim();
    if (
      asked === undefined ||
      answer.split(/\s+/).length > 8 ||
      /\?$|^(?:no|never mind|forget it|cancel)\b/i.test(answer)
    )
      break;
    request = at === messages.length - 2 ? `${asked}: ${request}` : `${asked}: ${answer}, ${request}`;
    const before = messages[at - 1]?.text.replace(/[.?!\s]+$/, '') ?? '';
    if (ASKED.exec(messages[at - 2]?.text ?? '') === null) request = `${before}, ${request}`;
  }
  return { request, earlier: human.slice(-4, -1).join('\n'), found: found.join(SO_FAR).trim() };
}

const bare = (text: string) => text.replaceAll(NOTE, '').trim();

/** What the calls of a step gave: a failure as such, of JSON its fields and of lists the first items, text as it is. */
function quote(
  { text, profile }: Step,
  answers: readonly (ToolMessage | undefined)[],
  isAlone: boolean,
): string {
  const isAboutOne = /\b(last|latest|newest|most recent|first|who|when)\b/i.test(text);
  const count = isAboutOne && !/\b(list|all|every|each|\d+)\b/i.test(text) ? 1 : MAX_ITEMS;
  const cut = (_: string, value: unknown): unknown => (Array.isArray(value) ? value.slice(0, count) : value);
  const texts = answers.map((answer) => {
    let said = bare(answer?.text ?? 'There is no result.');
    try {
      said = /^[[{]/.test(said) ? stringify(JSON.parse(JSON.stringify(JSON.parse(said), cut))).trim() : said;
    } catch {
      // Text that only begins like JSON.
    }
    const shown =
      said.length > MAX_TEXT ? `${said.slice(0, MAX_TEXT)}\n…` : said || 'Done; there was no output.';
    return answer?.status === 'error' ? `That failed: ${shown}` : shown;
  });
  const title = titleOf(profile?.tool.name ?? '');
  const heading = isAlone && profile?.whole ? '' : `${title.charAt(0).toUpperCase()}${title.slice(1)}: `;
  return heading + texts.join('\n');
}

/** One clear question for what is missing. The next message is read as its answer, by ASKED. */
function ask({ profile }: Step, { name, description, choices }: Parameter): string {
  const what = description === '' ? '' : ` (${description.replace(/[.\s]+$/, '')})`;
  const options = choices === undefined ? '' : ` One of: ${choices.join(', ')}.`;
  return `To use ${titleOf(profile?.tool.name ?? '')} I need "${name}"${what}.${options} What should it be?`;
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
