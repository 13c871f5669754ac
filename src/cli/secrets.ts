import { type Command } from 'commander';
import { type CliEnv } from '../config/cli-env.js';
import { contextOf } from './context.js';
import { everything } from './pages.js';
import { askSecret, everythingPiped } from './prompt.js';

interface Secret {
  readonly name: string;
  readonly origins: readonly string[];
  readonly keyId: string;
  readonly updatedAt: string;
}

const route = (name: string) => `/api/v1/secrets/${encodeURIComponent(name)}`;

export function registerSecrets(program: Command, env: CliEnv): void {
  const secrets = program.command('secrets').description('the vault of tools (admins)');

  secrets
    .command('list')
    .description('names and origins; a value is never shown')
    .action(async (_options: unknown, command: Command) => {
      const { api, out } = contextOf(command, env);
      out.list(await everything<Secret>(api, '/api/v1/secrets'), {
        name: (one) => one.name,
        origins: (one) => one.origins.join(' '),
        key: (one) => one.keyId,
        updated: (one) => one.updatedAt,
      });
    });

  secrets
    .command('set <name>')
    .description('store a secret (the value is asked, or read from stdin; never an argument)')
    .requiredOption('--origin <origin...>', 'where it may be sent, e.g. https://api.example.com')
    .action(async (name: string, { origin }: { origin: string[] }, command: Command) => {
      const { api, out } = contextOf(command, env);
      const value = (await everythingPiped()) ?? (await askSecret(`Value of ${name}: `));
      const stored = await api.request<Secret>('PUT', route(name), { body: { value, origins: origin } });
      if (out.json) out.data(stored);
      else out.line(`${stored.name} is stored for ${stored.origins.join(', ')}`);
    });

  secrets
    .command('delete <name>')
    .description('forget a secret; tools that use it fail from now on')
    .action(async (name: string, _options: unknown, command: Command) => {
      const { api, out } = contextOf(command, env);
      await api.delete(route(name));
      out.line(`${name} is forgotten`);
    });

  secrets
    .command('rotate')
    .description('protect every secret by the first key of ENCRYPTION_KEYS')
    .action(async (_options: unknown, command: Command) => {
      const { api, out } = contextOf(command, env);
      out.show(await api.post<Record<string, unknown>>('/api/v1/secrets/rotate'));
    });
}
