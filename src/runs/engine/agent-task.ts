import { type AgentDefinition } from '../../agents/agent.js';
import { type AgentAnswer, type PromptMessage } from '../run-context.js';
import { type EventAgent } from '../run-event.js';
import { type JsonSchema } from '../../tools/tool.js';

/** An agent at work: who, where in the tree, and for whom. */
export interface AgentTask {
  readonly agent: AgentDefinition;
  /** `assistant`, or `assistant>analyst:<call id>`. */
  readonly path: string;
  /** Names of the agents above, top first. */
  readonly above: readonly string[];
  readonly prompt: readonly PromptMessage[];
  /** In whose name it speaks to the user: what it says is the answer of the run. Absent: nobody but agents hears it. */
  readonly speaksFor?: EventAgent;
  /** Who may take the conversation over, itself included. Absent: nobody. */
  readonly group?: readonly AgentDefinition[];
  /** How often the conversation was handed over in this run. */
  readonly handoffs?: number;
  /** What the answer must fit, instead of the agent's own schema. */
  readonly outputSchema?: JsonSchema;
}

/** What the answer must fit; undefined when any text will do. */
export function schemaOf({ outputSchema, agent }: AgentTask): JsonSchema | undefined {
  return outputSchema ?? agent.outputSchema ?? undefined;
}

/** What a tool call gave the model. */
export interface ToolReply {
  readonly text: string;
  readonly isError: boolean;
  /** Names of tools that it found; kept in the journal, so that a replayed run is told of the same ones. */
  readonly found?: readonly string[];
}

/** What a sub-agent gave. `answer` is absent when it failed. */
export interface AgentReply extends ToolReply {
  readonly answer?: Pick<AgentAnswer, 'messageId' | 'model' | 'generatedBy' | 'structured'>;
}
