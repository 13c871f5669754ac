import { Injectable } from '@nestjs/common';
import { type AgentDefinition } from '../../agents/agent.js';
import { type Message } from '../../conversations/message.entity.js';
import { MessagesService } from '../../conversations/messages.service.js';
import { type PromptMessage, type RunContext } from '../run-context.js';
import { type ClaimedRun } from '../run-leases.repository.js';
import { RunsRepository } from '../runs.repository.js';
import { precedingOf, promptOf } from './prompt.js';
import { Summariser } from './summariser.service.js';

/** Messages before the window that a summary is made of at once. */
const MAX_OLDER = 200;

/** A conversation before one run. */
export interface History {
  readonly preceding: readonly Message[];
  /** Who answered last, and in which run. */
  readonly lastAnswer?: { readonly agent: string | null; readonly runId: string | null };
}

/** Reads what an agent is shown of its conversation. */
@Injectable()
export class PromptBuilder {
  constructor(
    private readonly messages: MessagesService,
    private readonly runs: RunsRepository,
    private readonly summariser: Summariser,
  ) {}

  /** The last messages before the input of the run, as many as the agent may be shown. */
  async history(context: RunContext, run: ClaimedRun, agent: AgentDefinition): Promise<History> {
    const { conversationId, answerParentId } = run;
    if (conversationId === null) return { preceding: [] };
    const later = await this.runs.laterThan(conversationId, await this.placeOf(run));
    const { window, summarise } = agent.memory;
    const limit = window + later.length + (summarise ? MAX_OLDER : 0);
    const leafId = answerParentId ?? undefined;
    const messages = await this.messages.history(context.actor, conversationId, limit, leafId);
    const preceding = precedingOf(messages, run, new Set(later));
    return { preceding, lastAnswer: preceding.findLast(({ role }) => role === 'assistant') };
  }

  /** An answer that is made anew knows what the old one knew. */
  private async placeOf({ userId, answerParentId, retryOf, position }: ClaimedRun): Promise<string> {
    if (answerParentId === null || retryOf === null) return position;
    return (await this.runs.find(userId, retryOf))?.position ?? position;
  }

  /** The window of the agent, with the input of the run; what is older as a summary, when the agent wants one. */
  async build(
    context: RunContext,
    run: ClaimedRun,
    agent: AgentDefinition,
    { preceding, active }: Pick<History, 'preceding'> & { active: string },
  ): Promise<PromptMessage[]> {
    const start = Math.max(0, preceding.length - (agent.memory.window - 1));
    const recent = preceding.slice(start);
    if (run.conversationId === null || !agent.memory.summarise) return promptOf(recent, run.input);
    const { conversationId } = run;
    const older = preceding.slice(0, start);
    const { block, rest } = await this.summariser.shorten(context, agent, { active, conversationId, older });
    const prompt = promptOf([...rest, ...recent], run.input);
    return block === undefined ? prompt : [{ role: 'user', text: block }, ...prompt];
  }
}
