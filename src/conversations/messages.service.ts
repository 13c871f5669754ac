import { Injectable } from '@nestjs/common';
import { type Actor } from '../common/actor.js';
import { newId } from '../common/ids.js';
import { type Page } from '../common/page.js';
import { type Transaction, Transactions } from '../platform/database/transactions.js';
import { Cursors } from '../platform/secrets/cursors.js';
import { type MessageQuery } from './conversations.dto.js';
import { ConversationsErrors } from './conversations.errors.js';
import { ConversationsRepository } from './conversations.repository.js';
import { type MessageContent, type NewMessage } from './message.js';
import { type Message } from './message.entity.js';
import { MessagesRepository } from './messages.repository.js';
import { titleFrom } from './title.js';

/** What the search index of one message can hold with room to spare (a tsvector ends at 1 MiB). */
const MAX_TEXT_BYTES = 256 << 10;
const HISTORY_LIMIT = 200;

/** The messages of a conversation: a tree by `parentId`, of which one branch is active. */
@Injectable()
export class MessagesService {
  constructor(
    private readonly conversations: ConversationsRepository,
    private readonly messages: MessagesRepository,
    private readonly transactions: Transactions,
    private readonly cursors: Cursors,
  ) {}

  /**
   * Adds a message under the lock of its conversation and makes it the active leaf (unless it is internal). Without a
   * `parentId` it continues the active branch. Throws `conversation_not_found`, `message_not_found` (the parent),
   * `message_too_large`.
   */
  async append(actor: Actor, message: NewMessage, transaction?: Transaction): Promise<Message> {
    if (transaction === undefined) return this.transactions.run((tx) => this.append(actor, message, tx));
    const { conversationId } = message;
    const conversation = await this.conversations.lock(transaction, actor.userId, conversationId);
    if (conversation === null) throw ConversationsErrors.conversation_not_found();
    checkSize(message.content);
    if (message.id !== undefined) {
      const stored = await this.messages.find(conversationId, message.id, transaction);
      if (stored !== null) return stored;
    }
    const parentId = message.parentId === undefined ? conversation.activeLeafId : message.parentId;
    if (parentId !== null) await this.find(conversationId, parentId, transaction);
    const row = toRow(message, parentId, conversation.lastPosition + 1);
    await this.messages.insert(row, transaction);
    await this.conversations.update(
      actor.userId,
      conversationId,
      {
        lastPosition: row.position,
        ...(row.visibility === 'user' && { activeLeafId: row.id }),
        ...(conversation.title === null && row.role === 'user' && { title: titleFrom(row.content) }),
      },
      transaction,
    );
    return row;
  }

  /**
   * The last `limit` messages of the active branch, or of the one that ends at `leafId`, oldest first. Throws
   * `conversation_not_found`.
   */
  async history(
    actor: Actor,
    conversationId: string,
    limit: number = HISTORY_LIMIT,
    leafId?: string | null,
  ): Promise<Message[]> {
    const { activeLeafId } = await this.owned(actor, conversationId);
    const newestFirst = await this.messages.list(conversationId, {
      branch: { leafId: leafId === undefined ? activeLeafId : leafId },
      order: 'desc',
      limit,
    });
    return newestFirst.reverse();
  }

  /** A page of the active branch or of the whole tree, in order of appending. Throws `conversation_not_found`. */
  async list(actor: Actor, conversationId: string, query: MessageQuery): Promise<Page<Message>> {
    const { activeLeafId } = await this.owned(actor, conversationId);
    const { limit, cursor, branch, order } = query;
    const list = `messages:${JSON.stringify([conversationId, branch, order])}`;
    const after = this.cursors.read(list, cursor);
    const rows = await this.messages.list(conversationId, {
      branch: branch === 'all' ? 'all' : { leafId: activeLeafId },
      order,
      after: after === undefined ? undefined : Number(after),
      limit: limit + 1,
    });
    return this.cursors.page(list, rows, limit, (message) => String(message.position));
  }

  /** The message; throws `conversation_not_found`, `message_not_found`. */
  async get(actor: Actor, conversationId: string, id: string): Promise<Message> {
    await this.owned(actor, conversationId);
    return this.find(conversationId, id);
  }

  /**
   * Puts another version of a user's message beside it, and makes that the active branch. The old one stays in the
   * tree. Throws `message_not_found`, `message_not_editable`.
   */
  async edit(
    actor: Actor,
    conversationId: string,
    id: string,
    content: readonly MessageContent[],
  ): Promise<Message> {
    const { role, parentId } = await this.get(actor, conversationId, id);
    if (role !== 'user') throw ConversationsErrors.message_not_editable();
    return this.append(actor, { conversationId, parentId, role, content, status: 'complete' });
  }

  /** Deletes a message and all that follow from it; the active branch then ends before it. */
  async delete(actor: Actor, conversationId: string, id: string): Promise<void> {
    await this.transactions.run(async (tx) => {
      const conversation = await this.conversations.lock(tx, actor.userId, conversationId);
      if (conversation === null) throw ConversationsErrors.conversation_not_found();
      const { parentId } = await this.find(conversationId, id, tx);
      await this.messages.delete(tx, conversationId, id);
      const { activeLeafId: leaf } = conversation;
      const leafIsGone = leaf !== null && (await this.messages.find(conversationId, leaf, tx)) === null;
      const changes = leafIsGone ? { activeLeafId: parentId } : {};
      await this.conversations.update(actor.userId, conversationId, changes, tx);
    });
  }

  private async find(conversationId: string, id: string, transaction?: Transaction): Promise<Message> {
    const message = await this.messages.find(conversationId, id, transaction);
    if (message === null) throw ConversationsErrors.message_not_found();
    return message;
  }

  private async owned(actor: Actor, conversationId: string) {
    const conversation = await this.conversations.find(actor.userId, conversationId);
    if (conversation === null) throw ConversationsErrors.conversation_not_found();
    return conversation;
  }
}

function checkSize(content: readonly MessageContent[]): void {
  const bytes = content.reduce(
    (sum, part) => sum + (part.type === 'text' ? Buffer.byteLength(part.text) : 0),
    0,
  );
  if (bytes > MAX_TEXT_BYTES) throw ConversationsErrors.message_too_large();
}

function toRow(message: NewMessage, parentId: string | null, position: number): Message {
  return {
    id: message.id ?? newId(),
    conversationId: message.conversationId,
    parentId,
    position,
    role: message.role,
    content: message.content,
    agent: message.agent ?? null,
    runId: message.runId ?? null,
    toolCalls: message.toolCalls ?? null,
    toolCallId: message.toolCallId ?? null,
    status: message.status,
    model: message.model ?? null,
    generatedBy: message.generatedBy ?? null,
    visibility: message.visibility ?? 'user',
    createdAt: new Date(),
  };
}
