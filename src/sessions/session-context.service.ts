import { CACHE_MANAGER } from '@nestjs/cache-manager';
import { Inject, Injectable } from '@nestjs/common';
import { type Cache } from 'cache-manager';
import { type Actor } from '../common/actor.js';
import { RedisService } from '../platform/redis/redis.service.js';
import { type SessionContextEntry } from './session-context.entity.js';
import { SessionContextRepository } from './session-context.repository.js';
import { SessionErrors } from './sessions.errors.js';
import { SessionsService } from './sessions.service.js';

export const MAX_KEYS = 100;
const MAX_VALUE_BYTES = 64 << 10;
export const DEFAULT_TTL_SECONDS = 3600;
/** How long another instance may read an old value when Redis was away during a write. */
const CACHE_MS = 10_000;

/** A value as it lies in the cache; wrapped, because `null` and `false` are values too. */
interface Cached {
  readonly value: unknown;
  readonly expiresAt: string;
}

/**
 * What a login session keeps for a while. PostgreSQL holds it, so two instances agree and a flushed Redis loses
 * nothing; Redis, when there is one, answers the reads.
 */
@Injectable()
export class SessionContextService {
  constructor(
    private readonly sessions: SessionsService,
    private readonly repository: SessionContextRepository,
    private readonly redis: RedisService,
    @Inject(CACHE_MANAGER) private readonly cache: Cache,
  ) {}

  /** All living entries of a session of the caller. */
  async list(actor: Actor, sessionId: string): Promise<SessionContextEntry[]> {
    const session = await this.sessions.get(actor, sessionId);
    return this.repository.list(session.id);
  }

  /** One entry. Throws `context_key_not_found`. */
  async get(actor: Actor, sessionId: string, key: string): Promise<SessionContextEntry> {
    const session = await this.sessions.get(actor, sessionId);
    const cached = await this.readCache(session.id, key);
    if (cached !== undefined)
      return { sessionId: session.id, key, value: cached.value, expiresAt: new Date(cached.expiresAt) };
    const entry = await this.repository.find(session.id, key);
    if (entry === null) throw SessionErrors.context_key_not_found();
    await this.writeCache(entry);
    return entry;
  }

  /** Writes one entry. Throws `context_too_large` or `context_full`. */
  async put(
    actor: Actor,
    sessionId: string,
    key: string,
    value: unknown,
    ttlSeconds = DEFAULT_TTL_SECONDS,
  ): Promise<SessionContextEntry> {
    const session = await this.sessions.get(actor, sessionId);
    if (Buffer.byteLength(JSON.stringify(value)) > MAX_VALUE_BYTES) throw SessionErrors.context_too_large();
    const written = await this.repository.put(session.id, key, value, ttlSeconds, MAX_KEYS);
    if (!written) throw SessionErrors.context_full();
    const entry = { sessionId: session.id, key, value, expiresAt: new Date(Date.now() + ttlSeconds * 1000) };
    await this.writeCache(entry);
    return entry;
  }

  /** Removes one entry. Throws `context_key_not_found`. */
  async remove(actor: Actor, sessionId: string, key: string): Promise<void> {
    const session = await this.sessions.get(actor, sessionId);
    const removed = await this.repository.remove(session.id, key);
    if (this.redis.client !== undefined) await this.cache.del(cacheKey(session.id, key));
    if (!removed) throw SessionErrors.context_key_not_found();
  }

  /** Without Redis there is no cache: this process's memory would not know what another one wrote. */
  private async readCache(sessionId: string, key: string): Promise<Cached | undefined> {
    if (this.redis.client === undefined) return undefined;
    const cached = await this.cache.get<Cached>(cacheKey(sessionId, key));
    return cached !== undefined && new Date(cached.expiresAt) > new Date() ? cached : undefined;
  }

  private async writeCache(entry: SessionContextEntry): Promise<void> {
    if (this.redis.client === undefined) return;
    const cached: Cached = { value: entry.value, expiresAt: entry.expiresAt.toISOString() };
    await this.cache.set(cacheKey(entry.sessionId, entry.key), cached, CACHE_MS);
  }
}

function cacheKey(sessionId: string, key: string): string {
  return `session-context:${sessionId}:${key}`;
}
