import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { ConfigError } from '../../config/env.js';
import { KeyRing } from '../secrets/key-ring.js';

const PURPOSE = 'installation';

/**
 * Stops a start with a key ring that is not the one of the database: what the database holds could not be read, and
 * what would be written could not be read by the others. A ring may gain keys, and lose those it no longer needs.
 */
@Injectable()
export class KeyCheck {
  constructor(
    private readonly dataSource: DataSource,
    private readonly keyRing: KeyRing,
  ) {}

  /** Called behind the migration lock, before anything is decrypted. Throws ConfigError; names ids, never a key. */
  async ensure(): Promise<void> {
    const known = await this.dataSource.query<{ id: string; check_tag: string }[]>(
      'select id, check_tag from installation_keys',
    );
    const ids = this.keyRing.ids;
    const wrong = known.filter(
      (key) => ids.includes(key.id) && this.keyRing.sign(PURPOSE, key.id, key.id) !== key.check_tag,
    );
    if (wrong.length > 0) throw new ConfigError([differs(wrong.map((key) => key.id))]);
    if (known.length > 0 && !known.some((key) => ids.includes(key.id)))
      throw new ConfigError([differs(known.map((key) => key.id))]);
    for (const id of ids) {
      await this.dataSource.query(
        'insert into installation_keys (id, check_tag) values ($1, $2) on conflict do nothing',
        [id, this.keyRing.sign(PURPOSE, id, id)],
      );
    }
  }
}

function differs(ids: readonly string[]): string {
  return `ENCRYPTION_KEYS is not the key ring of this database, which was used with the key ${ids.join(', ')}: give that one back (on the embedded default it is DATA_DIR/encryption.key)`;
}
