import { createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import { dataDir, ENV, type Env } from '../../config/env.js';

interface RingKey {
  readonly id: string;
  readonly key: Buffer;
}

/**
 * The keys of ENCRYPTION_KEYS, or on the embedded default one that is generated into DATA_DIR (0600).
 * No key is used directly: each purpose derives its own (HKDF-SHA256, RFC 5869).
 */
@Injectable()
export class KeyRing {
  private readonly keys: readonly RingKey[];

  constructor(@Inject(ENV) env: Env) {
    this.keys = (env.ENCRYPTION_KEYS ?? generatedKey(dataDir(env))).map((item) => {
      const [id = '', key = ''] = item.split(':');
      return { id, key: Buffer.from(key, 'base64') };
    });
  }

  /** Ids in order; the first encrypts and signs. */
  get ids(): readonly string[] {
    return this.keys.map((key) => key.id);
  }

  /** 32 bytes for one purpose from one key. Throws when the ring has no such key. */
  derive(purpose: string, id = this.ids[0]): Buffer {
    const ringKey = this.keys.find((key) => key.id === id);
    if (ringKey === undefined) throw new Error(`ENCRYPTION_KEYS has no key "${id}"`);
    return Buffer.from(hkdfSync('sha256', ringKey.key, '', `mcp-server/${purpose}`, 32));
  }

  /** A tag that only this ring can make: base64url HMAC-SHA256, cut to 128 bits. */
  sign(purpose: string, text: string, id = this.ids[0]): string {
    return createHmac('sha256', this.derive(purpose, id))
      .update(text)
      .digest()
      .subarray(0, 16)
      .toString('base64url');
  }

  /** Did any key of the ring make this tag? */
  verify(purpose: string, text: string, tag: string): boolean {
    const given = Buffer.from(tag);
    return this.ids.some((id) => {
      const expected = Buffer.from(this.sign(purpose, text, id));
      return expected.length === given.length && timingSafeEqual(expected, given);
    });
  }
}

function generatedKey(folder: string): string[] {
  const file = path.join(folder, 'encryption.key');
  if (!existsSync(file)) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const draft = `${file}.${process.pid}`;
    writeFileSync(draft, `k1:${randomBytes(32).toString('base64')}\n`, { mode: 0o600 });
    try {
      linkSync(draft, file); // appears whole or not at all, and never replaces another process's key
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    } finally {
      rmSync(draft, { force: true });
    }
  }
  return readFileSync(file, 'utf8').trim().split(',');
}
