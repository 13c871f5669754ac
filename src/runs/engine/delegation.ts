import { type AgentDefinition } from '../../agents/agent.js';
import { type JsonSchema, type ToolDefinition } from '../../tools/tool.js';

/** Agents above each other, the top one included. */
const MAX_DEPTH = 4;

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

const TASK: JsonSchema = {
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

/** A sub-agent as a tool. Its own tools are named so that even a rule-based planner can choose by them. */
export function askTool(agent: AgentDefinition, tools: readonly ToolOffer[]): ToolOffer {
  const abilities = tools.map((tool) => `${tool.title}: ${firstSentence(tool.description)}`);
  return {
    name: askName(agent),
    title: agent.title,
    description: [
      `${agent.title}: ${agent.description}`,
      ...(abilities.length > 0 ? [`It can: ${abilities.join(' ')}`] : []),
    ].join(' '),
    inputSchema: TASK,
    repeatable: true,
  };
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
