import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { ConfigError } from '../config/env.js';
import { Sealer } from '../platform/secrets/sealer.js';
import { type SigningKey } from './signing-key.entity.js';
import { SigningKeysRepository } from './signing-keys.repository.js';

export interface LoadedKey {
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** Verifies what it has signed, signs nothing more. */
  readonly retired: boolean;
}

/** ES256 keys in the database, shared by all instances. Loaded at start; an unknown kid makes one more look. */
@Injectable()
export class SigningKeys {
  private keys: readonly LoadedKey[] = [];
  private loadedAt = 0;

  constructor(
    private readonly repository: SigningKeysRepository,
    private readonly sealer: Sealer,
  ) {}

  /**
   * Makes the first key, and seals again what another key of the ring protects, so that it may leave the ring. [S60]
   * Called behind the migration lock, so that two instances make one.
   */
  async ensureOne(): Promise<void> {
    await this.load();
    await this.reseal();
    if (this.keys.some(({ retired }) => !retired)) return;
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const kid = thumbprint(createPublicKey(privateKey));
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    await this.repository.insert(kid, this.sealer.seal(place(kid), pem));
    await this.load();
  }

  /** The key that signs. */
  get current(): LoadedKey {
    const key = this.keys.find(({ retired }) => !retired);
    if (key === undefined) throw new Error('There is no signing key: the start was not complete');
    return key;
  }

  /** A key by id. An unknown one reloads at most every 5 s: another instance may have rotated. */
  async find(kid: string): Promise<LoadedKey | undefined> {
    const known = this.keys.find((key) => key.kid === kid);
    if (known !== undefined || Date.now() - this.loadedAt < 5000) return known;
    await this.load();
    return this.keys.find((key) => key.kid === kid);
  }

  private async load(): Promise<void> {
    this.loadedAt = Date.now();
    const rows = await this.repository.all();
    this.keys = rows.map((row) => {
      const privateKey = createPrivateKey(this.open(row));
      return {
        kid: row.kid,
        privateKey,
        publicKey: createPublicKey(privateKey),
        retired: row.retiredAt !== null,
      };
    });
  }

  private async reseal(): Promise<void> {
    for (const row of await this.repository.all()) {
      if (this.sealer.isCurrent(row.privateKey)) continue;
      await this.repository.reseal(row.kid, this.sealer.seal(place(row.kid), this.open(row)));
    }
  }

  private open(row: SigningKey): string {
    try {
      return this.sealer.open(place(row.kid), row.privateKey);
    } catch {
      throw new ConfigError([
        'ENCRYPTION_KEYS does not open what this database holds: give the key ring that it was made with',
      ]);
    }
  }
}

function place(kid: string): string {
  return `signing_keys/${kid}/private_key`;
}

/** JWK thumbprint, RFC 7638. */
function thumbprint(key: KeyObject): string {
  const { crv, kty, x, y } = key.export({ format: 'jwk' });
  return createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
}
