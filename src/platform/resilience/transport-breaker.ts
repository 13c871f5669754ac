import {
  circuitBreaker,
  type CircuitBreakerPolicy,
  CircuitState,
  ConsecutiveBreaker,
  handleWhen,
  isBrokenCircuitError,
} from 'cockatiel';
import { isTransportFailure } from './transport-failure.js';

export interface BreakerOptions {
  /** Transport failures in a row that open it. Default 5. */
  readonly failures?: number;
  /** How long it stays open before one call may try. Default 10 s. */
  readonly openMs?: number;
  /** What counts. Default: `isTransportFailure`. A caller's own cancel must not. */
  readonly isFailure?: (error: unknown) => boolean;
  readonly onOpen?: () => void;
  /** The error of a call that is not let through; `retryAfter` are seconds. */
  readonly refusal: (retryAfter: number) => Error;
}

/**
 * Keeps calls away from a server that is down. It counts failures of the transport only: a server that answers, with
 * whatever error, is up. While it is open, calls are refused at once; then a single one may try, the others are still
 * refused. One for each tool and for each upstream, of this process. [R36]
 */
export class TransportBreaker {
  private readonly policy: CircuitBreakerPolicy;
  private readonly openMs: number;
  private openedAt = 0;

  constructor(private readonly options: BreakerOptions) {
    this.openMs = options.openMs ?? 10_000;
    this.policy = circuitBreaker(handleWhen(options.isFailure ?? isTransportFailure), {
      halfOpenAfter: this.openMs,
      breaker: new ConsecutiveBreaker(options.failures ?? 5),
    });
    this.policy.onBreak(() => {
      this.openedAt = Date.now();
      options.onOpen?.();
    });
  }

  get state(): 'closed' | 'open' | 'half_open' {
    if (this.policy.state === CircuitState.Closed) return 'closed';
    return this.policy.state === CircuitState.HalfOpen ? 'half_open' : 'open';
  }

  /** Throws the refusal when a call would not be let through now. */
  check(): void {
    const wait = this.openedAt + this.openMs - Date.now();
    if (this.state === 'half_open' || (this.state === 'open' && wait > 0))
      throw this.options.refusal(Math.max(1, Math.ceil(wait / 1_000)));
  }

  /** Runs work that must settle: a probe that never ends would keep the breaker half open. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    this.check();
    try {
      return await this.policy.execute(work);
    } catch (error) {
      if (isBrokenCircuitError(error)) throw this.options.refusal(Math.ceil(this.openMs / 1_000));
      throw error;
    }
  }
}
