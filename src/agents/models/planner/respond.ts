import { type AIMessage, type BaseMessage, type ToolMessage } from '@langchain/core/messages';
import { stringify } from 'yaml';
import { Plan, type PlannedCall, SO_FAR } from './plan.js';
import { type Parameter, type PlannerTool } from './tools.js';

/** Ends every answer: nobody shall take rules for an LLM. */
export const NOTE = '(This answer comes from the built-in rule-based planner, not from an LLM.)';
const CONFIGURE =
  'For free conversation and writing an operator can connect an LLM: set LLM_MODEL, e.g. LLM_MODEL=openai:<model> with OPENAI_API_KEY, or anthropic:<model> with ANTHROPIC_API_KEY.';
/** What is longer is cut: nobody waits for rules. */
const MAX_REQUEST = 20_000;
/** A question about one item of a list that is sorted. */
const ABOUT_ONE =
  /^(?!.*\b(?:list|all|every|each|\d+)\b).*\b(?:last|latest|newest|most recent|first|who|when)\b/is;

/** What the planner says next: the calls of the next stage, or the answer when all stages have run. */
export function respond(
  messages: readonly BaseMessage[],
  tools: readonly PlannerTool[],
): { text: string; calls: readonly PlannedCall[] } {
  const at = messages.findLastIndex((message) => message.getType() === 'human');
  const request = completed(messages.slice(0, at + 1)).slice(0, MAX_REQUEST);
  const [asked = '', ...given] = request.split(SO_FAR).map((part) => part.trim());
  const earlier = messages
    .slice(0, at)
    .flatMap((message, i) => (message.getType() === 'human' ? [i + 1] : []));
  const said = earlier.slice(-3).map((end) => completed(messages.slice(0, end)).slice(0, MAX_REQUEST));
  const plan = planOf(messages[at] ?? {}, [asked, ...said], tools);
  const since = messages.slice(at + 1);
  const done = since.flatMap((message) => (message as AIMessage).tool_calls ?? []);
  const results = since.filter((message) => message.getType() === 'tool') as ToolMessage[];
  const parts: string[] = [];
  for (let stage = 0; stage <= (plan.steps.at(-1)?.stage ?? -1); stage += 1) {
    const steps = plan.steps.filter((step) => step.stage === stage);
    const planned = steps.map((step) => ({ ...step, ...plan.calls(step, given) }));
    const calls = planned.flatMap((step) => step.calls);
    if (calls.length > 0 && done.length === 0) return { text: announce(calls), calls };
    for (const { text, profile, refused, calls: own, missing } of planned) {
      const ids = done.splice(0, own.length).map(({ id }) => id);
      const answers = ids.map((id) => results.find((one) => one.tool_call_id === id));
      given.push(...answers.flatMap((one) => (one && one.status !== 'error' ? [bare(one.text)] : [])));
      const title = titleOf(profile?.tool.name ?? '');
      const heading =
        plan.steps.length > 1 || !profile?.whole ? `${title.charAt(0).toUpperCase()}${title.slice(1)}: ` : '';
      if (refused) parts.push(`As you said, I leave this undone: "${text}".`);
      else if (!profile)
        parts.push(`I have no tool for "${text.slice(0, 200)}". ${abilities(tools)} ${CONFIGURE}`);
      else if (missing) parts.push(`To use ${title} I need ${described(missing)}. What should it be?`);
      else parts.push(heading + answers.map((answer) => quote(text, answer)).join('\n'));
    }
  }
  const text = parts.join('\n\n') || `Hello. ${abilities(tools)} ${CONFIGURE}`;
  return { text: `${text}\n\n${NOTE}`, calls: [] };
}

const PLANS = new WeakMap<object, { of: readonly unknown[]; plan: Plan }>();
/** The plan of a request, made once, though it is asked for again when results have come in. */
function planOf(request: object, texts: readonly string[], tools: readonly PlannerTool[]): Plan {
  const of = [...texts, ...tools];
  const known = PLANS.get(request);
  if (known?.of.length === of.length && of.every((one, i) => one === known.of[i])) return known.plan;
  const [asked = '', ...said] = texts;
  const plan = new Plan(asked, said, tools);
  PLANS.set(request, { of, plan });
  return plan;
}

/** The request; short answers to our own questions complete the one before them. */
function completed(messages: readonly BaseMessage[]): string {
  const text = messages.at(-1)?.text.trim() ?? '';
  const asked = /I need "([^"]+)"/.exec(messages.at(-2)?.text ?? '')?.[1];
  const isOther = text.split(/\s+/).length > 8 || /\?$|^(?:no|never mind|forget it|cancel)\b/i.test(text);
  if (asked === undefined || isOther) return text;
  return `${completed(messages.slice(0, -2)).replace(/[.?!\s]+$/, '')}, ${asked}: ${text}`;
}

const bare = (text: string) => text.replaceAll(NOTE, '').trim();
const titleOf = (name: string) => name.replace(/^ask_/, '').replaceAll('_', ' ').trim();

function described({ name, description, choices }: Parameter): string {
  const options = choices ? `one of ${choices.join(', ')}` : '';
  const about = [description.replace(/[.\s]+$/, ''), options].filter(Boolean).join('; ');
  return `"${name}"${about && ` (${about})`}`;
}

/** What a call gave: a failure as such, of JSON its fields and of lists the first items, text as it is. */
function quote(asked: string, answer?: ToolMessage): string {
  const most = ABOUT_ONE.test(asked) ? 1 : 10;
  const cut = (_: string, value: unknown) => (Array.isArray(value) ? value.slice(0, most) : value);
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
  const list = tools.slice(0, 20).map(({ name, description = '' }) => {
    const [first = ''] = description.split(/(?<=[.!])\s/);
    return `\n- ${titleOf(name)}: ${first.slice(0, 160)}`;
  });
  return `What I can do:${list.join('')}\n`;
}

/** What will be done, said before it is done. */
function announce(calls: readonly PlannedCall[]): string {
  const verb = calls.every(({ name }) => name.startsWith('ask_')) ? 'ask' : 'use';
  const names = [...new Set(calls.map(({ name }) => titleOf(name)))];
  return `I will ${verb} ${names.join(' and ')}${names.length > 1 ? ' at the same time' : ''}.`;
}
