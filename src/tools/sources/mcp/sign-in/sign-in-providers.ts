import { Inject, Injectable } from '@nestjs/common';
import { ENV, type Env, publicUrl } from '../../../../config/env.js';
import { SecretVault } from '../../../secrets/secret-vault.service.js';
import { isSecretAuth } from '../upstream-auth.js';
import { type Reach, type Upstream } from '../upstream-servers.service.js';
import { type ProviderOptions, SignInProvider } from './sign-in-provider.js';
import { EVERYONE, SignInStore } from './sign-in-store.js';

const CALLBACK_ROUTE = '/api/v1/mcp-servers/oauth/callback';

/** Makes the OAuth client of a server and of whoever uses it. */
@Injectable()
export class SignInProviders {
  constructor(
    @Inject(ENV) private readonly env: Env,
    private readonly store: SignInStore,
    private readonly vault: SecretVault,
  ) {}

  /** Undefined: the server needs no OAuth. `userId` is undefined where one sign-in serves all. */
  of(
    { row, reach }: Upstream,
    userId: string | undefined,
    attempt?: ProviderOptions['attempt'],
  ): SignInProvider | undefined {
    const auth = oauthOf(reach);
    if (auth === undefined) return undefined;
    return new SignInProvider({
      serverId: row.id,
      owner: userId ?? EVERYONE,
      auth,
      redirectUrl: `${publicUrl(this.env)}${CALLBACK_ROUTE}`,
      store: this.store,
      secret: (name, issuer) => this.vault.reveal(name, issuer),
      attempt,
    });
  }
}

function oauthOf(reach: Reach): ProviderOptions['auth'] | undefined {
  if (reach.transport !== 'http' || reach.auth === null || isSecretAuth(reach.auth)) return undefined;
  return reach.auth;
}

/** Whose sign-in a call needs; undefined is this server's own. */
export function signInOf({ reach }: Upstream, userId: string | null): string | undefined {
  const isPersonal = reach.transport === 'http' && reach.auth?.type === 'oauth' && reach.auth.per === 'user';
  return isPersonal ? (userId ?? '') : undefined;
}
