import { Inject, Injectable } from '@nestjs/common';
import { firstIdAt } from '../common/ids.js';
import { ENV, type Env } from '../config/env.js';
import { Housekeeping } from '../platform/database/housekeeping.service.js';
import { type Transaction } from '../platform/database/transactions.js';
import { RunRetentionRepository } from './run-retention.repository.js';

/** Runs of which something is deleted in one transaction. */
const RUNS_AT_ONCE = 50;
const LOOKED_AT_ONCE = 1_000;
const EVENTS_AT_ONCE = 5_000;
const DAY_MS = 86_400_000;
const FIRST = '00000000-0000-0000-0000-000000000000';

/**
 * Deletes the events of runs that ended RUN_EVENT_DAYS ago, and what their steps said; and runs without a conversation,
 * which nobody else would delete, RUN_DAYS after their end.
 */
@Injectable()
export class RunRetention {
  /** Runs up to this one were looked at in this sweep; it goes on after those that are not old, however many. */
  private after = FIRST;
  private afterLone = FIRST;

  constructor(
    @Inject(ENV) private readonly env: Pick<Env, 'RUN_EVENT_DAYS' | 'RUN_DAYS'>,
    private readonly runs: RunRetentionRepository,
    housekeeping: Housekeeping,
  ) {
    if (env.RUN_DAYS > 0) housekeeping.add('runs', (transaction) => this.sweepLone(transaction));
    if (env.RUN_EVENT_DAYS > 0) housekeeping.add('run_events', (transaction) => this.sweep(transaction));
  }

  private async sweepLone(transaction: Transaction): Promise<boolean> {
    const window = { after: this.afterLone, ...olderThan(this.env.RUN_DAYS), limit: LOOKED_AT_ONCE };
    const { last, old } = await this.runs.nextLone(window, transaction);
    const some = old.slice(0, RUNS_AT_ONCE);
    if (some.length > 0) {
      // A run goes in one statement with all that hangs on it; its events may be thousands.
      if (await this.deleteEvents(some, transaction)) return true;
      await this.runs.delete(some, transaction);
    }
    this.afterLone = (some.length < old.length ? some.at(-1) : last) ?? FIRST;
    return this.afterLone !== FIRST;
  }

  private async sweep(transaction: Transaction): Promise<boolean> {
    const window = { after: this.after, ...olderThan(this.env.RUN_EVENT_DAYS), limit: RUNS_AT_ONCE };
    const { last, old } = await this.runs.next(window, transaction);
    if (old.length > 0) {
      await this.runs.strip(old, transaction);
      if (await this.deleteEvents(old, transaction)) return true;
    }
    this.after = last ?? FIRST;
    return last !== undefined;
  }

  /** True when there may be more. */
  private async deleteEvents(ids: readonly string[], transaction: Transaction): Promise<boolean> {
    return (await this.runs.deleteEvents(ids, EVENTS_AT_ONCE, transaction)) === EVENTS_AT_ONCE;
  }
}

function olderThan(days: number): { before: string; days: number } {
  return { before: firstIdAt(new Date(Date.now() - days * DAY_MS)), days };
}
