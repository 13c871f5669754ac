import {
  BrokenCircuitError,
  circuitBreaker,
  type CircuitBreakerPolicy,
  CountBreaker,
  handleAll,
} from 'cockatiel';
import { LRUCache } from 'lru-cache';
import { type AppError } from '../../common/app-error.js';
import { ModelErrors } from './models.errors.js';

/** Half of the last twenty calls failed: the model is left alone for half a minute, then one call probes it. [R15] [R36] */
const CALLS = { size: 20, threshold: 0.5, minimumNumberOfCalls: 20 };
const PAUSE_MS = 30_000;
const MAX_MODELS = 200;
const PROBLEM_MS = 600_000;

/** What a call tells its breaker, once. */
export interface Admission {
  succeed(): void;
  fail(): void;
}

/** One circuit breaker for each model of this process, and what its last call failed with. */
export class ModelBreakers {
  private readonly breakers = new LRUCache<string, CircuitBreakerPolicy>({ max: MAX_MODELS });

  /** What the last call of each model failed with. */
  private readonly problems = new LRUCache<string, string>({ max: MAX_MODELS, ttl: PROBLEM_MS });

  /** Remembers how the last call of a model ended. */
  problem(modelId: string, failure?: AppError): void {
    if (failure === undefined) this.problems.delete(modelId);
    else this.problems.set(modelId, failure.message);
  }

  /** What the last call of a model failed with, for ten minutes; undefined when it was answered. */
  problemOf(modelId: string): string | undefined {
    return this.problems.get(modelId);
  }

  /** Lets a call through. Throws `model_unavailable` at once while the model is left alone. */
  admit(modelId: string): Promise<Admission> {
    let breaker = this.breakers.get(modelId);
    if (breaker === undefined) {
      breaker = circuitBreaker(handleAll, { halfOpenAfter: PAUSE_MS, breaker: new CountBreaker(CALLS) });
      this.breakers.set(modelId, breaker);
    }
    const policy = breaker;
    return new Promise((resolve, reject) => {
      policy
        .execute(
          () =>
            new Promise<void>((succeed, fail) => {
              resolve({ succeed, fail: () => fail(new Error('The model failed')) });
            }),
        )
        .catch((error: unknown) => {
          if (!(error instanceof BrokenCircuitError)) return;
          reject(
            ModelErrors.model_unavailable(undefined, {
              retryAfter: Math.ceil(PAUSE_MS / 1000),
              cause: error,
            }),
          );
        });
    });
  }
}
