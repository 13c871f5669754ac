import { type Command } from 'commander';
import { type CliEnv } from '../config/cli-env.js';
import { EX_USAGE } from '../config/exit-codes.js';
import { CliError } from './cli-error.js';
import { contextOf } from './context.js';
import { everything } from './pages.js';
import { type Detail, lineOf } from './tools-file.js';

interface Version {
  readonly version: number;
  readonly current: boolean;
  readonly offered: boolean;
  readonly hash: string;
  readonly createdAt: string;
}

interface Tool {
  readonly version: number;
  readonly state: string;
}

/** `tools versions|diff|approve|rollback|delete`: what a tool says about itself, and said before. */
export function registerToolsVersions(tools: Command, env: CliEnv): void {
  tools
    .command('versions <name>')
    .description('the versions of a tool; the one in use, and the one that is offered')
    .action(async (name: string, _options: unknown, command: Command) => {
      const { api, out } = contextOf(command, env);
      out.list(await everything<Version>(api, `${route(name)}/versions`), {
        version: ({ version }) => version,
        is: ({ current, offered }) =>
          [current && 'in use', offered && 'offered'].filter(Boolean).join(', ') || '-',
        hash: ({ hash }) => hash.slice(0, 12),
        made: ({ createdAt }) => createdAt,
      });
    });

  tools
    .command('diff <name> <version>')
    .description('what changed in a version, and what of it deserves a look')
    .option('--against <version>', 'compare with this version instead of the one in use')
    .action(async (name: string, version: string, { against }: { against?: string }, command: Command) => {
      const { api, out } = contextOf(command, env);
      const path = `${route(name)}/versions/${number(version)}/diff`;
      const diff = await api.get<{ against: number; changes: Detail[] }>(path, { query: { against } });
      if (out.json) return out.data(diff);
      for (const change of diff.changes) out.line(lineOf(change));
      out.line(`${diff.changes.length} differences to version ${diff.against}`);
    });

  tools
    .command('approve <name> <version>')
    .description('let a quarantined tool be used as this version, after a look at its diff')
    .action(async (name: string, version: string, _options: unknown, command: Command) => {
      const { api, out } = contextOf(command, env);
      const tool = await api.post<Tool>(`${route(name)}/versions/${number(version)}/approve`);
      out.line(`${name} is ${tool.state} as version ${tool.version}`);
    });

  tools
    .command('rollback <name> <version>')
    .description('use an earlier version of a tool made by hand again')
    .action(async (name: string, version: string, _options: unknown, command: Command) => {
      const { api, out } = contextOf(command, env);
      const tool = await api.post<Tool>(`${route(name)}/rollback`, { version: number(version) });
      out.line(`${name} is ${tool.state} as version ${tool.version}`);
    });

  tools
    .command('delete <name>')
    .description('delete a tool that was made by hand')
    .action(async (name: string, _options: unknown, command: Command) => {
      const { api, out } = contextOf(command, env);
      await api.delete(route(name));
      out.line(`${name} is deleted`);
    });
}

const route = (name: string) => `/api/v1/tools/${encodeURIComponent(name)}`;

function number(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new CliError(`${text} is not the number of a version`, EX_USAGE);
  return Number(text);
}
