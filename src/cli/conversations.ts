import { type Command } from 'commander';
import { type CliEnv } from '../config/cli-env.js';
import { contextOf } from './context.js';
import { CliError } from './cli-error.js';
import { everything } from './pages.js';
import { RunPrinter } from './run-printer.js';
import { followRun } from './run-stream.js';

interface Conversation {
  readonly id: string;
  readonly title: string | null;
  readonly agent: string | null;
  readonly createdAt: string;
}

interface Message {
  readonly id: string;
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

  conversations
    .command('regenerate <id> [message]')
    .description('another answer beside an old one; without a message, beside the last one')
    .action(async (id: string, message: string | undefined, _options: unknown, command: Command) => {
      const { api, out } = contextOf(command, env);
      const path = `/api/v1/conversations/${encodeURIComponent(id)}/messages`;
      const answers = message === undefined ? await everything<Message>(api, path) : [];
      const last = message ?? answers.findLast(({ role }) => role === 'assistant')?.id;
      if (last === undefined) throw new CliError('This conversation has no answer yet.');
      const run = await api.post<{ id: string }>(`${path}/${encodeURIComponent(last)}/regenerate`);
      const printer = new RunPrinter(out);
      for await (const event of followRun(api, run.id, new AbortController().signal)) printer.print(event);
      if (printer.end !== 'completed') process.exitCode = 1;
    });
}
