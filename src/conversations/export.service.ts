import { Injectable } from '@nestjs/common';
import { type Actor } from '../common/actor.js';
import { Conversation as ConversationView, Message as MessageView } from './conversations.dto.js';
import { type Conversation } from './conversation.entity.js';
import { ConversationsService } from './conversations.service.js';
import { type Message } from './message.entity.js';
import { MessagesService } from './messages.service.js';

const PAGE = 100;

/** A conversation as a file, made page by page: its length costs no memory. */
@Injectable()
export class ExportService {
  constructor(
    private readonly conversations: ConversationsService,
    private readonly messages: MessagesService,
  ) {}

  /** `{conversation, messages}` with the whole tree, in the shapes of the API. Throws `conversation_not_found`. */
  async json(actor: Actor, id: string): Promise<AsyncIterable<string>> {
    const conversation = await this.conversations.get(actor, id);
    return this.jsonText(actor, conversation);
  }

  /** The active branch, to read. Throws `conversation_not_found`. */
  async markdown(actor: Actor, id: string): Promise<AsyncIterable<string>> {
    const conversation = await this.conversations.get(actor, id);
    return this.markdownText(actor, conversation);
  }

  private async *jsonText(actor: Actor, conversation: Conversation): AsyncGenerator<string> {
    yield `{"conversation":${JSON.stringify(ConversationView.parse(conversation))},"messages":[`;
    let separator = '';
    for await (const message of this.all(actor, conversation.id, 'all')) {
      yield separator + JSON.stringify(MessageView.parse(message));
      separator = ',';
    }
    yield ']}';
  }

  private async *markdownText(actor: Actor, conversation: Conversation): AsyncGenerator<string> {
    yield `# ${(conversation.title ?? 'Conversation').replace(/\s+/g, ' ')}\n`;
    for await (const message of this.all(actor, conversation.id, 'active')) yield markdownOf(message);
  }

  private async *all(actor: Actor, id: string, branch: 'all' | 'active'): AsyncGenerator<Message> {
    let cursor: string | undefined;
    do {
      const page = await this.messages.list(actor, id, { branch, order: 'asc', limit: PAGE, cursor });
      yield* page.items;
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
  }
}

function markdownOf(message: Message): string {
  const who = message.agent === null ? message.role : `${message.role} (${message.agent})`;
  const parts = message.content.map((part) => (part.type === 'text' ? part.text : `*${part.type}*`));
  const calls = (message.toolCalls ?? []).map(
    (call) => `*calls \`${call.name}\` with* \`${JSON.stringify(call.arguments)}\``,
  );
  const text = [...parts, ...calls].filter((part) => part !== '').join('\n\n');
  return `\n## ${who} · ${message.createdAt.toISOString()}\n\n${text}\n`;
}
