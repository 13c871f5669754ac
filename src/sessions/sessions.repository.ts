import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository, type SelectQueryBuilder } from 'typeorm';
import { type Role } from '../common/actor.js';
import { type Transaction } from '../platform/database/transactions.js';
import { Session } from './session.entity.js';

/** Open: neither ended, nor 30 days old, nor unused for 7 days. */
const OPEN = `s.revoked_at is null and s.expires_at > now() and s.last_seen_at > now() - interval '7 days'`;
/** Sessions that a user keeps at most; the oldest make room. */
const MAX_SESSIONS = 200;

export interface SessionOwner {
  readonly userId: string;
  readonly role: Role;
  /** Was the last use written more than a minute ago? */
  readonly stale: boolean;
}

@Injectable()
export class SessionsRepository {
  constructor(@InjectRepository(Session) private readonly sessions: Repository<Session>) {}

  /** Adds a session; those of the user that have ended, or are too many, are removed. */
  async insert(session: Session): Promise<void> {
    await this.sessions.insert(session);
    await this.sessions.query(
      `delete from sessions s where s.user_id = $1 and (not (${OPEN}) or s.id <
        (select id from sessions where user_id = $1 order by id desc offset ${MAX_SESSIONS - 1} limit 1))`,
      [session.userId],
    );
  }

  /** The user of an open session; undefined when it has ended or he is disabled. One look at two primary keys. */
  async findOwner(id: string, userId: string): Promise<SessionOwner | undefined> {
    const [row] = await this.sessions.query<SessionOwner[]>(
      `select s.user_id as "userId", u.role, s.last_seen_at < now() - interval '1 minute' as stale
         from sessions s join users u on u.id = s.user_id
        where s.id = $1 and s.user_id = $2 and ${OPEN} and u.disabled_at is null`,
      [id, userId],
    );
    return row;
  }

  async touch(id: string): Promise<void> {
    await this.sessions.query(
      `update sessions set last_seen_at = now() where id = $1 and last_seen_at < now() - interval '1 minute'`,
      [id],
    );
  }

  /** An open session of a user who is not disabled, locked until the transaction ends. */
  findForRotation(id: string, tx: Transaction): Promise<Session | null> {
    return tx
      .createQueryBuilder(Session, 's')
      .setLock('pessimistic_write')
      .where('s.id = :id', { id })
      .andWhere(OPEN)
      .andWhere('exists (select 1 from users u where u.id = s.user_id and u.disabled_at is null)')
      .getOne();
  }

  async update(id: string, patch: Partial<Session>, tx: Transaction): Promise<void> {
    await tx.update(Session, { id }, patch);
  }

  findOpen(userId: string, id: string): Promise<Session | null> {
    return this.open(userId).andWhere('s.id = :id', { id }).getOne();
  }

  /** Open ones, newest first, after the session `before`. */
  list(userId: string, before: string | undefined, take: number): Promise<Session[]> {
    const query = this.open(userId).orderBy('s.id', 'DESC').take(take);
    return (before === undefined ? query : query.andWhere('s.id < :before', { before })).getMany();
  }

  /** Was there such an open session of this user? */
  async end(userId: string, id: string, tx: Transaction): Promise<boolean> {
    const [, count]: [unknown, number] = await tx.query(
      `update sessions s set revoked_at = now(), rotated_answer = null where s.id = $1 and s.user_id = $2 and ${OPEN}`,
      [id, userId],
    );
    return count === 1;
  }

  /** Ends all sessions of a user but one. */
  async endOthers(userId: string, but: string | undefined, tx: Transaction): Promise<void> {
    await tx.query(
      `update sessions set revoked_at = now(), rotated_answer = null
        where user_id = $1 and revoked_at is null and id is distinct from $2`,
      [userId, but ?? null],
    );
  }

  private open(userId: string): SelectQueryBuilder<Session> {
    return this.sessions.createQueryBuilder('s').where('s.user_id = :userId', { userId }).andWhere(OPEN);
  }
}
