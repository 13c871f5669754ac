import { Injectable } from '@nestjs/common';
import { type AgentDefinition } from '../../agents/agent.js';
import { MemoriesService } from '../../agents/memory/memories.service.js';
import { MEMORY_SEARCH } from '../../agents/memory/memory-search.tool.js';
import { allowsTool } from '../../tools/allow-list.js';
import { type AgentAnswer, type PromptMessage, type RunContext } from '../run-context.js';
import { type ClaimedRun } from '../run-leases.repository.js';
import { RunsRepository } from '../runs.repository.js';
import { AgentRunner } from './agent-runner.service.js';
import { dataBlock, withData } from './data-block.js';
import { type History, PromptBuilder } from './prompt-builder.service.js';

/** Notes that an agent is shown with a question. */
const MAX_NOTES = 5;

/** Begins or resumes the work of a run: who answers, what he is shown. */
@Injectable()
export class RunEntry {
  constructor(
    private readonly prompts: PromptBuilder,
    private readonly runs: RunsRepository,
    private readonly runner: AgentRunner,
    private readonly memories: MemoriesService,
  ) {}

  /** Throws as AgentRunner.run. */
  async answer(context: RunContext, run: ClaimedRun, agent: AgentDefinition): Promise<AgentAnswer> {
    const { preceding, lastAnswer } = await this.prompts.history(context, run, agent);
    const group = await this.runner.groupOf(context, agent);
    const active = (await this.activeOf(context, agent, { group, lastAnswer })) ?? agent;
    const by = { name: active.name, path: active.name };
    if (!(await this.wasStarted(context, run))) {
      context.emit('run.started', { name: agent.name, path: agent.name });
      context.emit('agent.started', by);
    }
    const prompt = await this.prompts.build(context, run, agent, { preceding, active: active.name });
    return this.runner.run(context, {
      ...{ agent: active, path: active.name, above: [], speaksFor: by, group },
      prompt: await this.withNotes(context, active, prompt),
      ...(run.outputSchema !== null && { outputSchema: run.outputSchema }),
    });
  }

  /** A worker that had the run before may have let it go without a beginning. */
  private async wasStarted({ journal }: RunContext, { id, lastSeq }: ClaimedRun): Promise<boolean> {
    if (lastSeq <= EVENTS_OF_CREATION) return false;
    return journal.beganWith !== undefined || this.runs.hasEvent(id, 'run.started');
  }

  /**
   * Notes that fit the question, for an agent that may search them. They are shown as data in the role of the user: a
   * model wrote them, and what it had read may have told it to. [S71]
   */
  private async withNotes(
    context: RunContext,
    agent: AgentDefinition,
    prompt: PromptMessage[],
  ): Promise<PromptMessage[]> {
    if (!allowsTool(agent.tools, MEMORY_SEARCH)) return prompt;
    const question = prompt.at(-1)?.text ?? '';
    const notes = await this.memories.recall(context.actor, agent.name, question, MAX_NOTES);
    if (notes.length === 0) return prompt;
    const text = notes.map((note) => `- ${note.createdAt.toISOString().slice(0, 10)}: ${note.text}`);
    return withData(prompt, dataBlock('Notes that you kept about the user earlier.', text.join('\n')));
  }

  /**
   * The agent that a conversation was handed over to keeps it: who gave the last answer of the active branch in a run
   * of the same agent goes on. A run that is resumed stays with whom it began.
   */
  private async activeOf(
    context: RunContext,
    agent: AgentDefinition,
    { group = [], lastAnswer }: { group?: readonly AgentDefinition[]; lastAnswer?: History['lastAnswer'] },
  ): Promise<AgentDefinition | undefined> {
    const member = (name: string | null | undefined) => group.find((one) => one.name === name);
    const { beganWith } = context.journal;
    if (beganWith !== undefined) return member(beganWith);
    const last = member(lastAnswer?.agent);
    // Agents that only work through a list cannot hand a conversation back; it returns by itself.
    if (last === undefined || last.pattern === 'sequential' || last.pattern === 'parallel') return undefined;
    const home = lastAnswer?.runId == null ? undefined : await this.runs.agentOf(lastAnswer.runId);
    return home === agent.name ? last : undefined;
  }
}

/** `run.created` and `run.queued`: a run that has no more was not started before. */
const EVENTS_OF_CREATION = 2;
