import { Injectable } from '@nestjs/common';
import { type Actor } from '../common/actor.js';
import { newId } from '../common/ids.js';
import { type Transaction } from '../platform/database/transactions.js';
import { type Conversation } from './conversation.entity.js';
import { ConversationsErrors } from './conversations.errors.js';
import { ConversationsRepository } from './conversations.repository.js';
import { ConversationsService } from './conversations.service.js';
import { type MessageCopy, MessagesRepository } from './messages.repository.js';

const MAX_MESSAGES = 5000;

/** New conversations that begin as a copy of another one. */
@Injectable()
export class ForksService {
  constructor(
    private readonly service: ConversationsService,
    private readonly conversations: ConversationsRepository,
    private readonly messages: MessagesRepository,
  ) {}

  /**
   * Copies the branch that ends at `messageId` into a new conversation. Throws `conversation_not_found`,
   * `message_not_found`, `branch_too_long`.
   */
  async fork(actor: Actor, id: string, messageId: string, transaction: Transaction): Promise<Conversation> {
    const { title, agent, metadata } = await this.service.get(actor, id, transaction);
    const branch = await this.messages.branch(transaction, id, messageId, MAX_MESSAGES + 1);
    if (branch.length === 0) throw ConversationsErrors.message_not_found();
    if (branch.length > MAX_MESSAGES) throw ConversationsErrors.branch_too_long();
    const fork = await this.service.create(
      actor,
      { title: title ?? undefined, agent: agent ?? undefined, metadata },
      transaction,
    );
    const copies = copiesOf(branch);
    await this.messages.copy(transaction, fork.id, copies);
    const position = { lastPosition: copies.length, activeLeafId: copies.at(-1)?.id ?? null };
    await this.conversations.update(actor.userId, fork.id, position, transaction);
    return { ...fork, ...position };
  }
}

function copiesOf(branch: readonly { id: string; parentId: string | null }[]): MessageCopy[] {
  const ids = new Map(branch.map((message) => [message.id, newId()]));
  return branch.map(({ id, parentId }) => ({
    sourceId: id,
    id: ids.get(id) ?? newId(),
    parentId: parentId === null ? null : (ids.get(parentId) ?? null),
  }));
}
