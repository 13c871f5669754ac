import { Injectable } from '@nestjs/common';
import { type Actor } from '../common/actor.js';
import { ConversationsErrors } from '../conversations/conversations.errors.js';
import { type Message } from '../conversations/message.entity.js';
import { MessagesService } from '../conversations/messages.service.js';
import { type RunRequest } from './run-creation.service.js';
import { RunsRepository } from './runs.repository.js';

/** How far up the tree the question of an answer is looked for. */
const MAX_ABOVE = 100;

/** Answers that are made anew, beside the old ones. */
@Injectable()
export class Regenerations {
  constructor(
    private readonly messages: MessagesService,
    private readonly runs: RunsRepository,
  ) {}

  /**
   * What a run needs that answers the question of this answer, or this question, once more, with the agent, limits and
   * variables of the run that answered it. Throws `conversation_not_found`, `message_not_found`,
   * `message_not_answerable`.
   */
  async requestOf(actor: Actor, conversationId: string, messageId: string): Promise<RunRequest> {
    const message = await this.messages.get(actor, conversationId, messageId);
    const run = await this.runOf(actor, message);
    const question = await this.questionOf(actor, message, run?.inputMessageId ?? null);
    const isAnswer = message.role === 'assistant';
    const { agent, limits, variables, simulate, outputSchema } = run ?? {};
    return {
      conversationId,
      input: question.content,
      again: {
        // One that made an answer anew stands for the run whose place it took.
        runId: (run?.answerParentId == null ? run?.id : (run.retryOf ?? run.id)) ?? null,
        inputMessageId: question.id,
        answerParentId: isAnswer ? message.parentId : message.id,
      },
      ...(agent !== undefined && { agent, limits, variables, simulate }),
      ...(outputSchema && { output: { schema: outputSchema } }),
    };
  }

  /** The run that gave the answer. A copy in a fork names a run of another conversation: not that one. */
  private async runOf(actor: Actor, { role, runId, conversationId }: Message) {
    if (role !== 'assistant' || runId === null) return undefined;
    const run = await this.runs.find(actor.userId, runId);
    return run?.conversationId === conversationId ? run : undefined;
  }

  private async questionOf(actor: Actor, message: Message, inputMessageId: string | null): Promise<Message> {
    const { conversationId, role, parentId, runId, visibility } = message;
    if (role === 'user') return message;
    if (role !== 'assistant' || visibility !== 'user') throw ConversationsErrors.message_not_answerable();
    const above = (await this.messages.history(actor, conversationId, MAX_ABOVE, parentId)).filter(
      (each) => each.role === 'user',
    );
    const question =
      above.find(({ id }) => id === inputMessageId) ??
      above.findLast((each) => runId !== null && each.runId === runId) ??
      above.at(-1);
    if (question === undefined) throw ConversationsErrors.message_not_answerable();
    return question;
  }
}
