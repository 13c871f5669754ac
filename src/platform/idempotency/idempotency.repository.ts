import { Injectable } from '@nestjs/common';
import { ADVISORY_LOCKS } from '../database/advisory-locks.js';
import { Housekeeping } from '../database/housekeeping.service.js';
import { type Transaction } from '../database/transactions.js';

/** One use of a key: who, on which route, under which key. */
export interface KeyUse {
  readonly userId: string;
  readonly route: string;
  readonly key: string;
}

export interface StoredAnswer {
  readonly bodyHash: string;
  readonly status: number;
  readonly body: unknown;
}

const SWEPT_AT_ONCE = 5_000;

@Injectable()
export class IdempotencyRepository {
  constructor(housekeeping: Housekeeping) {
    housekeeping.add('idempotency_keys', (transaction) => this.sweep(transaction));
  }

  /** Takes the key until the transaction ends; false when another transaction holds it. Never waits. */
  async tryLock(transaction: Transaction, use: KeyUse): Promise<boolean> {
    const rows: { locked: boolean }[] = await transaction.query(
      'select pg_try_advisory_xact_lock(hashtextextended($1, $2)) as locked',
      [[use.userId, use.route, use.key].join('\n'), ADVISORY_LOCKS.idempotencyKey],
    );
    return rows[0]?.locked === true;
  }

  /** The answer of the last 24 hours under this key. */
  async find(transaction: Transaction, use: KeyUse): Promise<StoredAnswer | undefined> {
    const rows: StoredAnswer[] = await transaction.query(
      `select body_hash as "bodyHash", status, body from idempotency_keys
        where user_id = $1 and route = $2 and key = $3 and created_at > now() - interval '24 hours'`,
      [use.userId, use.route, use.key],
    );
    return rows[0];
  }

  async save(transaction: Transaction, use: KeyUse, answer: StoredAnswer): Promise<void> {
    await transaction.query(
      `insert into idempotency_keys (user_id, route, key, body_hash, status, body) values ($1, $2, $3, $4, $5, $6)
       on conflict (user_id, route, key) do update
         set body_hash = excluded.body_hash, status = excluded.status, body = excluded.body, created_at = now()`,
      [use.userId, use.route, use.key, answer.bodyHash, answer.status, JSON.stringify(answer.body ?? null)],
    );
  }

  /** Deletes expired keys but those that are just taken again; true when there may be more. */
  private async sweep(transaction: Transaction): Promise<boolean> {
    const [, deleted]: [unknown, number] = await transaction.query(
      `delete from idempotency_keys where ctid in (
         select ctid from idempotency_keys where created_at <= now() - interval '24 hours'
         limit $1 for update skip locked)`,
      [SWEPT_AT_ONCE],
    );
    return deleted === SWEPT_AT_ONCE;
  }
}
