import { type AgentDefinition } from '../../agents/agent.js';
import { type RunContext } from '../run-context.js';
import { newEvent } from '../run-event.js';
import { type StepEnd } from '../run-journal.js';
import { type AgentTask, type ToolReply } from './agent-task.js';
import { dataBlock, withData } from './data-block.js';
import { canHandOver } from './delegation.js';
import { type StoredToolCall } from './messages.js';

/** A conversation that goes to another agent. */
export interface Handoff {
  readonly successor: AgentDefinition;
  readonly callId: string;
  /** What the model wrote for it. */
  readonly reason: string;
}

/** Hands a conversation over once, or replays it. What is refused is an error that the model reads. */
export async function takeHandoff(
  context: RunContext,
  task: AgentTask,
  { call, successor, isFirst }: { call: StoredToolCall; successor: AgentDefinition; isFirst: boolean },
): Promise<{ reply: ToolReply; handoff?: Handoff }> {
  const by = { name: task.agent.name, path: task.path };
  const to = { name: successor.name, path: pathAfter(task, successor, call.id) };
  const reason = typeof call.arguments['task'] === 'string' ? call.arguments['task'] : '';
  const step = await context.journal.step(
    {
      path: `${task.path}/t:${call.id}`,
      kind: 'agent',
      agent: task.agent.name,
      name: successor.name,
      request: call.arguments,
      repeatable: true,
      started: [],
    },
    async (): Promise<StepEnd> => {
      const refusal = isFirst
        ? canHandOver(task, successor)
        : 'The conversation goes to one agent only, the first that you named.';
      if (refusal !== undefined) {
        return { status: 'failed', result: { text: refusal, isError: true }, events: [] };
      }
      const text = `The conversation is handed over to ${successor.name}.`;
      return {
        status: 'completed',
        result: { text, isError: false },
        events: [
          newEvent('agent.handoff', by, { to, task: reason }),
          newEvent('agent.completed', by, { isError: false }),
          newEvent('agent.started', to),
        ],
      };
    },
  );
  const reply = step.result as ToolReply;
  return { reply, ...(!reply.isError && { handoff: { successor, callId: call.id, reason } }) };
}

/** The work of the agent that took a conversation over. It sees what its predecessor saw, and why it was called. */
export function taskAfter(task: AgentTask, { successor, callId, reason }: Handoff): AgentTask {
  const path = pathAfter(task, successor, callId);
  const about = `The agent ${task.agent.name} handed this conversation over to you and wrote the following.`;
  return {
    ...task,
    agent: successor,
    path,
    prompt: withData(task.prompt, dataBlock(about, reason)),
    handoffs: (task.handoffs ?? 0) + 1,
    ...(task.speaksFor !== undefined && { speaksFor: { name: successor.name, path } }),
  };
}

function pathAfter(task: AgentTask, successor: AgentDefinition, callId: string): string {
  return `${task.path}>${successor.name}:${callId}`;
}
