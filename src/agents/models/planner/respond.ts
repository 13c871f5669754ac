import { type AIMessage, type BaseMessage, type ToolMessage } from '@langchain/core/messages';
import { stringify } from 'yaml';
import { Plan, type PlannedCall, SO_FAR } from './plan.js';
import { type PlannerTool } from './tools.js';

/** Ends every answer: nobody shall take rules for an LLM. */
export const NOTE = '(This answer comes from the built-in rule-based planner, not from an LLM.)';
const CONFIGURE =
  'For free conversation and writing an operator can connect an LLM: set LLM_MODEL, e.g. LLM_MODEL=openai:<model> with OPENAI_API_KEY, or anthropic:<model> with ANTHROPIC_API_KEY.';
/** What is longer is cut: nobody waits for rules. */
const MAX_REQUEST = 20_000;
const ASKED = /I need "([^"]+)"/;

/** What the planner says next: the calls of the next stage, or the answer when all stages have run. It keeps nothing. */
export function respond(
  messages: readonly BaseMessage[],
  tools: readonly PlannerTool[],
): { text: string; calls: readonly PlannedCall[] } {
  const at = messages.findLastIndex((message) => message.getType() === 'human');
  const human = messages.slice(0, at).filter((message) => message.getType() === 'human');
  const [request = '', found] = completed(messages.slice(0, at + 1))
    .slice(0, MAX_REQUEST)
    .split(SO_FAR);
  const plan = new Plan(
    request.trim(),
    human
      .slice(-3)
      .map(({ text }) => text.slice(0, MAX_REQUEST))
      .join('\n'),
    tools,
  );
  const { steps } = plan;
  const results = messages.slice(at + 1).filter((message) => message.getType() === 'tool') as ToolMessage[];
  const done = messages.slice(at + 1).flatMap((message) => {
    const calls = (message as AIMessage).tool_calls ?? [];
    return calls.length === 0 ? [] : [calls.map(({ id }) => results.find((one) => one.tool_call_id === id))];
  });
  const given = found === undefined ? [] : [found.trim()];
  const parts: string[] = [];
  for (let stage = 0; stage <= (steps.at(-1)?.stage ?? -1); stage += 1) {
    const planned = steps
      .filter((step) => step.stage === stage)
      .map((step) => ({ ...step, ...plan.calls(step, given) }));
    const calls = planned.flatMap((step) => step.calls);
    const outcomes = calls.length === 0 ? [] : done.shift();
    if (outcomes === undefined) return { text: announce(calls.map(({ name }) => name)), calls };
    for (const { text, profile, refused, calls: own, missing } of planned) {
      const answers = outcomes.splice(0, own.length);
      given.push(
        ...answers.flatMap((one) => (one === undefined || one.status === 'error' ? [] : bare(one.text))),
      );
      const title = titleOf(profile?.tool.name ?? '');
      if (refused) parts.push(`As you said, I leave this undone: "${text}".`);
      else if (profile === undefined)
        parts.push(`I have no tool for "${text.slice(0, 200)}". ${abilities(tools)} ${CONFIGURE}`);
      else if (missing !== undefined) {
        const { name, description, choices } = missing;
        const what = [
          description.replace(/[.\s]+$/, ''),
          ...(choices ? [`one of ${choices.join(', ')}`] : []),
        ]
          .filter(Boolean)
          .join('; ');
        parts.push(`To use ${title} I need "${name}"${what && ` (${what})`}. What should it be?`);
      } else {
        const heading =
          steps.length === 1 && profile.whole ? '' : `${title.charAt(0).toUpperCase()}${title.slice(1)}: `;
        parts.push(heading + answers.map((answer) => quote(text, answer)).join('\n'));
      }
    }
  }
  const text = parts.length === 0 ? `Hello. ${abilities(tools)} ${CONFIGURE}` : parts.join('\n\n');
  return { text: `${text}\n\n${NOTE}`, calls: [] };
}

/** The request; short answers to our own questions complete the one before them. */
function completed(messages: readonly BaseMessage[]): string {
  const text = messages.at(-1)?.text ?? '';
  const asked = ASKED.exec(messages.at(-2)?.text ?? '')?.[1];
  const isAnswer =
    asked && text.split(/\s+/).length <= 8 && !/\?$|^(?:no|never mind|forget it|cancel)\b/i.test(text);
  return isAnswer
    ? `${completed(messages.slice(0, -2)).replace(/[.?!\s]+$/, '')}, ${asked}: ${text.trim()}`
    : text;
}

const bare = (text: string) => text.replaceAll(NOTE, '').trim();
const titleOf = (name: string) => name.replace(/^ask_/, '').replaceAll('_', ' ').trim();

/** What a call gave: a failure as such, of JSON its fields and of lists the first items, text as it is. */
function quote(asked: string, answer?: ToolMessage): string {
  const isAboutOne =
    /\b(?:last|latest|newest|most recent|first|who|when)\b/i.test(asked) &&
    !/\b(?:list|all|every|each|\d+)\b/i.test(asked);
  const cut = (_: string, value: unknown): unknown =>
    Array.isArray(value) ? value.slice(0, isAboutOne ? 1 : 10) : value;
  let said = bare(answer?.text ?? 'There is no result.') || 'Done; there was no output.';
  try {
    if (/^[[{]/.test(said)) said = stringify(JSON.parse(JSON.stringify(JSON.parse(said), cut))).trim();
  } catch {
    // Text that only begins like JSON.
  }
  const shown = said.length > 4000 ? `${said.slice(0, 4000)}\n…` : said;
  return answer?.status === 'error' ? `That failed: ${shown}` : shown;
}

function abilities(tools: readonly PlannerTool[]): string {
  if (tools.length === 0) return 'I am a rule-based planner without tools here, so I can do nothing.';
  const first = (text = '') => /^.*?[.!](?=\s|$)|^.*$/s.exec(text)?.[0].trim().slice(0, 160) ?? '';
  return `What I can do:${tools
    .slice(0, 20)
    .map(({ name, description }) => `\n- ${titleOf(name)}: ${first(description)}`)
    .join('')}\n`;
}

/** What will be done, said before it is done. */
function announce(tools: readonly string[]): string {
  const verb = tools.every((name) => name.startsWith('ask_')) ? 'ask' : 'use';
  const names = [...new Set(tools.map(titleOf))];
  return `I will ${verb} ${names.join(' and ')}${names.length > 1 ? ' at the same time' : ''}.`;
}
