import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { KeyRing } from './key-ring.js';

const PURPOSE = 'envelope';

/** A value as it is stored: encrypted by a data key of its own, which a key of the ring wraps. */
export interface SealedEnvelope {
  /** Which key of ENCRYPTION_KEYS wraps the data key. */
  readonly keyId: string;
  readonly wrappedKey: string;
  readonly sealed: string;
}

/**
 * Envelope encryption: AES-256-GCM with random nonces, every part bound to its place (table/row/version), so that a
 * part moved to another row does not open. A rotation of the ring wraps data keys again and touches no value. [S59] [S60]
 */
@Injectable()
export class Envelopes {
  constructor(private readonly keyRing: KeyRing) {}

  /** The key that wraps from now on. */
  get keyId(): string {
    return this.keyRing.ids[0] ?? '';
  }

  seal(place: string, plaintext: string): SealedEnvelope {
    const dataKey = randomBytes(32);
    return {
      ...this.wrap(place, dataKey),
      sealed: encrypt(dataKey, `${place}/value`, Buffer.from(plaintext, 'utf8')),
    };
  }

  /** Throws when the key is gone from the ring, the place differs or a bit was changed. */
  open(place: string, envelope: SealedEnvelope): string {
    return decrypt(this.dataKey(place, envelope), `${place}/value`, envelope.sealed).toString('utf8');
  }

  /** The same data key, wrapped by the ring's first key. Throws like `open`. */
  rewrap(place: string, envelope: SealedEnvelope): Omit<SealedEnvelope, 'sealed'> {
    return this.wrap(place, this.dataKey(place, envelope));
  }

  private wrap(place: string, dataKey: Buffer): Omit<SealedEnvelope, 'sealed'> {
    const keyId = this.keyId;
    return {
      keyId,
      wrappedKey: encrypt(this.keyRing.derive(PURPOSE, keyId), `${place}/data_key`, dataKey),
    };
  }

  private dataKey(place: string, { keyId, wrappedKey }: SealedEnvelope): Buffer {
    return decrypt(this.keyRing.derive(PURPOSE, keyId), `${place}/data_key`, wrappedKey);
  }
}

function encrypt(key: Buffer, place: string, plaintext: Buffer): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(place));
  const body = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return ['v1', ...[nonce, cipher.getAuthTag(), body].map((part) => part.toString('base64url'))].join('.');
}

function decrypt(key: Buffer, place: string, text: string): Buffer {
  const [version, ...parts] = text.split('.');
  const [nonce, tag, body] = parts.map((part) => Buffer.from(part, 'base64url'));
  if (version !== 'v1' || nonce === undefined || tag === undefined || body === undefined)
    throw new Error('Unknown form of an envelope');
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: 16 })
    .setAAD(Buffer.from(place))
    .setAuthTag(tag);
  return Buffer.concat([decipher.update(body), decipher.final()]);
}
