export interface RateLimitState {
  readonly allowed: boolean;
  /** Points left in the window. */
  readonly remaining: number;
  /** Seconds until the window starts again. */
  readonly resetSeconds: number;
}

/** Counts what a key does in a fixed window. Adapters: memory (of this process), Redis (of all instances). */
export abstract class RateLimiter {
  /** Takes one of `points` that `key` has in `windowSeconds`. A key has one window per (points, windowSeconds). */
  abstract consume(key: string, points: number, windowSeconds: number): Promise<RateLimitState>;

  /** Returns a point that `consume` took: the attempt turned out to be harmless. */
  abstract giveBack(key: string, points: number, windowSeconds: number): Promise<void>;
}
