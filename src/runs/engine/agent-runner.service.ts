import { Injectable } from '@nestjs/common';
import { type AgentDefinition } from '../../agents/agent.js';
import { AgentsService } from '../../agents/agents.service.js';
import { isDatabaseAway } from '../../platform/database/database-error.js';
import { type AgentAnswer, type RunContext } from '../run-context.js';
import { RunStop } from '../run-control.js';
import { newEvent } from '../run-event.js';
import { type StepEnd } from '../run-journal.js';
import { RunErrors } from '../runs.errors.js';
import { AgentLoop, type Opening } from './agent-loop.service.js';
import { type AgentReply, type AgentTask, schemaOf } from './agent-task.js';
import { AgentTools } from './agent-tools.service.js';
import { dataBlock, withData } from './data-block.js';
import { askName, askTool, canAsk, handoffTool } from './delegation.js';
import { taskAfter } from './handoff.js';
import { mergeAnswers } from './merge-answers.js';
import { mapBounded } from './map-bounded.js';
import { ModelCaller } from './model-caller.service.js';

/** Agents that work at the same time for a `parallel` one. */
const MAX_PARALLEL = 4;
/** Agents among whom a conversation may move. */
const MAX_GROUP = 30;

/** A question to a sub-agent. */
interface Question extends Pick<AgentTask, 'agent' | 'prompt' | 'speaksFor' | 'outputSchema'> {
  readonly callId: string;
  readonly request: unknown;
  /** What it is asked, in words. */
  readonly words: unknown;
}

/** Runs agents by their pattern. All of them, however deep, are steps of one run. */
@Injectable()
export class AgentRunner {
  constructor(
    private readonly agents: AgentsService,
    private readonly tools: AgentTools,
    private readonly loop: AgentLoop,
    private readonly caller: ModelCaller,
  ) {}

  /** Runs an agent until it, or one that it hands over to, answers. Throws RunStop or the AppError of its failure. */
  async run(context: RunContext, task: AgentTask): Promise<AgentAnswer> {
    switch (task.agent.pattern) {
      case 'sequential':
        return this.inSequence(context, task);
      case 'parallel':
        return this.inParallel(context, task);
      default:
        return this.converse(context, task);
    }
  }

  /** One agent with its model; its sub-agents are tools, or may take the conversation over. */
  private async converse(context: RunContext, task: AgentTask, opening?: Opening): Promise<AgentAnswer> {
    const { actor } = context;
    const { agent, group = [] } = task;
    const subAgents = agent.pattern === 'handoff' ? [] : await this.agents.getMany(actor, agent.subAgents);
    const successors = group.filter(({ name }) => name !== agent.name && !task.above.includes(name));
    const isRuleBased = await this.caller.isRuleBased(agent);
    const offer = async (peers: readonly AgentDefinition[], asTool: typeof askTool) =>
      Promise.all(peers.map(async (peer) => asTool(peer, await this.tools.offers(actor, peer), isRuleBased)));
    const offers = [
      ...(await this.tools.offers(actor, agent)),
      ...(await offer(subAgents, askTool)),
      ...(await offer(successors, handoffTool)),
    ];
    const end = await this.loop.run(
      context,
      task,
      {
        ...{ offers, subAgents, successors },
        ask: (call, peer) => {
          const words = call.arguments['task'];
          const prompt = [{ role: 'user' as const, text: String(words) }];
          return this.ask(context, task, {
            ...{ agent: peer, callId: call.id, request: call.arguments, words, prompt },
          });
        },
      },
      opening,
    );
    return 'answer' in end ? end.answer : this.run(context, taskAfter(task, end.handoff));
  }

  /** Each sub-agent gets the task and what the one before it answered. The last one's answer is the answer. */
  private async inSequence(context: RunContext, task: AgentTask): Promise<AgentAnswer> {
    const subAgents = await this.membersOf(context, task);
    const last = subAgents.length - 1;
    let previous: AgentReply | undefined;
    for (const [index, agent] of subAgents.entries()) {
      const before = subAgents[index - 1];
      const prompt =
        previous === undefined || before === undefined
          ? task.prompt
          : withData(
              task.prompt,
              dataBlock(`The agent ${before.name} did the step before yours and gave:`, previous.text),
            );
      const reply = await this.ask(context, task, {
        ...{ agent, callId: `s${index}`, request: {}, words: task.prompt.at(-1)?.text, prompt },
        ...(index === last && { speaksFor: task.speaksFor, outputSchema: schemaOf(task) }),
      });
      if (reply.isError) {
        throw RunErrors.sub_agent_failed(`Step ${index + 1} of ${subAgents.length} failed. ${reply.text}`);
      }
      previous = reply;
    }
    const { text = '', answer } = previous ?? {};
    if (answer === undefined) throw RunErrors.sub_agent_failed();
    return { by: { name: task.agent.name, path: task.path }, text, ...answer, toolCalls: [] };
  }

  /** All sub-agents get the task, some at a time; then the agent's own model, or a list, puts the answers together. */
  private async inParallel(context: RunContext, task: AgentTask): Promise<AgentAnswer> {
    const subAgents = await this.membersOf(context, task);
    const words = task.prompt.at(-1)?.text;
    const replies = await mapBounded(subAgents, MAX_PARALLEL, (agent, index) =>
      this.ask(context, task, {
        ...{ agent, callId: `s${index}`, request: {}, words, prompt: task.prompt },
      }),
    );
    if (replies.every(({ isError }) => isError)) {
      throw RunErrors.sub_agent_failed(replies.map(({ text }) => text).join(' '));
    }
    if (task.agent.instructions.trim() === '' || (await this.caller.isRuleBased(task.agent))) {
      return mergeAnswers(context, task, { subAgents, replies });
    }
    const calls = subAgents.map((agent, index) => ({
      ...{ id: `s${index}`, name: askName(agent), arguments: { task: words } },
    }));
    return this.converse(context, task, { calls, replies });
  }

  /** The agents of a workflow. One that is missing must not be left out silently. */
  private async membersOf(context: RunContext, { agent }: AgentTask): Promise<AgentDefinition[]> {
    const found = await this.agents.getMany(context.actor, agent.subAgents);
    const missing = agent.subAgents.filter((name) => !found.some((one) => one.name === name));
    if (missing.length === 0) return found;
    throw RunErrors.sub_agent_failed(
      `The agent ${agent.name} needs ${missing.join(', ')}, which is not there.`,
    );
  }

  /** A sub-agent works as steps of the same run. What goes wrong there is an error result, never an empty success. */
  private async ask(context: RunContext, task: AgentTask, question: Question): Promise<AgentReply> {
    const { agent, callId, request, words, ...given } = question;
    const path = `${task.path}>${agent.name}:${callId}`;
    const by = { name: agent.name, path };
    let isReplayed = true;
    const step = await context.journal.step(
      {
        path: `${task.path}/t:${callId}`,
        kind: 'agent',
        agent: task.agent.name,
        name: agent.name,
        request,
        repeatable: true,
        started: [newEvent('agent.started', by, { task: words })],
      },
      async (): Promise<StepEnd> => {
        isReplayed = false;
        const reply = await this.reply(context, { task, agent, path, words, given });
        const events = [newEvent('agent.completed', by, { isError: reply.isError })];
        return { status: reply.isError ? 'failed' : 'completed', result: reply, events };
      },
    );
    if (isReplayed) countAgain(context, path);
    return step.result as AgentReply;
  }

  private async reply(
    context: RunContext,
    asked: {
      task: AgentTask;
      agent: AgentDefinition;
      path: string;
      words: unknown;
      given: Pick<AgentTask, 'prompt' | 'speaksFor' | 'outputSchema'>;
    },
  ): Promise<AgentReply> {
    const { task, agent, path, words, given } = asked;
    const refusal = canAsk(task, agent, words);
    if (refusal !== undefined) return { text: refusal, isError: true };
    try {
      const above = [...task.above, task.agent.name];
      const group = await this.groupOf(context, agent);
      const { text, ...answer } = await this.run(context, { ...given, agent, path, above, group });
      if (text.trim() === '') return { text: `The agent ${agent.name} gave no answer.`, isError: true };
      const { messageId, model, generatedBy, structured } = answer;
      return { text, isError: false, answer: { messageId, model, generatedBy, structured } };
    } catch (error) {
      if (error instanceof RunStop || context.control.reason !== undefined || isDatabaseAway(error))
        throw error;
      return { text: this.caller.describe(agent, error), isError: true };
    }
  }

  /** Who may take over a conversation with this agent: itself and the agents of its `subAgents`, when it hands over. */
  async groupOf(context: RunContext, agent: AgentDefinition): Promise<AgentDefinition[] | undefined> {
    if (agent.pattern !== 'handoff') return undefined;
    const group = [agent];
    // Agents that hand over themselves bring theirs with them.
    for (const member of group) {
      if (member.pattern !== 'handoff') continue;
      const found = await this.agents.getMany(context.actor, member.subAgents);
      group.push(...found.filter(({ name }) => !group.some((one) => one.name === name)));
    }
    return group.slice(0, MAX_GROUP);
  }
}

/** What a sub-agent used before a crash counts, although none of its steps is taken again. */
function countAgain({ journal, meter }: RunContext, path: string): void {
  for (const { kind, usage, name, request } of journal.stepsOf(path)) {
    if (kind === 'tool') meter.beginToolCall(name, request);
    if (kind !== 'model') continue;
    meter.beginModelCall();
    meter.endModelCall(usage);
  }
}
