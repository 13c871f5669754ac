import { Injectable } from '@nestjs/common';
import { type AgentDefinition } from '../../agents/agent.js';
import { type Actor } from '../../common/actor.js';
import { MessagesService } from '../../conversations/messages.service.js';
import { type PromptMessage } from '../run-context.js';
import { type ClaimedRun } from '../run-leases.repository.js';
import { RunsRepository } from '../runs.repository.js';
import { precedingOf, promptOf } from './prompt.js';

/** Who answered last in a conversation, and in which run. */
export interface LastAnswer {
  readonly agent: string | null;
  readonly runId: string | null;
}

/** Reads what an agent is shown of its conversation. */
@Injectable()
export class PromptBuilder {
  constructor(
    private readonly messages: MessagesService,
    private readonly runs: RunsRepository,
  ) {}

  /** The last messages of the conversation, as many as the agent remembers, and the input of the run. */
  async build(
    actor: Actor,
    run: ClaimedRun,
    agent: AgentDefinition,
  ): Promise<{ messages: PromptMessage[]; lastAnswer?: LastAnswer }> {
    const { conversationId, position } = run;
    if (conversationId === null) return { messages: promptOf([], run.input) };
    const later = await this.runs.laterThan(conversationId, position);
    const window = Math.max(1, agent.memory.window);
    const history = await this.messages.history(actor, conversationId, window + later.length);
    const preceding = precedingOf(history, run, new Set(later));
    const lastAnswer = preceding.findLast(({ role }) => role === 'assistant');
    return { messages: promptOf(preceding, run.input).slice(-window), lastAnswer };
  }
}
