import { bulkhead, type BulkheadPolicy, isBulkheadRejectedError } from 'cockatiel';
import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { type Actor } from '../common/actor.js';
import { RateLimiter } from '../platform/rate-limit/rate-limiter.js';
import { ToolErrors } from './tools.errors.js';
import { type ToolDefinition } from './tool.js';

const WINDOW_SECONDS = 60;
/** Calls that may wait for a slot, for each that runs. */
const QUEUE_FACTOR = 4;
const MAX_TOOLS = 10_000;

/** The limits of a tool's policy: calls per minute and user on all instances that share a Redis, calls at once here. */
@Injectable()
export class ToolLimits {
  private readonly bulkheads = new LRUCache<
    string,
    { readonly size: number; readonly policy: BulkheadPolicy }
  >({ max: MAX_TOOLS });

  constructor(private readonly limiter: RateLimiter) {}

  /** Counts a call. Throws `tool_rate_limited` with the seconds until the next may pass. [S90] */
  async count(actor: Actor, { name, policy: { rateLimit } }: ToolDefinition): Promise<void> {
    if (rateLimit === null) return;
    const key = `tool:${name}:${actor.userId}`;
    const { allowed, resetSeconds } = await this.limiter.consume(key, rateLimit, WINDOW_SECONDS);
    if (!allowed)
      throw ToolErrors.tool_rate_limited(
        `The tool ${name} may be called ${rateLimit} times a minute; try again later.`,
        { retryAfter: resetSeconds },
      );
  }

  /** Runs work in one of the tool's slots, after waiting for one. Throws `tool_busy` when too many wait. */
  async slot<T>({ name, policy }: ToolDefinition, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    let entry = this.bulkheads.get(name);
    if (entry === undefined || entry.size !== policy.concurrency) {
      entry = {
        size: policy.concurrency,
        policy: bulkhead(policy.concurrency, policy.concurrency * QUEUE_FACTOR),
      };
      this.bulkheads.set(name, entry);
    }
    try {
      return await entry.policy.execute(work, signal);
    } catch (error) {
      if (isBulkheadRejectedError(error)) throw ToolErrors.tool_busy(undefined, { retryAfter: 1 });
      throw error;
    }
  }
}
