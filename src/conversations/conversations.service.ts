import { Injectable } from '@nestjs/common';
import { type Actor } from '../common/actor.js';
import { newId } from '../common/ids.js';
import { type Page } from '../common/page.js';
import { type Transaction } from '../platform/database/transactions.js';
import { Cursors } from '../platform/secrets/cursors.js';
import { type Conversation } from './conversation.entity.js';
import {
  type ConversationChanges,
  type ConversationQuery,
  type NewConversation,
} from './conversations.dto.js';
import { ConversationsErrors } from './conversations.errors.js';
import { ConversationsRepository } from './conversations.repository.js';

/** Conversations of the caller. One of somebody else is answered like one that never was. */
@Injectable()
export class ConversationsService {
  constructor(
    private readonly conversations: ConversationsRepository,
    private readonly cursors: Cursors,
  ) {}

  async create(actor: Actor, input: NewConversation, transaction?: Transaction): Promise<Conversation> {
    const now = new Date();
    const conversation: Conversation = {
      id: newId(),
      userId: actor.userId,
      title: input.title ?? null,
      agent: input.agent ?? null,
      metadata: input.metadata ?? {},
      activeLeafId: null,
      lastPosition: 0,
      archivedAt: null,
      createdAt: now,
      updatedAt: now,
    };
    await this.conversations.insert(conversation, transaction);
    return conversation;
  }

  /** Throws `conversation_not_found`. */
  async get(actor: Actor, id: string, transaction?: Transaction): Promise<Conversation> {
    const conversation = await this.conversations.find(actor.userId, id, transaction);
    if (conversation === null) throw ConversationsErrors.conversation_not_found();
    return conversation;
  }

  /** Newest first; `q` searches titles and messages. */
  async list(actor: Actor, query: ConversationQuery): Promise<Page<Conversation>> {
    const { limit, cursor, q, agent, archived } = query;
    const list = `conversations:${JSON.stringify([actor.userId, q, agent, archived])}`;
    const before = this.cursors.read(list, cursor);
    const rows = await this.conversations.list(actor.userId, {
      q,
      agent,
      archived,
      before,
      limit: limit + 1,
    });
    return this.cursors.page(list, rows, limit, (conversation) => conversation.id);
  }

  /** Changes what is given and leaves the rest. Throws `conversation_not_found`. */
  async update(actor: Actor, id: string, changes: ConversationChanges): Promise<Conversation> {
    const { archived, ...columns } = changes;
    const found = await this.conversations.update(actor.userId, id, {
      ...columns,
      ...(archived !== undefined && { archivedAt: archived ? new Date() : null }),
    });
    if (!found) throw ConversationsErrors.conversation_not_found();
    return this.get(actor, id);
  }

  /** Deletes it with all that belongs to it. Throws `conversation_not_found`. */
  async delete(actor: Actor, id: string): Promise<void> {
    if (!(await this.conversations.delete(actor.userId, id))) {
      throw ConversationsErrors.conversation_not_found();
    }
  }
}
