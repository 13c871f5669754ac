import { type Command } from 'commander';
import { type CliEnv } from '../config/cli-env.js';
import { EX_USAGE } from '../config/exit-codes.js';
import { CliError } from './cli-error.js';
import { type CliContext, contextOf } from './context.js';
import { ask } from './prompt.js';
import { RunPrinter } from './run-printer.js';
import { followRun } from './run-stream.js';

interface ChatOptions {
  readonly agent?: string;
  readonly conversation?: string;
}

const INTERRUPTED = 130;

export function registerChat(program: Command, env: CliEnv): void {
  program
    .command('chat [question...]')
    .description('ask the agents; without a question, a conversation on the terminal')
    .option('--agent <name>', 'who answers (default: assistant)')
    .option('--conversation <id>', 'go on with this conversation')
    .action(async (words: string[], options: ChatOptions, command: Command) => {
      const context = contextOf(command, env);
      const chat = new Chat(context, options);
      const question = words.join(' ').trim();
      if (question !== '') process.exitCode = await chat.ask(question);
      else if (process.stdin.isTTY) await chat.converse();
      else throw new CliError('Write the question after `chat`, in quotes.', EX_USAGE);
    });
}

/** One conversation with the server. */
class Chat {
  private conversationId?: string;

  constructor(
    private readonly context: CliContext,
    private readonly options: ChatOptions,
  ) {
    this.conversationId = options.conversation;
  }

  /** Asks until Ctrl-D, Ctrl-C or an empty `exit`. */
  async converse(): Promise<void> {
    this.context.out.note('Ask something. Ctrl-C stops an answer, Ctrl-D ends.');
    for (;;) {
      const question = await ask('> ').catch(() => 'exit');
      if (question.trim() === 'exit') break;
      if (question.trim() !== '') await this.ask(question);
    }
    if (this.conversationId !== undefined)
      this.context.out.note(`Go on later:  bin/mcp-server chat --conversation ${this.conversationId}`);
  }

  /** Asks one question, prints what happens, and returns the exit code. */
  async ask(question: string): Promise<number> {
    const runId = await this.begin(question);
    const printer = new RunPrinter(this.context.out);
    const stop = new AbortController();
    let interrupts = 0;
    const interrupt = () => {
      interrupts += 1;
      // First the run is cancelled, and its last events still come; whoever presses again leaves at once.
      if (interrupts > 1) stop.abort();
      else this.context.api.post(`/api/v1/runs/${runId}/cancel`).catch(() => stop.abort());
    };
    process.on('SIGINT', interrupt);
    try {
      for await (const event of followRun(this.context.api, runId, stop.signal)) printer.print(event);
    } catch (error) {
      if (!stop.signal.aborted) throw error;
    } finally {
      process.off('SIGINT', interrupt);
    }
    if (printer.end === 'requires_action')
      this.context.out.note(`The run waits for a decision:  bin/mcp-server runs show ${runId}`);
    if (interrupts > 0) return INTERRUPTED;
    return printer.end === 'completed' ? 0 : 1;
  }

  private async begin(question: string): Promise<string> {
    const { api } = this.context;
    const agent = this.options.agent;
    if (this.conversationId === undefined) {
      const made = await api.post<{ id: string }>(
        '/api/v1/conversations',
        agent === undefined ? {} : { agent },
      );
      this.conversationId = made.id;
    }
    const run = await api.post<{ id: string }>(
      `/api/v1/conversations/${encodeURIComponent(this.conversationId)}/runs`,
      { input: question, ...(agent !== undefined && { agent }) },
    );
    return run.id;
  }
}
