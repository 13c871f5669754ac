import { Injectable } from '@nestjs/common';
import { type AgentDefinition } from '../../agents/agent.js';
import { type AgentAnswer, type RunContext } from '../run-context.js';
import { type ClaimedRun } from '../run-leases.repository.js';
import { RunsRepository } from '../runs.repository.js';
import { AgentRunner } from './agent-runner.service.js';
import { type LastAnswer, PromptBuilder } from './prompt-builder.service.js';

/** Begins or resumes the work of a run: who answers, what he is shown. */
@Injectable()
export class RunEntry {
  constructor(
    private readonly prompts: PromptBuilder,
    private readonly runs: RunsRepository,
    private readonly runner: AgentRunner,
  ) {}

  /** Throws as AgentRunner.run. */
  async answer(context: RunContext, run: ClaimedRun, agent: AgentDefinition): Promise<AgentAnswer> {
    const { messages, lastAnswer } = await this.prompts.build(context.actor, run, agent);
    const group = await this.runner.groupOf(context, agent);
    const active = (await this.activeOf(context, agent, { group, lastAnswer })) ?? agent;
    const by = { name: active.name, path: active.name };
    if (run.lastSeq <= EVENTS_OF_CREATION) {
      context.emit('run.started', { name: agent.name, path: agent.name });
      context.emit('agent.started', by);
    }
    return this.runner.run(context, {
      ...{ agent: active, path: active.name, above: [], prompt: messages, speaksFor: by, group },
      ...(run.outputSchema !== null && { outputSchema: run.outputSchema }),
    });
  }

  /**
   * The agent that a conversation was handed over to keeps it: who gave the last answer of the active branch in a run
   * of the same agent goes on. A run that is resumed stays with whom it began.
   */
  private async activeOf(
    context: RunContext,
    agent: AgentDefinition,
    { group = [], lastAnswer }: { group?: readonly AgentDefinition[]; lastAnswer?: LastAnswer },
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

/** `run.created` and `run.queued`: a run that has more was started before. */
const EVENTS_OF_CREATION = 2;
