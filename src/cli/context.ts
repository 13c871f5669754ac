import { type Command } from 'commander';
import { type CliEnv } from '../config/cli-env.js';
import { EX_USAGE } from '../config/exit-codes.js';
import { ApiClient, type Credential } from './api-client.js';
import { ApiError, CliError } from './cli-error.js';
import { adminKey, CredentialStore, isThisMachine } from './credentials.js';
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

interface Pair {
  readonly accessToken: string;
  readonly refreshToken: string;
}

/**
 * In this order: --token or MCP_SERVER_TOKEN, the stored login, the admin key of the server's DATA_DIR, the admin
 * account that the server's own variables give.
 */
function credentialFor(
  url: string,
  token: string | undefined,
  env: CliEnv,
  store: CredentialStore,
): Credential {
  if (token !== undefined) return { bearer: async () => token, renew: async () => undefined };
  const anonymous = new ApiClient(url, { bearer: async () => undefined, renew: async () => undefined });
  const ofServer = async () => adminKey(env, url) ?? (await adminLogin(anonymous, env, store));
  return {
    bearer: async () => store.get(url)?.accessToken ?? (await ofServer()),
    renew: async () => {
      const login = store.get(url);
      if (login === undefined) return undefined;
      try {
        const pair = await anonymous.post<Pair>('/api/v1/auth/refresh', { refreshToken: login.refreshToken });
        store.set(url, {
          email: login.email,
          accessToken: pair.accessToken,
          refreshToken: pair.refreshToken,
        });
        return pair.accessToken;
      } catch (error) {
        if (!(error instanceof ApiError) || error.problem.status !== 401) throw error;
        // The session has ended: a login that opens nothing is only in the way of the server's own admin.
        store.set(url, undefined);
        return ofServer();
      }
    },
  };
}

/** Logs in as the admin of this container's own variables and keeps the login where that is possible. */
async function adminLogin(
  api: ApiClient,
  { admin }: CliEnv,
  store: CredentialStore,
): Promise<string | undefined> {
  if (admin === undefined || !isThisMachine(api.url)) return undefined;
  try {
    const pair = await api.post<Pair>('/api/v1/auth/login', admin);
    const { accessToken, refreshToken } = pair;
    store.tryToKeep(api.url, { email: admin.email, accessToken, refreshToken });
    return accessToken;
  } catch (error) {
    // The password was changed since the first start: `login` is the way then.
    if (error instanceof ApiError && error.problem.status === 401) return undefined;
    throw error;
  }
}
