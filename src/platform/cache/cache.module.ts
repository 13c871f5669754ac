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
/** And how many characters of JSON they may hold in all. */
const MEMORY_CHARACTERS = 64 << 20;

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
  const entries = new LRUCache<string, string>({
    max: MEMORY_ENTRIES,
    maxSize: MEMORY_CHARACTERS,
    sizeCalculation: (text) => Math.max(1, text.length),
  });
  // Keyv gives the time to live as a number, which LRUCache takes for its options.
  const store = {
    get: (key: string) => entries.get(key),
    set: (key: string, text: string, ttl?: number) => entries.set(key, text, { ttl }),
    delete: (key: string) => entries.delete(key),
    has: (key: string) => entries.has(key),
    clear: () => entries.clear(),
  };
  return new Keyv({ store });
}
