import { Injectable } from '@nestjs/common';
import { CommonErrors } from '../common/common.errors.js';
import { addressKey } from '../platform/rate-limit/address-key.js';
import { RateLimiter } from '../platform/rate-limit/rate-limiter.js';

type Limit = readonly [key: string, points: number, windowSeconds: number];

/** Failures of one address against one account: each step waits longer than the one before. [S16] */
const STEPS = [
  [5, 15 * 60],
  [10, 2 * 3600],
  [20, 24 * 3600],
] as const;
/** Failures of all addresses against one account: high enough that a stranger cannot lock its owner out. */
const ACCOUNT = [100, 3600] as const;
/** Failures of one address against any account. */
const ADDRESS = [20, 60] as const;
const REGISTRATIONS = [20, 3600] as const;

/** Bounds guessing. Only failures count: a success gives back what the attempt took. */
@Injectable()
export class LoginAttempts {
  constructor(private readonly limiter: RateLimiter) {}

  /**
   * Counts an attempt to prove who `account` is, and runs it. Throws `rate_limited`, before any hashing, when too
   * many have failed; an account that does not exist is treated alike.
   */
  async attempt<T>(account: string, ip: string | null, prove: () => Promise<T>): Promise<T> {
    const limits = limitsOf(account.toLowerCase(), addressKey(ip ?? ''));
    for (const limit of limits) await this.take(limit);
    const result = await prove();
    await Promise.all(limits.map((limit) => this.limiter.giveBack(...limit)));
    return result;
  }

  /** Counts a registration of this address. Throws `rate_limited`. */
  async registration(ip: string | null): Promise<void> {
    await this.take([`register:${addressKey(ip ?? '')}`, ...REGISTRATIONS]);
  }

  private async take(limit: Limit): Promise<void> {
    const { allowed, resetSeconds } = await this.limiter.consume(...limit);
    if (allowed) return;
    throw CommonErrors.rate_limited('Too many attempts; wait for the seconds of Retry-After.', {
      retryAfter: resetSeconds,
    });
  }
}

function limitsOf(account: string, address: string): Limit[] {
  return [
    [`login:${address}`, ...ADDRESS],
    ...STEPS.map((step): Limit => [`login:${account}:${address}`, ...step]),
    [`login:${account}`, ...ACCOUNT],
  ];
}
