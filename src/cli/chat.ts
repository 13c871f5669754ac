import { type Command } from 'commander';
import { type CliEnv } from '../config/cli-env.js';
import { EX_USAGE } from '../config/exit-codes.js';
import { type Approval, decide, pendingOf } from './approvals.js';
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
    // A run that asks goes on when it is answered.
    let interrupted = await this.follow(runId, printer);
    while (!interrupted && printer.end === 'requires_action' && (await this.answer(runId)))
      interrupted = await this.follow(runId, printer);
    if (printer.end === 'requires_action')
      this.context.out.note('The run waits for a decision:  bin/mcp-server approvals list');
    if (interrupted) return INTERRUPTED;
    return printer.end === 'completed' ? 0 : 1;
  }

  /** Prints what happens until the run ends or asks; whether it was interrupted. */
  private async follow(runId: string, printer: RunPrinter): Promise<boolean> {
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
      for await (const event of followRun(this.context.api, runId, stop.signal, printer.last))
        printer.print(event);
    } catch (error) {
      if (!stop.signal.aborted) throw error;
    } finally {
      process.off('SIGINT', interrupt);
    }
    return interrupts > 0;
  }

  /** Asks on the terminal what the run asks; false when something stays open, or nobody can be asked. */
  private async answer(runId: string): Promise<boolean> {
    if (!process.stdin.isTTY || this.context.out.json) return false;
    const { api, out } = this.context;
    for (const approval of await pendingOf(api, runId)) {
      out.note(questionOf(approval));
      const word = (await ask('yes / no / later > ').catch(() => 'later')).trim().toLowerCase();
      if (!/^(y|yes|n|no)$/.test(word)) return false;
      const decision = word.startsWith('y') ? 'approve' : 'reject';
      await decide(api, approval.id, { decision, argumentsHash: approval.argumentsHash });
    }
    return true;
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

function questionOf({ kind, agent, tool, arguments: args, reason }: Approval): string {
  const call = `${tool} ${JSON.stringify(args)}`;
  if (kind === 'confirm_retry')
    return `The server stopped during ${call}. Whether it had an effect is not known. Make the call again?`;
  const why = reason === 'policy_tainted' ? ' after reading untrusted content' : '';
  return `The agent ${agent} wants to call${why}: ${call}`;
}
