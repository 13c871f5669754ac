import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { type Fetch, type Hop } from '../../platform/egress/guarded-fetch.js';
import { Egress } from '../../platform/egress/egress.js';
import { knownSecrets } from '../../platform/telemetry/secret-mask.js';
import { SecretVault } from './secret-vault.service.js';

const PLACEHOLDER = /secret-placeholder-[0-9a-f]{32}/g;
const MAX_PLACEHOLDERS = 100;

/**
 * The secrets of one call of a tool in code. The tool gets a placeholder that means nothing; `fetch` puts the value in
 * its place in headers, for an origin that the secret is bound to only. So no value can reach a result, a log line or
 * another host by a mistake in the tool. [S62]
 */
class SecretPlaceholders {
  private readonly names = new Map<string, string>();
  private guarded?: Fetch;

  constructor(
    private readonly egress: Egress,
    private readonly vault: SecretVault,
  ) {}

  /** A placeholder for the secret. Throws `secret_not_found`. */
  readonly secret = async (name: string): Promise<string> => {
    await this.vault.check(name);
    for (const [placeholder, known] of this.names) if (known === name) return placeholder;
    if (this.names.size >= MAX_PLACEHOLDERS) throw new Error('A call may use at most 100 secrets');
    const placeholder = `secret-placeholder-${randomBytes(16).toString('hex')}`;
    this.names.set(placeholder, name);
    return placeholder;
  };

  /** The guard's fetch that knows these placeholders. */
  readonly fetch: Fetch = (input, init) => {
    if (this.names.size === 0) return this.egress.fetch(input, init);
    this.guarded ??= this.egress.guarded({ authorise: (hop) => this.fill(hop) });
    return this.guarded(input, init);
  };

  private async fill({ url, headers, sameOrigin }: Hop): Promise<URL> {
    for (const [name, text] of [...headers]) {
      const pair = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(text)?.[1];
      const plain = pair === undefined ? text : Buffer.from(pair, 'base64').toString('utf8');
      if (plain.match(PLACEHOLDER) === null) continue;
      if (!sameOrigin) {
        headers.delete(name);
        continue;
      }
      const filled = await this.replace(plain, url);
      // The pair of RFC 7617 is as secret as the password in it, and has a base64 form of its own.
      if (pair !== undefined) knownSecrets.add(filled);
      headers.set(name, pair === undefined ? filled : `Basic ${Buffer.from(filled).toString('base64')}`);
    }
    return url;
  }

  private async replace(text: string, url: URL): Promise<string> {
    let filled = text;
    for (const [placeholder, name] of this.names)
      if (filled.includes(placeholder))
        filled = filled.replaceAll(placeholder, await this.vault.reveal(name, url));
    return filled;
  }
}

/** Gives each call of a tool its own way out, with placeholders of its own. */
@Injectable()
export class CallEgress {
  constructor(
    private readonly egress: Egress,
    private readonly vault: SecretVault,
  ) {}

  open(): Pick<SecretPlaceholders, 'fetch' | 'secret'> {
    return new SecretPlaceholders(this.egress, this.vault);
  }
}
