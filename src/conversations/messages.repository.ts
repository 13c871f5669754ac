import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { type QueryDeepPartialEntity, Repository } from 'typeorm';
import { type Transaction } from '../platform/database/transactions.js';
import { Message } from './message.entity.js';

export interface MessageFilter {
  /** The whole tree, or the branch that ends at this message. */
  readonly branch: 'all' | { readonly leafId: string | null };
  readonly order: 'asc' | 'desc';
  /** Position of the last message of the page before. */
  readonly after?: number;
  readonly limit: number;
}

/** Which message becomes which. */
export interface MessageCopy {
  readonly sourceId: string;
  readonly id: string;
  readonly parentId: string | null;
}

/** Ids from :leafId up to its root. */
const BRANCH = `(with recursive branch as (
    select id, parent_id from messages where id = :leafId and conversation_id = :conversationId
    union all
    select m.id, m.parent_id from messages m join branch b on m.id = b.parent_id
  ) select id from branch)`;

/** Messages of conversations whose owner the service has checked. */
@Injectable()
export class MessagesRepository {
  constructor(@InjectRepository(Message) private readonly messages: Repository<Message>) {}

  async insert(message: Message, transaction: Transaction): Promise<void> {
    await transaction.getRepository(Message).insert(message as QueryDeepPartialEntity<Message>);
  }

  find(conversationId: string, id: string, transaction?: Transaction): Promise<Message | null> {
    return (transaction?.getRepository(Message) ?? this.messages).findOneBy({ id, conversationId });
  }

  /** What the caller may see, in order of appending. */
  list(conversationId: string, filter: MessageFilter): Promise<Message[]> {
    const query = this.messages
      .createQueryBuilder('m')
      .where('m.conversationId = :conversationId', { conversationId })
      .andWhere(`m.visibility = 'user'`)
      .orderBy('m.position', filter.order === 'asc' ? 'ASC' : 'DESC')
      .limit(filter.limit);
    if (filter.branch !== 'all') query.andWhere(`m.id in ${BRANCH}`, { leafId: filter.branch.leafId });
    if (filter.after !== undefined) {
      query.andWhere(filter.order === 'asc' ? 'm.position > :after' : 'm.position < :after', {
        after: filter.after,
      });
    }
    return query.getMany();
  }

  /** The branch that ends at a message, root first. */
  branch(
    transaction: Transaction,
    conversationId: string,
    leafId: string,
    limit: number,
  ): Promise<Message[]> {
    return transaction
      .getRepository(Message)
      .createQueryBuilder('m')
      .select(['m.id', 'm.parentId'])
      .where('m.conversationId = :conversationId', { conversationId })
      .andWhere(`m.id in ${BRANCH}`, { leafId })
      .orderBy('m.position', 'ASC')
      .limit(limit)
      .getMany();
  }

  /** Copies messages to another conversation, in the given order. Their contents never leave the database. */
  async copy(
    transaction: Transaction,
    conversationId: string,
    copies: readonly MessageCopy[],
  ): Promise<void> {
    await transaction.query(
      `insert into messages (id, conversation_id, parent_id, position, role, content, agent, run_id, tool_calls,
         tool_call_id, status, model, generated_by, visibility, created_at)
       select c.id, $1, c.parent_id, c.position, m.role, m.content, m.agent, m.run_id, m.tool_calls,
         m.tool_call_id, m.status, m.model, m.generated_by, m.visibility, m.created_at
       from unnest($2::uuid[], $3::uuid[], $4::uuid[]) with ordinality as c (source_id, id, parent_id, position)
       join messages m on m.id = c.source_id`,
      [
        conversationId,
        copies.map((copy) => copy.sourceId),
        copies.map((copy) => copy.id),
        copies.map((copy) => copy.parentId),
      ],
    );
  }

  /** Deletes a message and all that follow from it. */
  async delete(transaction: Transaction, conversationId: string, id: string): Promise<void> {
    await transaction.getRepository(Message).delete({ id, conversationId });
  }
}
