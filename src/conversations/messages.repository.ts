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
}
