import { type AgentDefinition } from '../../agents/agent.js';
import { newId } from '../../common/ids.js';
import { type AgentAnswer, type RunContext } from '../run-context.js';
import { newEvent } from '../run-event.js';
import { RunErrors } from '../runs.errors.js';
import { type AgentReply, type AgentTask, schemaOf } from './agent-task.js';
import { AnswerFormat } from './answer-format.js';

/**
 * All answers in the order of the agents, failures said. A step like any other, so that what the user is told has one
 * id and is told once, whatever happens.
 */
export async function mergeAnswers(
  { journal }: RunContext,
  task: AgentTask,
  { subAgents, replies }: { subAgents: readonly AgentDefinition[]; replies: readonly AgentReply[] },
): Promise<AgentAnswer> {
  const answers = replies.flatMap(({ answer }) => (answer === undefined ? [] : [answer]));
  const author = answers.find(({ generatedBy }) => generatedBy === 'llm') ?? answers[0];
  if (author === undefined) throw RunErrors.sub_agent_failed();
  const by = { name: task.agent.name, path: task.path };
  const parts = subAgents.map(({ title }, index) => `**${title}**\n\n${replies[index]?.text ?? ''}`);
  const text = parts.join('\n\n');
  const visibility = task.speaksFor === undefined ? 'internal' : 'user';
  const said = { messageId: newId(), visibility };
  const step = await journal.step(
    {
      ...{ path: `${task.path}/merge`, kind: 'agent', agent: task.agent.name, name: task.agent.name },
      ...{ request: said, repeatable: true, started: [] },
    },
    async ({ request }) => {
      const about = request as typeof said;
      return {
        status: 'completed',
        result: { text, isError: false },
        events: [
          newEvent('message.created', by, { ...about, role: 'assistant' }),
          newEvent('message.delta', by, { ...about, text }),
        ],
      };
    },
  );
  const { messageId } = step.request as typeof said;
  const { model, generatedBy } = author;
  const answer = { by, text, messageId, model, generatedBy, toolCalls: [] };
  const schema = schemaOf(task);
  return schema === undefined ? answer : new AnswerFormat(schema).apply(answer);
}
