import { type Command } from 'commander';
import { type CliEnv } from '../config/cli-env.js';
import { contextOf } from './context.js';
import { everything } from './pages.js';

interface Schedule {
  readonly id: string;
  readonly name: string;
  readonly agent: string;
  readonly cron: string;
  readonly timeZone: string;
  readonly enabled: boolean;
  readonly nextRunAt?: string;
  readonly problem?: string;
}

interface CreateOptions {
  readonly cron: string;
  readonly zone?: string;
  readonly agent?: string;
  readonly name?: string;
  readonly overlap?: string;
}

const ROUTE = '/api/v1/schedules';
const route = (id: string) => `${ROUTE}/${encodeURIComponent(id)}`;

export function registerSchedules(program: Command, env: CliEnv): void {
  const schedules = program.command('schedules').description('what agents are asked again and again');

  schedules
    .command('list')
    .description('your schedules')
    .action(async (_options: unknown, command: Command) => {
      const { api, out } = contextOf(command, env);
      out.list(await everything<Schedule>(api, ROUTE), {
        id: (schedule) => schedule.id,
        name: (schedule) => schedule.name,
        agent: (schedule) => schedule.agent,
        cron: (schedule) => `${schedule.cron} ${schedule.timeZone}`,
        next: (schedule) => schedule.nextRunAt ?? schedule.problem ?? 'off',
      });
    });

  schedules
    .command('show <id>')
    .description('one schedule')
    .action(async (id: string, _options: unknown, command: Command) => {
      const { api, out } = contextOf(command, env);
      out.show(await api.get<Record<string, unknown>>(route(id)));
    });

  schedules
    .command('create <question...>')
    .description('ask an agent again and again')
    .requiredOption('--cron <expression>', 'minute hour day month weekday, in quotes')
    .option('--zone <name>', 'IANA time zone', Intl.DateTimeFormat().resolvedOptions().timeZone)
    .option('--agent <name>', 'who answers (default: assistant)')
    .option('--name <name>', 'how to call it (default: the question)')
    .option('--overlap <mode>', 'skip or enqueue, when the run before has not ended', 'skip')
    .action(async (words: string[], options: CreateOptions, command: Command) => {
      const { api, out } = contextOf(command, env);
      const input = words.join(' ');
      const { cron, zone: timeZone, agent, name = input.slice(0, 100), overlap } = options;
      out.show(
        await api.post<Record<string, unknown>>(ROUTE, { input, cron, timeZone, agent, name, overlap }),
      );
    });

  for (const [name, enabled] of [
    ['pause', false],
    ['resume', true],
  ] as const)
    schedules
      .command(`${name} <id>`)
      .description(enabled ? 'let it go on' : 'leave its times out until it is resumed')
      .action(async (id: string, _options: unknown, command: Command) => {
        const { api, out } = contextOf(command, env);
        await api.patch(route(id), { enabled });
        out.line(`${id} is ${enabled ? 'on' : 'off'}`);
      });

  schedules
    .command('delete <id>')
    .description('delete it; its runs stay')
    .action(async (id: string, _options: unknown, command: Command) => {
      const { api, out } = contextOf(command, env);
      await api.delete(route(id));
      out.line(`${id} is deleted`);
    });
}
