import { type Command } from 'commander';
import { type CliEnv } from '../config/cli-env.js';
import { contextOf } from './context.js';
import { everything } from './pages.js';

interface Run {
  readonly id: string;
  readonly agent: string;
  readonly status: string;
  readonly createdAt: string;
  readonly conversationId?: string | null;
}

interface Step {
  readonly path: string;
  readonly kind: string;
  readonly name?: string;
  readonly status: string;
}

const route = (id: string) => `/api/v1/runs/${encodeURIComponent(id)}`;

export function registerRuns(program: Command, env: CliEnv): void {
  const runs = program.command('runs').description('the work that agents did for you');

  runs
    .command('list')
    .description('your runs, newest first')
    .option('--status <status>', 'only those')
    .option('--code <code>', 'only failed ones with this error, e.g. run_crashed')
    .option('-n, --limit <count>', 'how many', Number, 20)
    .action(async (options: { status?: string; code?: string; limit: number }, command: Command) => {
      const { api, out } = contextOf(command, env);
      const { limit, ...query } = options;
      out.list(await everything<Run>(api, '/api/v1/runs', query, limit), {
        id: (run) => run.id,
        created: (run) => run.createdAt,
        agent: (run) => run.agent,
        status: (run) => run.status,
        conversation: (run) => run.conversationId,
      });
    });

  runs
    .command('show <id>')
    .description('one run and its steps')
    .action(async (id: string, _options: unknown, command: Command) => {
      const { api, out } = contextOf(command, env);
      const run = await api.get<Record<string, unknown>>(route(id));
      const steps = await everything<Step>(api, `${route(id)}/steps`);
      if (out.json) {
        out.data({ ...run, steps });
        return;
      }
      out.show(run);
      out.line();
      out.list(steps, {
        step: (step) => step.path,
        kind: (step) => step.kind,
        name: (step) => step.name,
        status: (step) => step.status,
      });
    });

  runs
    .command('retry <id>')
    .description('do a run again that did not end well')
    .action(async (id: string, _options: unknown, command: Command) => {
      const { api, out } = contextOf(command, env);
      out.line((await api.post<Run>(`${route(id)}/retry`)).id);
    });

  runs
    .command('cancel <id>')
    .description('stop a run')
    .action(async (id: string, _options: unknown, command: Command) => {
      const { api, out } = contextOf(command, env);
      await api.post(`${route(id)}/cancel`);
      out.line(`${id} is being cancelled`);
    });
}
