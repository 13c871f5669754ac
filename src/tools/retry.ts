import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '../common/app-error.js';
import { isTransportFailure } from '../platform/resilience/transport-failure.js';

const FIRST_WAIT_MS = 100;
const MAX_TOKENS = 10;
const TOKENS_PER_SUCCESS = 0.1;

/**
 * How many retries a tool may still have: ten at first, then one for ten calls that succeed, so that retries never
 * add more than a tenth to the load of a server that struggles (gRFC A6, retry throttling). [R36]
 */
export class RetryBudget {
  private tokens = MAX_TOKENS;

  take(): boolean {
    if (this.tokens < 1) return false;
    this.tokens -= 1;
    return true;
  }

  refill(): void {
    this.tokens = Math.min(MAX_TOKENS, this.tokens + TOKENS_PER_SUCCESS);
  }
}

export interface RetryOptions {
  /** Tries after the first. */
  readonly retries: number;
  /** All tries end here (Date.now() milliseconds): a wait that would pass it is not begun. */
  readonly deadline: number;
  /** No try after it aborts. */
  readonly signal: AbortSignal;
  readonly budget: RetryBudget;
  readonly onRetry: () => void;
}

/**
 * Tries work again after a transport failure, when its Retry-After (seconds) or a growing, jittered wait is over.
 * Rejects with the last failure of the transport, or with the error that is none.
 */
export async function retrying<T>(options: RetryOptions, work: () => Promise<T>): Promise<T> {
  const { retries, deadline, signal, budget } = options;
  let failure: unknown;
  for (let tries = 0; ; tries += 1) {
    try {
      const result = await work();
      budget.refill();
      return result;
    } catch (error) {
      // The breaker may open between two tries; what happened is then the failure before.
      if (error instanceof AppError && error.code === 'tool_circuit_open') throw (failure ?? error) as Error;
      failure = error;
    }
    const wait = waitBefore(failure, tries);
    const isOver = signal.aborted || Date.now() + wait >= deadline;
    if (tries >= retries || isOver || !isTransportFailure(failure) || !budget.take()) throw failure;
    options.onRetry();
    await delay(wait, undefined, { signal });
  }
}

function waitBefore(failure: unknown, tries: number): number {
  if (failure instanceof AppError && failure.retryAfter !== undefined) return failure.retryAfter * 1_000;
  return FIRST_WAIT_MS * 2 ** tries * (0.5 + Math.random());
}
