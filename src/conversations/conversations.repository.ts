import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { type Transaction } from '../platform/database/transactions.js';
import { Conversation } from './conversation.entity.js';

export interface ConversationFilter {
  readonly q?: string;
  readonly agent?: string;
  readonly archived: boolean;
  /** Only ids below this one: the last of the page before. */
  readonly before?: string;
  readonly limit: number;
}

/**
 * The search text as people type it (words, "a phrase", or, -not), the last word also as the beginning of one.
 * websearch_to_tsquery accepts any text; only a query that ends in a lexeme can get the prefix mark.
 */
const SEARCH = `(select case when query::text like '%''' then (query::text || ':*')::tsquery else query end
  from websearch_to_tsquery('simple', :q) as query)`;

/** Every read and write names the owner: a foreign conversation is as absent as one that never was. */
@Injectable()
export class ConversationsRepository {
  constructor(@InjectRepository(Conversation) private readonly conversations: Repository<Conversation>) {}

  async insert(conversation: Conversation, transaction?: Transaction): Promise<void> {
    await this.in(transaction).insert(conversation);
  }

  find(userId: string, id: string, transaction?: Transaction): Promise<Conversation | null> {
    return this.in(transaction).findOneBy({ id, userId });
  }

  /** Reads and locks the row until the transaction ends. */
  lock(transaction: Transaction, userId: string, id: string): Promise<Conversation | null> {
    return this.in(transaction).findOne({ where: { id, userId }, lock: { mode: 'pessimistic_write' } });
  }

  /** False when the user has no such conversation. */
  async update(
    userId: string,
    id: string,
    changes: Partial<Conversation>,
    transaction?: Transaction,
  ): Promise<boolean> {
    const result = await this.in(transaction).update({ id, userId }, { ...changes, updatedAt: new Date() });
    return result.affected === 1;
  }

  async delete(userId: string, id: string): Promise<boolean> {
    const result = await this.conversations.delete({ id, userId });
    return result.affected === 1;
  }

  /** Newest first. */
  list(userId: string, filter: ConversationFilter): Promise<Conversation[]> {
    const query = this.conversations
      .createQueryBuilder('c')
      .where('c.userId = :userId', { userId })
      .andWhere(filter.archived ? 'c.archivedAt is not null' : 'c.archivedAt is null')
      .orderBy('c.id', 'DESC')
      .limit(filter.limit);
    if (filter.before !== undefined) query.andWhere('c.id < :before', { before: filter.before });
    if (filter.agent !== undefined) query.andWhere('c.agent = :agent', { agent: filter.agent });
    if (filter.q !== undefined) {
      query.andWhere(
        `(c.search @@ ${SEARCH} or exists
           (select from messages m where m.conversation_id = c.id and m.search @@ ${SEARCH}))`,
        { q: filter.q },
      );
    }
    return query.getMany();
  }

  private in(transaction?: Transaction): Repository<Conversation> {
    return transaction?.getRepository(Conversation) ?? this.conversations;
  }
}
