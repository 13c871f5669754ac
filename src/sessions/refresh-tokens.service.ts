import { createHash, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { AuditLog } from '../audit/audit-log.service.js';
import { newId } from '../common/ids.js';
import { Transactions } from '../platform/database/transactions.js';
import { KeyRing } from '../platform/secrets/key-ring.js';
import { Sealer } from '../platform/secrets/sealer.js';
import { type Session } from './session.entity.js';
import { SessionErrors } from './sessions.errors.js';
import { SessionsRepository } from './sessions.repository.js';

const LIFETIME_MS = 30 * 86_400_000;
const RETRY_MS = 10_000;
const PURPOSE = 'refresh-token';
/** 256 random bits, the session's id, and a tag by which a used token is told from an invented one. */
const FORM = /^([A-Za-z0-9_-]{43})\.([0-9a-f-]{36})\.([A-Za-z0-9_-]{22})$/;

/** Where a login came from, to show in the list of sessions. */
export interface LoginOrigin {
  readonly device: string | null;
  readonly ip: string | null;
}

/** Makes what the client gets, from the session and its next refresh token. */
export type MakeAnswer<T> = (session: Session, refreshToken: string) => Promise<T>;

type Rotation<T> = { readonly answer: T } | 'reused' | undefined;

/** Opens login sessions and rotates their refresh tokens (RFC 9700 section 4.14.2). Only hashes are kept. [S11] */
@Injectable()
export class RefreshTokens {
  constructor(
    private readonly sessions: SessionsRepository,
    private readonly transactions: Transactions,
    private readonly keyRing: KeyRing,
    private readonly sealer: Sealer,
    private readonly audit: AuditLog,
  ) {}

  /** Opens a session. The refresh token is returned once. */
  async open(userId: string, origin: LoginOrigin): Promise<{ session: Session; refreshToken: string }> {
    const id = newId();
    const refreshToken = this.make(id);
    const now = new Date();
    const session: Session = {
      id,
      userId,
      ...origin,
      refreshHash: hashOf(refreshToken),
      previousRefreshHash: null,
      rotatedAnswer: null,
      rotatedAt: now,
      createdAt: now,
      lastSeenAt: now,
      expiresAt: new Date(now.getTime() + LIFETIME_MS),
      revokedAt: null,
    };
    await this.sessions.insert(session);
    return { session, refreshToken };
  }

  /**
   * Exchanges a refresh token for its one successor. The same token again within 10 s gets the same answer (its
   * first may have been lost); a token used before ends the session. Throws `invalid_refresh_token`, `refresh_reuse`.
   */
  async rotate<T>(refreshToken: string, makeAnswer: MakeAnswer<T>): Promise<T> {
    const id = this.sessionOf(refreshToken);
    if (id === undefined) throw SessionErrors.invalid_refresh_token();
    const rotation = await this.transactions.run<Rotation<T>>(async (tx) => {
      const session = await this.sessions.findForRotation(id, tx);
      if (session === null) return undefined;
      const hash = hashOf(refreshToken);
      const now = new Date();
      if (hash === session.refreshHash) {
        const next = this.make(id);
        const answer = await makeAnswer(session, next);
        const rotatedAnswer = this.sealer.seal(placeOf(id), JSON.stringify(answer));
        const hashes = { refreshHash: hashOf(next), previousRefreshHash: hash };
        await this.sessions.update(id, { ...hashes, rotatedAnswer, rotatedAt: now, lastSeenAt: now }, tx);
        return { answer };
      }
      const isRetry =
        hash === session.previousRefreshHash && now.getTime() - session.rotatedAt.getTime() < RETRY_MS;
      if (isRetry && session.rotatedAnswer !== null)
        return { answer: JSON.parse(this.sealer.open(placeOf(id), session.rotatedAnswer)) as T };
      await this.sessions.update(id, { revokedAt: now, rotatedAnswer: null }, tx);
      const { userId } = session;
      await this.audit.record(null, 'session.refresh_reused', { type: 'session', id }, { userId }, tx);
      return 'reused';
    });
    if (rotation === undefined) throw SessionErrors.invalid_refresh_token();
    if (rotation === 'reused') throw SessionErrors.refresh_reuse();
    return rotation.answer;
  }

  private make(sessionId: string): string {
    const body = `${randomBytes(32).toString('base64url')}.${sessionId}`;
    return `${body}.${this.keyRing.sign(PURPOSE, body)}`;
  }

  /** The session that a token was made for; undefined when it is not one of ours. */
  private sessionOf(refreshToken: string): string | undefined {
    const [, random, id, tag] = FORM.exec(refreshToken) ?? [];
    if (random === undefined || id === undefined || tag === undefined) return undefined;
    return this.keyRing.verify(PURPOSE, `${random}.${id}`, tag) ? id : undefined;
  }
}

function hashOf(refreshToken: string): string {
  return createHash('sha256').update(refreshToken).digest('hex');
}

function placeOf(sessionId: string): string {
  return `sessions/${sessionId}/rotated_answer`;
}
