import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { KeyRing } from './key-ring.js';

const PURPOSE = 'seal';

/** Encrypts what must not lie readable in the database: AES-256-GCM, random nonce, bound to its place. [S59] */
@Injectable()
export class Sealer {
  constructor(private readonly keyRing: KeyRing) {}

  /** `place` (table/row/column) is authenticated: a ciphertext moved elsewhere does not open. */
  seal(place: string, plaintext: string): string {
    const id = this.keyRing.ids[0] ?? '';
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', this.keyRing.derive(PURPOSE, id), nonce).setAAD(
      Buffer.from(place),
    );
    const body = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final()]);
    return [
      'v1',
      id,
      nonce.toString('base64url'),
      cipher.getAuthTag().toString('base64url'),
      body.toString('base64url'),
    ].join('.');
  }

  /** Was it sealed by the ring's first key? What was not should be sealed again before the old key leaves the ring. */
  isCurrent(sealed: string): boolean {
    return sealed.split('.')[1] === this.keyRing.ids[0];
  }

  /** Throws when the key is gone, the place differs or a bit was changed. */
  open(place: string, sealed: string): string {
    const [version, id, nonce = '', tag = '', body = ''] = sealed.split('.');
    if (version !== 'v1') throw new Error('Unknown form of sealed text');
    const decipher = createDecipheriv(
      'aes-256-gcm',
      this.keyRing.derive(PURPOSE, id),
      Buffer.from(nonce, 'base64url'),
    )
      .setAAD(Buffer.from(place))
      .setAuthTag(Buffer.from(tag, 'base64url'));
    return Buffer.concat([decipher.update(Buffer.from(body, 'base64url')), decipher.final()]).toString(
      'utf8',
    );
  }
}
