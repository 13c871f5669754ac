import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';

export interface ConversationSummary {
  /** The last message that it covers. */
  readonly messageId: string;
  readonly text: string;
}

/** What models made of the older parts of conversations whose owner the caller has checked. */
@Injectable()
export class ConversationSummariesRepository {
  constructor(private readonly dataSource: DataSource) {}

  /** Those that end at one of these messages. */
  at(conversationId: string, messageIds: readonly string[]): Promise<ConversationSummary[]> {
    return this.dataSource.query(
      `select message_id as "messageId", text from conversation_summaries
        where conversation_id = $1 and message_id = any($2::uuid[])`,
      [conversationId, messageIds],
    );
  }

  /** Keeps a summary; one that is there already stays. Nothing happens when its message was deleted meanwhile. */
  async save(
    conversationId: string,
    { messageId, text }: ConversationSummary,
    by: { readonly model: string; readonly runId: string },
  ): Promise<void> {
    await this.dataSource.query(
      `insert into conversation_summaries (conversation_id, message_id, text, model, run_id)
       select conversation_id, id, $3, $4, $5 from messages where conversation_id = $1 and id = $2
       on conflict do nothing`,
      [conversationId, messageId, text, by.model, by.runId],
    );
  }
}
