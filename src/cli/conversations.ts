import { type Command } from 'commander';
import { type CliEnv } from '../config/cli-env.js';
import { contextOf } from './context.js';
import { everything } from './pages.js';

interface Conversation {
  readonly id: string;
  readonly title: string | null;
  readonly agent: string | null;
  readonly createdAt: string;
}

interface Message {
  readonly role: string;
  readonly agent?: string;
  readonly content: readonly { readonly type: string; readonly text?: string }[];
}

export function registerConversations(program: Command, env: CliEnv): void {
  const conversations = program.command('conversations').description('your conversations');

  conversations
    .command('list')
    .description('your conversations, newest first')
    .option('-q, --query <text>', 'full-text search')
    .option('-n, --limit <count>', 'how many', Number, 20)
    .action(async (options: { query?: string; limit: number }, command: Command) => {
      const { api, out } = contextOf(command, env);
      const query = { q: options.query };
      out.list(await everything<Conversation>(api, '/api/v1/conversations', query, options.limit), {
        id: (one) => one.id,
        created: (one) => one.createdAt,
        agent: (one) => one.agent,
        title: (one) => one.title,
      });
    });

  conversations
    .command('show <id>')
    .description('the messages of a conversation')
    .action(async (id: string, _options: unknown, command: Command) => {
      const { api, out } = contextOf(command, env);
      const path = `/api/v1/conversations/${encodeURIComponent(id)}/messages`;
      const messages = await everything<Message>(api, path);
      if (out.json) {
        out.data(messages);
        return;
      }
      for (const message of messages) {
        const text = message.content.map((block) => block.text ?? `[${block.type}]`).join('');
        out.line(`${message.agent ?? message.role}: ${text}\n`);
      }
    });
}
