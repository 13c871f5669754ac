import { CacheModule as NestCacheModule } from '@nestjs/cache-manager';
import { Module } from '@nestjs/common';
import { Keyv } from 'keyv';
import { LRUCache } from 'lru-cache';
import { RedisModule } from '../redis/redis.module.js';
import { RedisService } from '../redis/redis.service.js';
import { redisStore } from './redis-store.js';

const DEFAULT_TTL_MS = 30_000;
/** Entries that this process's memory keeps when there is no Redis; the least recently used ones go first. */
const MEMORY_ENTRIES = 10_000;

/**
 * `CACHE_MANAGER`: Redis when REDIS_URL is set, else this process's memory. A cache only: never locks, limits,
 * idempotency or anything that must be there.
 */
@Module({
  imports: [
    NestCacheModule.registerAsync({
      isGlobal: true,
      imports: [RedisModule],
      inject: [RedisService],
      useFactory: (redis: RedisService) => ({
        ttl: DEFAULT_TTL_MS,
        stores: [redis.client === undefined ? memoryStore() : redisStore(redis)],
      }),
    }),
  ],
})
export class CacheModule {}

function memoryStore(): Keyv {
  return new Keyv({ store: new LRUCache<string, NonNullable<unknown>>({ max: MEMORY_ENTRIES }) });
}
