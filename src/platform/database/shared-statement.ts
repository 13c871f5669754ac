import { CommonErrors } from '../../common/common.errors.js';
import { isDatabaseAway } from './database-error.js';

/** Long enough for a new connection, short enough that no request waits over its 3 s. */
const REPEAT_WITHIN_MS = 1_000;

interface Waiting<T, R> {
  readonly row: T;
  resolve(result: R): void;
  reject(error: unknown): void;
}

export interface SharedStatementOptions<T, R> {
  /** Does what is asked for in one transaction and returns a result for each, in the same order. */
  run(rows: readonly T[]): Promise<readonly R[]>;
  /** May a batch be run again when it is not known whether it was? Then a broken connection costs no caller. */
  readonly repeatable?: boolean;
  /** Rows a batch. Default 500. */
  readonly maxBatch?: number;
  /** Rows that may wait; more are refused with 503 `overloaded`. Default 20,000. */
  readonly maxWaiting?: number;
}

/**
 * Shares one statement among callers that read or write the same at the same time: while a batch runs, the next one
 * gathers. A caller's batch begins after its call and has committed before the answer, so what is read is not older
 * than the question and what is acknowledged is durable. A batch that fails is tried again row by row, so that one bad
 * row does not fail its neighbours.
 */
export class SharedStatement<T, R = void> {
  private waiting: Waiting<T, R>[] = [];
  private flushing?: Promise<void>;

  constructor(private readonly options: SharedStatementOptions<T, R>) {}

  /** Joins the next batch; resolves after its commit with the row's own result. */
  join(row: T): Promise<R> {
    if (this.waiting.length >= (this.options.maxWaiting ?? 20_000)) {
      return Promise.reject(CommonErrors.overloaded(undefined, { retryAfter: 1 }));
    }
    return new Promise<R>((resolve, reject) => {
      this.waiting.push({ row, resolve, reject });
      this.flushing ??= this.flushAll();
    });
  }

  /** Resolves when nothing waits any more. */
  async idle(): Promise<void> {
    while (this.flushing !== undefined) await this.flushing;
  }

  private async flushAll(): Promise<void> {
    // Callers of the same tick join the first batch.
    await Promise.resolve();
    while (this.waiting.length > 0) {
      const batch = this.waiting.splice(0, this.options.maxBatch ?? 500);
      await this.flush(batch);
    }
    this.flushing = undefined;
  }

  private async flush(batch: readonly Waiting<T, R>[], startedAt = Date.now()): Promise<void> {
    try {
      const results = await this.options.run(batch.map((waiting) => waiting.row));
      batch.forEach((waiting, index) => waiting.resolve(results[index] as R));
    } catch (error) {
      const isAway = isDatabaseAway(error);
      if (isAway && this.options.repeatable === true && Date.now() - startedAt < REPEAT_WITHIN_MS) {
        await new Promise((resolve) => setTimeout(resolve, 100));
        return this.flush(batch, startedAt);
      }
      // Who waits meanwhile has waited as long as a request may wait for the database; what is repeatable is tried on.
      const others = isAway && this.options.repeatable !== true ? this.waiting.splice(0) : [];
      if (batch.length === 1 || isAway) for (const waiting of [...batch, ...others]) waiting.reject(error);
      else for (const waiting of batch) await this.flush([waiting]);
    }
  }
}
