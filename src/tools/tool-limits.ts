import { bulkhead, type BulkheadPolicy, isBulkheadRejectedError } from 'cockatiel';
import { type Actor } from '../common/actor.js';
import { ToolErrors } from './tools.errors.js';
import { type ToolDefinition } from './tool.js';

const WINDOW_MS = 60_000;
const MAX_WINDOWS = 50_000;
/** Calls that may wait for a slot, for each that runs. */
const QUEUE_FACTOR = 4;

/** The limits of a tool's policy in this process: calls per minute and actor, calls at once. */
export class ToolLimits {
  private readonly windows = new Map<string, { count: number; readonly endsAt: number }>();
  private readonly bulkheads = new Map<string, { readonly size: number; readonly policy: BulkheadPolicy }>();

  /** Counts a call. Throws `tool_rate_limited` with the seconds until the next may pass. */
  count(actor: Actor, { name, policy }: ToolDefinition): void {
    if (policy.rateLimit === null) return;
    const now = Date.now();
    const key = `${name}\n${actor.userId}`;
    let window = this.windows.get(key);
    if (window === undefined || window.endsAt <= now) {
      this.windows.delete(key);
      this.makeRoom(now);
      window = { count: 0, endsAt: now + WINDOW_MS };
      this.windows.set(key, window);
    }
    window.count += 1;
    if (window.count > policy.rateLimit)
      throw ToolErrors.tool_rate_limited(
        `The tool ${name} may be called ${policy.rateLimit} times a minute; try again later.`,
        { retryAfter: (window.endsAt - now) / 1000 },
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

  /** Ended windows go first, then the oldest. */
  private makeRoom(now: number): void {
    if (this.windows.size < MAX_WINDOWS) return;
    for (const [key, window] of this.windows) if (window.endsAt <= now) this.windows.delete(key);
    for (const key of this.windows.keys()) {
      if (this.windows.size < MAX_WINDOWS) return;
      this.windows.delete(key);
    }
  }
}
