import { type Command, Option } from 'commander';
import { type CliEnv } from '../config/cli-env.js';
import { contextOf } from './context.js';

interface Sum {
  readonly modelCalls: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly costUsd: number;
  readonly unpricedCalls: number;
}

interface Report {
  readonly items: readonly (Sum & { readonly key: string })[];
  readonly total: Sum;
}

export function registerUsage(program: Command, env: CliEnv): void {
  program
    .command('usage')
    .description('tokens and cost of your runs')
    .option('--from <date>', 'first day (default: 30 days ago)')
    .option('--to <date>', 'last day (default: today)')
    .addOption(
      new Option('--by <group>', 'a line for each').choices(['day', 'agent', 'model', 'user']).default('day'),
    )
    .option('--user <id>', 'for admins: whose usage, or all')
    .action(async (options: { from?: string; to?: string; by: string; user?: string }, command: Command) => {
      const { api, out } = contextOf(command, env);
      const query = new URLSearchParams({ groupBy: options.by });
      for (const name of ['from', 'to', 'user'] as const) {
        const value = options[name];
        if (value !== undefined) query.set(name, value);
      }
      const report = await api.get<Report>(`/api/v1/usage?${query.toString()}`);
      if (out.json) {
        out.data(report);
        return;
      }
      out.list([...report.items, { key: 'total', ...report.total }], {
        [options.by]: (item) => item.key,
        calls: (item) => item.modelCalls,
        input: (item) => item.inputTokens,
        output: (item) => item.outputTokens,
        'cost (USD)': (item) => costOf(item),
      });
    });
}

function costOf({ costUsd, unpricedCalls }: Sum): string {
  const cost = costUsd.toFixed(4);
  return unpricedCalls > 0 ? `${cost} + ${unpricedCalls} calls without a price` : cost;
}
