import { Global, Module } from '@nestjs/common';
import { RedisService } from '../redis/redis.service.js';
import { MemoryRateLimiter } from './memory-rate-limiter.js';
import { RateLimiter } from './rate-limiter.js';
import { RedisRateLimiter } from './redis-rate-limiter.js';
import { RequestLimit } from './request-limit.js';

/** Limits count in Redis when REDIS_URL is set, else in this process. */
@Global()
@Module({
  providers: [
    MemoryRateLimiter,
    {
      provide: RateLimiter,
      inject: [RedisService, MemoryRateLimiter],
      useFactory: (redis: RedisService, local: MemoryRateLimiter) =>
        redis.client === undefined ? local : new RedisRateLimiter(redis, local),
    },
    RequestLimit,
  ],
  exports: [RateLimiter, RequestLimit],
})
export class RateLimitModule {}
