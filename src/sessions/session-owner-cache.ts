import { CACHE_MANAGER } from '@nestjs/cache-manager';
import { Inject, Injectable } from '@nestjs/common';
import { type Cache } from 'cache-manager';
import { RedisService } from '../platform/redis/redis.service.js';
import { type SessionOwner } from './sessions.repository.js';

/** The longest that a changed role or a disabled user may go unnoticed by a session that is in use. [S08] */
const TTL_MS = 5_000;

/**
 * Saves the guard a database read for sessions in use. Only in Redis, which all instances share: a session that
 * ends is forgotten there by whoever ends it, and no process keeps a copy of its own.
 */
@Injectable()
export class SessionOwnerCache {
  constructor(
    private readonly redis: RedisService,
    @Inject(CACHE_MANAGER) private readonly cache: Cache,
  ) {}

  async read(sessionId: string): Promise<SessionOwner | undefined> {
    if (this.redis.client === undefined) return undefined;
    return this.cache.get<SessionOwner>(key(sessionId));
  }

  async write(sessionId: string, owner: SessionOwner): Promise<void> {
    if (this.redis.client === undefined) return;
    // A cached row is not stale again: its last use was just recorded.
    await this.cache.set(key(sessionId), { ...owner, stale: false }, TTL_MS);
  }

  async forget(sessionId: string): Promise<void> {
    if (this.redis.client !== undefined) await this.cache.del(key(sessionId));
  }
}

function key(sessionId: string): string {
  return `session-owner:${sessionId}`;
}
