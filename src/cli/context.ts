import { type Command } from 'commander';
import { type CliEnv } from '../config/cli-env.js';
import { EX_USAGE } from '../config/exit-codes.js';
import { ApiClient, type Credential } from './api-client.js';
import { ApiError, CliError } from './cli-error.js';
import { adminKey, CredentialStore } from './credentials.js';
import { Output } from './output.js';

export interface GlobalOptions {
  readonly url?: string;
  readonly token?: string;
  readonly json?: boolean;
}

/** What a command works with. */
export interface CliContext {
  readonly env: CliEnv;
  readonly url: string;
  readonly api: ApiClient;
  readonly store: CredentialStore;
  readonly out: Output;
}

/** Makes the context from the options given before or after the command's name. */
export function contextOf(command: Command, env: CliEnv): CliContext {
  const options = command.optsWithGlobals<GlobalOptions>();
  const url = (options.url ?? env.url).replace(/\/+$/, '');
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw new CliError(`${url} is not the URL of a server; it starts with http:// or https://`, EX_USAGE);
  const store = new CredentialStore(env.configDir);
  const credential = credentialFor(url, options.token ?? env.token, env, store);
  return {
    env,
    url,
    store,
    api: new ApiClient(url, credential),
    out: new Output(env, options.json === true),
  };
}

/** In this order: --token or MCP_SERVER_TOKEN, the stored login, the admin key of the server's DATA_DIR. */
function credentialFor(
  url: string,
  token: string | undefined,
  env: CliEnv,
  store: CredentialStore,
): Credential {
  if (token !== undefined) return { bearer: async () => token, renew: async () => undefined };
  return {
    bearer: async () => store.get(url)?.accessToken ?? adminKey(env, url),
    renew: async () => {
      const login = store.get(url);
      if (login === undefined) return undefined;
      const anonymous = new ApiClient(url, { bearer: async () => undefined, renew: async () => undefined });
      try {
        const pair = await anonymous.post<{ accessToken: string; refreshToken: string }>(
          '/api/v1/auth/refresh',
          { refreshToken: login.refreshToken },
        );
        store.set(url, {
          email: login.email,
          accessToken: pair.accessToken,
          refreshToken: pair.refreshToken,
        });
        return pair.accessToken;
      } catch (error) {
        if (!(error instanceof ApiError) || error.problem.status !== 401) throw error;
        // The session has ended: a login that opens nothing is only in the way of the admin key.
        store.set(url, undefined);
        return adminKey(env, url);
      }
    },
  };
}
