import { createHash, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { newId } from '../common/ids.js';
import { type Session } from './session.entity.js';
import { SessionsRepository } from './sessions.repository.js';

const REFRESH_DAYS = 30;

/** Where a login came from, to show in the list of sessions. */
export interface LoginOrigin {
  readonly device: string | null;
  readonly ip: string | null;
}

/** Login sessions: one a device, each with a rotating refresh token of which only the hash is kept. */
@Injectable()
export class SessionsService {
  constructor(private readonly sessions: SessionsRepository) {}

  /** Opens a session. The refresh token (256 bits, base64url) is returned once. */
  async open(userId: string, origin: LoginOrigin): Promise<{ session: Session; refreshToken: string }> {
    const refreshToken = randomBytes(32).toString('base64url');
    const now = new Date();
    const session: Session = {
      id: newId(),
      userId,
      ...origin,
      refreshHash: createHash('sha256').update(refreshToken).digest('hex'),
      previousRefreshHash: null,
      rotatedAt: now,
      createdAt: now,
      lastSeenAt: now,
      expiresAt: new Date(now.getTime() + REFRESH_DAYS * 86_400_000),
      revokedAt: null,
    };
    await this.sessions.insert(session);
    return { session, refreshToken };
  }

  /** Is the session open? */
  async isOpen(id: string): Promise<boolean> {
    const session = await this.sessions.findById(id);
    return session !== null && session.revokedAt === null && session.expiresAt > new Date();
  }
}
