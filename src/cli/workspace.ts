import { setTimeout as sleep } from 'node:timers/promises';
import { type Command } from 'commander';
import { type CliEnv } from '../config/cli-env.js';
import { CliError } from './cli-error.js';
import { type ApiClient } from './api-client.js';
import { contextOf } from './context.js';
import { everything } from './pages.js';

interface Workspace {
  readonly name: string;
  readonly url: string;
  readonly ref: string | null;
  readonly state: 'fetching' | 'ready' | 'failed';
  readonly problem: string | null;
  readonly commit: string | null;
}

interface NewOptions {
  readonly name?: string;
  readonly ref?: string;
  readonly depth?: string;
  readonly secret?: string;
  readonly user?: string;
}

const ROUTE = '/api/v1/workspaces';
const LOOK_AGAIN_MS = 500;
const route = (name: string) => `${ROUTE}/${encodeURIComponent(name)}`;

export function registerWorkspace(program: Command, env: CliEnv): void {
  const workspace = program
    .command('workspace')
    .description('remote Git repositories that file and Git tools may read');

  workspace
    .command('list')
    .description('all workspaces')
    .action(async (_options: unknown, command: Command) => {
      const { api, out } = contextOf(command, env);
      out.list(await everything<Workspace>(api, ROUTE), {
        name: (item) => item.name,
        state: (item) => item.state,
        commit: (item) => item.commit?.slice(0, 12) ?? '',
        url: (item) => item.url,
      });
    });

  workspace
    .command('add <url>')
    .description('fetch a repository by https')
    .option('--name <name>', 'what tools call it (default: the last part of the URL)')
    .option('--ref <ref>', 'branch or tag (default: the one that the server names)')
    .option('--depth <commits>', 'newest commits only (default: the whole history)')
    .option('--secret <name>', 'secret that signs in to a private repository')
    .option('--user <name>', 'user name that belongs to the secret (default: a bearer token)')
    .action(async (url: string, { depth, secret, user, ...options }: NewOptions, command: Command) => {
      const { api, out } = contextOf(command, env);
      const auth =
        user === undefined ? { type: 'bearer', secret } : { type: 'basic', secret, username: user };
      const body = {
        ...{ url, ...options },
        ...(depth !== undefined && { depth: Number(depth) }),
        ...(secret !== undefined && { auth }),
      };
      const { name } = await api.post<Workspace>(ROUTE, body);
      out.show(await fetched(api, name));
    });

  workspace
    .command('update <name>')
    .description('fetch the newest state')
    .action(async (name: string, _options: unknown, command: Command) => {
      const { api, out } = contextOf(command, env);
      await api.post<Workspace>(`${route(name)}/update`, undefined);
      out.show(await fetched(api, name));
    });

  workspace
    .command('remove <name>')
    .description('forget a repository and delete its clone')
    .action(async (name: string, _options: unknown, command: Command) => {
      const { api, out } = contextOf(command, env);
      await api.delete(route(name));
      out.note(`${name} is removed.`);
    });
}

/** Waits until the server has fetched it; the server gives up after ten minutes. */
async function fetched(api: ApiClient, name: string): Promise<Record<string, unknown>> {
  for (;;) {
    const workspace = await api.get<Workspace & Record<string, unknown>>(route(name));
    if (workspace.state === 'failed')
      throw new CliError(workspace.problem ?? 'The repository was not fetched.');
    if (workspace.state === 'ready') return workspace;
    await sleep(LOOK_AGAIN_MS);
  }
}
