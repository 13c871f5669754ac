import { type AgentDefinition } from '../../agents/agent.js';
import { type PromptMessage } from '../run-context.js';

/** An agent at work: who, where in the tree, and for whom. */
export interface AgentTask {
  readonly agent: AgentDefinition;
  /** `assistant`, or `assistant>analyst:<call id>`. */
  readonly path: string;
  /** Names of the agents above, top first. */
  readonly above: readonly string[];
  readonly prompt: readonly PromptMessage[];
}

/** What a tool call gave the model. */
export interface ToolReply {
  readonly text: string;
  readonly isError: boolean;
}
