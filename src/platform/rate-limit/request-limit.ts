import { Inject, Injectable } from '@nestjs/common';
import { type FastifyReply } from 'fastify';
import { CommonErrors } from '../../common/common.errors.js';
import { ENV, type Env } from '../../config/env.js';
import { RateLimiter } from './rate-limiter.js';

const WINDOW_SECONDS = 60;

/** RATE_LIMIT_PER_MINUTE: how many requests one caller may send. */
@Injectable()
export class RequestLimit {
  constructor(
    private readonly limiter: RateLimiter,
    @Inject(ENV) private readonly env: Env,
  ) {}

  /** Counts a request of `caller` and sets the `RateLimit-*` headers. Throws `rate_limited` with Retry-After. */
  async take(caller: string, reply: FastifyReply): Promise<void> {
    const points = this.env.RATE_LIMIT_PER_MINUTE;
    const { allowed, remaining, resetSeconds } = await this.limiter.consume(
      `request:${caller}`,
      points,
      WINDOW_SECONDS,
    );
    reply.header('ratelimit-limit', points);
    reply.header('ratelimit-remaining', remaining);
    reply.header('ratelimit-reset', resetSeconds);
    if (!allowed) throw CommonErrors.rate_limited(undefined, { retryAfter: resetSeconds });
  }
}
