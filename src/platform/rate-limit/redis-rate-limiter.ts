import { Injectable } from '@nestjs/common';
import { RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import { RedisService } from '../redis/redis.service.js';
import { MemoryRateLimiter } from './memory-rate-limiter.js';
import { RateLimiter, type RateLimitState } from './rate-limiter.js';

/**
 * Counts for all instances in Redis. While Redis is away each instance counts for itself, so a limit never opens. [S90]
 */
@Injectable()
export class RedisRateLimiter extends RateLimiter {
  /** One per pair of constants in our code, so there are few. */
  private readonly limiters = new Map<string, RateLimiterRedis>();

  constructor(
    private readonly redis: RedisService,
    private readonly local: MemoryRateLimiter,
  ) {
    super();
  }

  async consume(key: string, points: number, windowSeconds: number): Promise<RateLimitState> {
    let result: RateLimiterRes;
    let allowed = true;
    try {
      result = await this.redis.run(() => this.limiter(points, windowSeconds).consume(key));
    } catch (refusal) {
      // The library rejects with the state when the points are used up, and with an error when Redis fails.
      if (!(refusal instanceof RateLimiterRes)) return this.local.consume(key, points, windowSeconds);
      [result, allowed] = [refusal, false];
    }
    return {
      allowed,
      remaining: Math.max(0, result.remainingPoints),
      resetSeconds: Math.max(1, Math.ceil(result.msBeforeNext / 1000)),
    };
  }

  async giveBack(key: string, points: number, windowSeconds: number): Promise<void> {
    try {
      await this.redis.run(() => this.limiter(points, windowSeconds).reward(key));
    } catch {
      await this.local.giveBack(key, points, windowSeconds);
    }
  }

  private limiter(points: number, windowSeconds: number): RateLimiterRedis {
    const name = `${points}/${windowSeconds}`;
    let limiter = this.limiters.get(name);
    if (limiter === undefined) {
      limiter = new RateLimiterRedis({
        storeClient: this.redis.client,
        useRedisPackage: true,
        points,
        duration: windowSeconds,
        keyPrefix: `mcp-server:limit:${name}`,
      });
      this.limiters.set(name, limiter);
    }
    return limiter;
  }
}
