import { Injectable } from '@nestjs/common';
import { CommonErrors } from '../../common/common.errors.js';
import { type Page } from '../../common/page.js';
import { KeyRing } from './key-ring.js';

const PURPOSE = 'cursor';

/** Page cursors: the last key of a page, signed and bound to its list and owner, so that no other can be made up. */
@Injectable()
export class Cursors {
  constructor(private readonly keyRing: KeyRing) {}

  /** The key inside a cursor of `list`, or undefined when there is no cursor. Throws `invalid_cursor`. */
  read(list: string, cursor: string | undefined): string | undefined {
    if (cursor === undefined) return undefined;
    const [encoded = '', tag = ''] = cursor.split('.');
    const key = Buffer.from(encoded, 'base64url').toString('utf8');
    if (!this.keyRing.verify(PURPOSE, `${list}\n${key}`, tag)) throw CommonErrors.invalid_cursor();
    return key;
  }

  /**
   * Makes a page of rows that were read with `limit + 1`: the extra row only says that there is a next page.
   * `list` names the list and whatever narrows it (owner, filter), `keyOf` the column that the list is ordered by.
   */
  page<T>(list: string, rows: readonly T[], limit: number, keyOf: (row: T) => string): Page<T> {
    const items = rows.slice(0, limit);
    const last = items.at(-1);
    if (rows.length <= limit || last === undefined) return { items, nextCursor: null };
    const key = keyOf(last);
    const encoded = Buffer.from(key, 'utf8').toString('base64url');
    return { items, nextCursor: `${encoded}.${this.keyRing.sign(PURPOSE, `${list}\n${key}`)}` };
  }
}
