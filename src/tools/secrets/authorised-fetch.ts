import { Injectable } from '@nestjs/common';
import { type Fetch, type Hop } from '../../platform/egress/guarded-fetch.js';
import { Egress, type EgressOptions } from '../../platform/egress/egress.js';
import { knownSecrets } from '../../platform/telemetry/secret-mask.js';
import { SecretVault } from './secret-vault.service.js';

/** How a secret is sent: `name` is that of the header or query parameter, `username` is for `basic`. */
export interface SecretAuth {
  readonly type: 'bearer' | 'basic' | 'header' | 'query';
  /** Name of the secret. */
  readonly secret: string;
  readonly name?: string;
  readonly username?: string;
}

/**
 * `fetch` that signs in by a secret. The value is put in after the guard has checked the URL, only for an origin that
 * the secret is bound to, and is left out from the first redirect to another origin on. [S51] [S62]
 */
@Injectable()
export class AuthorisedFetch {
  constructor(
    private readonly egress: Egress,
    private readonly vault: SecretVault,
  ) {}

  /** Throws what the guard throws, and `secret_not_found`, `secret_origin_mismatch`, `secret_unreadable`. */
  with(auth: SecretAuth | undefined, options: Omit<EgressOptions, 'authorise'> = {}): Fetch {
    if (auth === undefined) return this.egress.guarded(options);
    return this.egress.guarded({ ...options, authorise: (hop) => this.authorise(auth, hop) });
  }

  private async authorise(auth: SecretAuth, { url, headers, sameOrigin }: Hop): Promise<URL> {
    const header = auth.name ?? 'X-API-Key';
    if (auth.type === 'header') headers.delete(header);
    else if (auth.type !== 'query') headers.delete('authorization');
    if (!sameOrigin) return url;
    const value = await this.vault.reveal(auth.secret, url);
    if (auth.type === 'bearer') headers.set('authorization', `Bearer ${value}`);
    if (auth.type === 'header') headers.set(header, value);
    if (auth.type === 'basic') headers.set('authorization', `Basic ${basic(auth.username ?? '', value)}`);
    if (auth.type !== 'query') return url;
    const target = new URL(url);
    target.searchParams.set(auth.name ?? 'api_key', value);
    return target;
  }
}

/** RFC 7617. The pair is as secret as the password in it. */
function basic(username: string, password: string): string {
  const pair = `${username}:${password}`;
  knownSecrets.add(pair);
  return Buffer.from(pair, 'utf8').toString('base64');
}
