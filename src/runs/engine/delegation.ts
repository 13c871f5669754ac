import { type AgentDefinition } from '../../agents/agent.js';
import { type JsonSchema, type ToolDefinition } from '../../tools/tool.js';

/** Agents above each other, the top one included. */
const MAX_DEPTH = 4;
/** Times that a conversation may be handed over in one run: agents that send each other the user must end. */
const MAX_HANDOFFS = 5;
/** Tools of a sub-agent that an LLM is told of by name. */
const MAX_NAMED = 20;

/** What a model is told of something that it may call. */
export interface ToolOffer {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly inputSchema: JsonSchema;
  /** May a call be begun again when nobody knows whether it had an effect? */
  readonly repeatable: boolean;
  /** The tool itself; absent for a sub-agent. */
  readonly tool?: ToolDefinition;
}

/** What an agent is asked by. */
export const TASK: JsonSchema = {
  type: 'object',
  properties: {
    task: {
      type: 'string',
      description: 'The whole task in words, with everything that is needed to do it.',
    },
  },
  required: ['task'],
  additionalProperties: false,
};

/**
 * A sub-agent as a tool. The rule-based planner chooses by what its tools do. An LLM pays for every word with every call:
 * it is told their names, and not endlessly many.
 */
export function askTool(
  agent: AgentDefinition,
  tools: readonly ToolOffer[],
  isRuleBased: boolean,
): ToolOffer {
  const abilities = isRuleBased
    ? `It can: ${tools.map((tool) => `${tool.title}: ${firstSentence(tool.description)}`).join(' ')}`
    : `Its tools: ${namesOf(tools)}.`;
  return {
    name: askName(agent),
    title: agent.title,
    description: `${agent.title}: ${agent.description}${tools.length > 0 ? ` ${abilities}` : ''}`,
    inputSchema: TASK,
    repeatable: true,
  };
}

function namesOf(tools: readonly ToolOffer[]): string {
  const titles = tools.slice(0, MAX_NAMED).map(({ title }) => title);
  return [...titles, ...(tools.length > MAX_NAMED ? [`${tools.length - MAX_NAMED} more`] : [])].join(', ');
}

/** Taking a conversation over, as a tool. */
export function handoffTool(...about: Parameters<typeof askTool>): ToolOffer {
  const [agent] = about;
  const asked = askTool(...about);
  return {
    ...asked,
    name: handoffName(agent),
    description: `Hands the conversation over to ${agent.title}, who answers the user from now on. ${asked.description}`,
  };
}

export function handoffName(agent: AgentDefinition): string {
  return `handoff_to_${agent.name}`.slice(0, 64);
}

/** Why this agent cannot take the conversation over, for the model; undefined when it may. */
export function canHandOver(
  from: { readonly above: readonly string[]; readonly handoffs?: number },
  to: AgentDefinition,
): string | undefined {
  if (from.above.includes(to.name)) return `The agent ${to.name} waits for your answer; give it.`;
  if ((from.handoffs ?? 0) >= MAX_HANDOFFS) {
    return `The conversation was handed over ${MAX_HANDOFFS} times already. Answer the user yourself.`;
  }
  return undefined;
}

/** The tool by which an agent is asked. Names of tools end at 64 characters. */
export function askName(agent: AgentDefinition): string {
  return `ask_${agent.name}`.slice(0, 64);
}

/** Why this question is refused, for the model; undefined when it may be asked. */
export function canAsk(
  asking: { readonly agent: AgentDefinition; readonly above: readonly string[] },
  agent: AgentDefinition,
  task: unknown,
): string | undefined {
  const chain = [...asking.above, asking.agent.name];
  if (typeof task !== 'string' || task.trim() === '') return 'Give the task as a text: {"task": "…"}.';
  if (chain.includes(agent.name)) {
    return `The agent ${agent.name} is already at work on this (${chain.join(' > ')}); it cannot be asked from here.`;
  }
  if (chain.length >= MAX_DEPTH) return `Agents may ask each other at most ${MAX_DEPTH} levels deep.`;
  return undefined;
}

function firstSentence(text: string): string {
  const end = /[.!?](?=\s|$)/.exec(text);
  return end === null ? text : text.slice(0, end.index + 1);
}
