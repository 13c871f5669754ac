import { type Command } from 'commander';
import { type CliEnv } from '../config/cli-env.js';
import { contextOf } from './context.js';
import { ask, askSecret } from './prompt.js';

interface Pair {
  readonly accessToken: string;
  readonly refreshToken: string;
}

export function registerLogin(program: Command, env: CliEnv): void {
  program
    .command('login')
    .description('log in and remember it for this server (the password is asked, or read from stdin)')
    .option('--email <email>', 'the account')
    .action(async (options: { email?: string }, command: Command) => {
      const { api, store, url, out } = contextOf(command, env);
      const email = options.email ?? (await ask('E-mail: '));
      const password = await askSecret('Password: ');
      const pair = await api.post<Pair>('/api/v1/auth/login', { email, password }, { anonymous: true });
      store.set(url, { email, accessToken: pair.accessToken, refreshToken: pair.refreshToken });
      out.line(`Logged in to ${url} as ${email}`);
    });

  program
    .command('logout')
    .description('end the session and forget the login')
    .action(async (_options: unknown, command: Command) => {
      const { api, store, url, out } = contextOf(command, env);
      if (store.get(url) === undefined) {
        out.line(`There is no stored login for ${url}`);
        return;
      }
      try {
        await api.post('/api/v1/auth/logout');
      } finally {
        store.set(url, undefined);
      }
      out.line(`Logged out of ${url}`);
    });
}
