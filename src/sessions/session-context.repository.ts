import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { Housekeeping } from '../platform/database/housekeeping.service.js';
import { type Transaction } from '../platform/database/transactions.js';
import { SessionContextEntry } from './session-context.entity.js';

const SWEPT_AT_ONCE = 5_000;

@Injectable()
export class SessionContextRepository {
  constructor(
    @InjectRepository(SessionContextEntry) private readonly entries: Repository<SessionContextEntry>,
    housekeeping: Housekeeping,
  ) {
    housekeeping.add('session_context', (transaction) => this.sweep(transaction));
  }

  /** Writes unless the session holds `maxKeys` other living keys already. Returns whether it was written. */
  async put(
    sessionId: string,
    key: string,
    value: unknown,
    ttlSeconds: number,
    maxKeys: number,
  ): Promise<boolean> {
    const written: unknown[] = await this.entries.query(
      `insert into session_context (session_id, key, value, expires_at)
       select $1, $2, $3::jsonb, now() + make_interval(secs => $4)
       where (select count(*) from session_context where session_id = $1 and key <> $2 and expires_at > now()) < $5
       on conflict (session_id, key) do update set value = excluded.value, expires_at = excluded.expires_at
       returning key`,
      [sessionId, key, JSON.stringify(value), ttlSeconds, maxKeys],
    );
    return written.length > 0;
  }

  /** Living entries of a session, by key. Expired ones are removed on the way. */
  async list(sessionId: string): Promise<SessionContextEntry[]> {
    await this.entries.query('delete from session_context where session_id = $1 and expires_at <= now()', [
      sessionId,
    ]);
    return this.entries.find({ where: { sessionId }, order: { key: 'ASC' } });
  }

  find(sessionId: string, key: string): Promise<SessionContextEntry | null> {
    return this.entries
      .createQueryBuilder('entry')
      .where('entry.sessionId = :sessionId and entry.key = :key and entry.expiresAt > now()', {
        sessionId,
        key,
      })
      .getOne();
  }

  async remove(sessionId: string, key: string): Promise<boolean> {
    const result = await this.entries.delete({ sessionId, key });
    return (result.affected ?? 0) > 0;
  }

  /** Deletes expired entries, of sessions that nobody lists too; true when there may be more. */
  private async sweep(transaction: Transaction): Promise<boolean> {
    const [, deleted]: [unknown, number] = await transaction.query(
      `delete from session_context where ctid in
         (select ctid from session_context where expires_at <= now() limit $1)`,
      [SWEPT_AT_ONCE],
    );
    return deleted === SWEPT_AT_ONCE;
  }
}
