import { type Command } from 'commander';
import { type CliEnv } from '../config/cli-env.js';
import { EX_UNAVAILABLE } from '../config/exit-codes.js';
import { contextOf } from './context.js';

export function registerStatus(program: Command, env: CliEnv): void {
  program
    .command('status')
    .description('how the server and what it depends on are')
    .action(async (_options: unknown, command: Command) => {
      const { api, out } = contextOf(command, env);
      const status = await api.get<Record<string, unknown>>('/api/status');
      out.show(status);
      if (status.status === 'unhealthy') process.exitCode = EX_UNAVAILABLE;
    });
}
