import { type Command } from 'commander';
import { type CliEnv } from '../config/cli-env.js';
import { EX_USAGE } from '../config/exit-codes.js';
import { CliError } from './cli-error.js';
import { contextOf } from './context.js';

interface Explanation {
  readonly allowed: boolean;
  readonly decision: string;
  readonly steps: readonly { rule: string; passed: boolean; reason: string; fix?: string }[];
}

const route = (name: string) => `/api/v1/tools/${encodeURIComponent(name)}`;

/** What an admin decides about a tool, and why a caller may or may not use it. */
export function registerToolPolicy(tools: Command, env: CliEnv): void {
  tools
    .command('policy <name> [field=value...]')
    .description('show or change the policy, e.g. timeoutMs=10000 rateLimit=null')
    .action(async (name: string, fields: string[], _options: unknown, command: Command) => {
      const { api, out } = contextOf(command, env);
      const tool =
        fields.length === 0
          ? await api.get<{ policy: Record<string, unknown> }>(route(name))
          : await api.patch<{ policy: Record<string, unknown> }>(route(name), { policy: policyOf(fields) });
      out.show(tool.policy);
    });

  tools
    .command('explain <name>')
    .description('why you, or another user, may call a tool or not')
    .option('--agent <name>', 'when this agent asks')
    .option('--user <id>', 'another user (admins)')
    .action(async (name: string, options: { agent?: string; user?: string }, command: Command) => {
      const { api, out } = contextOf(command, env);
      const query = new URLSearchParams({
        tool: name,
        ...(options.agent !== undefined && { agent: options.agent }),
        ...(options.user !== undefined && { userId: options.user }),
      });
      const explanation = await api.get<Explanation>(`/api/v1/authz/explain?${query.toString()}`);
      if (out.json) return out.data(explanation);
      out.line(explanation.allowed ? 'allowed' : `not allowed: ${explanation.decision}`);
      out.list(explanation.steps, {
        rule: (step) => step.rule,
        passed: (step) => (step.passed ? 'yes' : 'NO'),
        reason: (step) => step.reason,
        fix: (step) => step.fix ?? '',
      });
    });
}

function policyOf(fields: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    fields.map((field) => {
      const at = field.indexOf('=');
      if (at < 1) throw new CliError(`${field}: write field=value`, EX_USAGE);
      return [field.slice(0, at), valueOf(field.slice(at + 1))];
    }),
  );
}

function valueOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
