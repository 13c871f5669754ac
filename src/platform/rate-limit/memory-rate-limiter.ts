import { Injectable } from '@nestjs/common';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { RateLimiter, type RateLimitState } from './rate-limiter.js';

/** Counts in this process. Keys vanish with their window. */
@Injectable()
export class MemoryRateLimiter extends RateLimiter {
  /** One per pair of constants in our code, so there are few. */
  private readonly limiters = new Map<string, RateLimiterMemory>();

  async consume(key: string, points: number, windowSeconds: number): Promise<RateLimitState> {
    const [allowed, result] = await this.limiter(points, windowSeconds)
      .consume(key)
      .then(
        (state) => [true, state] as const,
        (refusal: unknown) => {
          if (refusal instanceof RateLimiterRes) return [false, refusal] as const;
          throw refusal;
        },
      );
    return {
      allowed,
      remaining: Math.max(0, result.remainingPoints),
      resetSeconds: Math.max(1, Math.ceil(result.msBeforeNext / 1000)),
    };
  }

  async giveBack(key: string, points: number, windowSeconds: number): Promise<void> {
    await this.limiter(points, windowSeconds).reward(key);
  }

  private limiter(points: number, windowSeconds: number): RateLimiterMemory {
    const name = `${points}/${windowSeconds}`;
    let limiter = this.limiters.get(name);
    if (limiter === undefined) {
      limiter = new RateLimiterMemory({ points, duration: windowSeconds, keyPrefix: name });
      this.limiters.set(name, limiter);
    }
    return limiter;
  }
}
