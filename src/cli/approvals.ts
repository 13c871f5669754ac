import { type Command } from 'commander';
import { type CliEnv } from '../config/cli-env.js';
import { EX_USAGE } from '../config/exit-codes.js';
import { type ApiClient } from './api-client.js';
import { CliError } from './cli-error.js';
import { contextOf } from './context.js';
import { everything } from './pages.js';

/** What a run asks, as far as the command line reads it. */
export interface Approval {
  readonly id: string;
  readonly kind: 'tool_call' | 'confirm_retry';
  readonly reason: string;
  readonly status: string;
  /** Absent for a call of the user's own, over MCP. */
  readonly agent?: string;
  readonly tool: string;
  readonly arguments: unknown;
  readonly argumentsHash: string;
  readonly expiresAt: string;
}

const route = (id: string) => `/api/v1/approvals/${encodeURIComponent(id)}`;

export function registerApprovals(program: Command, env: CliEnv): void {
  const approvals = program.command('approvals').description('what agents ask you before they do it');

  approvals
    .command('list')
    .description('what waits for your word')
    .option('--status <status>', 'pending, approved, rejected, expired, outdated or cancelled', 'pending')
    .action(async (options: { status: string }, command: Command) => {
      const { api, out } = contextOf(command, env);
      out.list(await everything<Approval>(api, '/api/v1/approvals', { status: options.status }), {
        id: (approval) => approval.id,
        agent: (approval) => approval.agent ?? '(your own call)',
        tool: (approval) => approval.tool,
        arguments: (approval) => approval.arguments,
        reason: (approval) => approval.reason,
        until: (approval) => approval.expiresAt,
      });
    });

  approvals
    .command('show <id>')
    .description('one of them')
    .action(async (id: string, _options: unknown, command: Command) => {
      const { api, out } = contextOf(command, env);
      out.show(await api.get<Record<string, unknown>>(route(id)));
    });

  for (const decision of ['approve', 'reject'] as const)
    approvals
      .command(`${decision} <id>`)
      .description(decision === 'approve' ? 'let the call be made' : 'refuse the call')
      .option('--reason <text>', 'for the agent')
      .action(async (id: string, options: { reason?: string }, command: Command) => {
        const { api, out } = contextOf(command, env);
        out.line(`${id} is ${await decide(api, id, { decision, ...options })}`);
      });

  approvals
    .command('edit <id>')
    .description('let the call be made with other arguments')
    .requiredOption('--arguments <json>', 'the new arguments')
    .option('--reason <text>', 'for the agent')
    .action(async (id: string, options: { arguments: string; reason?: string }, command: Command) => {
      const { api, out } = contextOf(command, env);
      const body = { decision: 'edit', arguments: parse(options.arguments), reason: options.reason };
      out.line(`${id} is ${await decide(api, id, body)}`);
    });
}

/** Answers one and returns what became of it. */
export async function decide(
  api: ApiClient,
  id: string,
  body: Readonly<Record<string, unknown>>,
): Promise<string> {
  return (await api.post<{ status: string }>(route(id), body)).status;
}

/** What this run asks at the moment. */
export function pendingOf(api: ApiClient, runId: string): Promise<Approval[]> {
  return everything<Approval>(api, '/api/v1/approvals', { status: 'pending', runId });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new CliError('--arguments must be a JSON object, in quotes.', EX_USAGE);
  }
}
