import { type Command, Option } from 'commander';
import { type CliEnv } from '../config/cli-env.js';
import { type ApiClient } from './api-client.js';
import { CliError } from './cli-error.js';
import { contextOf } from './context.js';
import { everything } from './pages.js';
import { askSecret } from './prompt.js';

interface User {
  readonly id: string;
  readonly email: string;
  readonly name: string | null;
  readonly role: string;
  readonly disabled: boolean;
}

export function registerUser(program: Command, env: CliEnv): void {
  const user = program.command('user').description('accounts (admins only, but for your own password)');

  user
    .command('list')
    .description('all accounts')
    .action(async (_options: unknown, command: Command) => {
      const { api, out } = contextOf(command, env);
      out.list(await everything<User>(api, '/api/v1/users'), {
        id: (one) => one.id,
        email: (one) => one.email,
        role: (one) => one.role,
        state: (one) => (one.disabled ? 'disabled' : 'active'),
        name: (one) => one.name,
      });
    });

  user
    .command('create <email>')
    .description('make an account (the password is asked, or read from stdin)')
    .option('--name <name>', 'the name to show')
    .addOption(new Option('--role <role>', 'what it may do').choices(['admin', 'member']).default('member'))
    .action(async (email: string, options: { name?: string; role: string }, command: Command) => {
      const { api, out } = contextOf(command, env);
      const password = await askSecret(`Password for ${email} (12 characters or more): `);
      const made = await api.post<User>('/api/v1/users', { email, password, ...options });
      if (out.json) out.data(made);
      else out.line(`${made.email} is a ${made.role} with the id ${made.id}`);
    });

  for (const [verb, disabled] of [
    ['disable', true],
    ['enable', false],
  ] as const) {
    user
      .command(`${verb} <email>`)
      .description(disabled ? 'close an account and end its sessions' : 'open a closed account again')
      .action(async (email: string, _options: unknown, command: Command) => {
        const { api, out } = contextOf(command, env);
        const { id } = await findUser(api, email);
        await api.patch(`/api/v1/users/${id}`, { disabled });
        out.line(`${email} is ${verb}d`);
      });
  }

  user
    .command('password')
    .description('change your own password (asked, or two lines on stdin: the present one, the new one)')
    .action(async (_options: unknown, command: Command) => {
      const { api, out } = contextOf(command, env);
      const currentPassword = await askSecret('Present password: ');
      const newPassword = await askSecret('New password (12 characters or more): ');
      await api.post('/api/v1/auth/password', { currentPassword, newPassword });
      out.line('The password is changed; other sessions have ended');
    });
}

/** An account by e-mail address or id. */
async function findUser(api: ApiClient, email: string): Promise<User> {
  const all = await everything<User>(api, '/api/v1/users');
  const found = all.find((one) => one.id === email || one.email.toLowerCase() === email.toLowerCase());
  if (found === undefined) throw new CliError(`There is no account ${email}. See:  bin/mcp-server user list`);
  return found;
}
