import { Injectable } from '@nestjs/common';
import { type AgentDefinition } from '../../agents/agent.js';
import { type Actor } from '../../common/actor.js';
import { MessagesService } from '../../conversations/messages.service.js';
import { type PromptMessage } from '../run-context.js';
import { type ClaimedRun } from '../run-leases.repository.js';
import { RunsRepository } from '../runs.repository.js';
import { promptOf } from './prompt.js';

/** Reads what an agent is shown of its conversation. */
@Injectable()
export class PromptBuilder {
  constructor(
    private readonly messages: MessagesService,
    private readonly runs: RunsRepository,
  ) {}

  /** The last messages of the conversation, as many as the agent remembers, and the input of the run. */
  async build(actor: Actor, run: ClaimedRun, agent: AgentDefinition): Promise<PromptMessage[]> {
    const { conversationId, position } = run;
    if (conversationId === null) return promptOf([], run, new Set());
    const later = await this.runs.laterThan(conversationId, position);
    const window = Math.max(1, agent.memory.window);
    const history = await this.messages.history(actor, conversationId, window + later.length);
    return promptOf(history, run, new Set(later)).slice(-window);
  }
}
