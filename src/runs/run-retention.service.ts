import { Inject, Injectable } from '@nestjs/common';
import { firstIdAt } from '../common/ids.js';
import { ENV, type Env } from '../config/env.js';
import { Housekeeping } from '../platform/database/housekeeping.service.js';
import { type Transaction } from '../platform/database/transactions.js';
import { RunRetentionRepository } from './run-retention.repository.js';

const RUNS_AT_ONCE = 50;
const EVENTS_AT_ONCE = 5_000;
const DAY_MS = 86_400_000;
const FIRST = '00000000-0000-0000-0000-000000000000';

/** Deletes the events of runs that ended RUN_EVENT_DAYS ago, and what their steps said. */
@Injectable()
export class RunRetention {
  /** Runs up to this one were looked at in this sweep; it goes on after those that are not old, however many. */
  private after = FIRST;

  constructor(
    @Inject(ENV) private readonly env: Pick<Env, 'RUN_EVENT_DAYS'>,
    private readonly runs: RunRetentionRepository,
    housekeeping: Housekeeping,
  ) {
    if (env.RUN_EVENT_DAYS > 0) housekeeping.add('run_events', (transaction) => this.sweep(transaction));
  }

  private async sweep(transaction: Transaction): Promise<boolean> {
    const days = this.env.RUN_EVENT_DAYS;
    const window = { after: this.after, before: firstIdAt(new Date(Date.now() - days * DAY_MS)), days };
    const { last, old } = await this.runs.next({ ...window, limit: RUNS_AT_ONCE }, transaction);
    if (old.length > 0) {
      await this.runs.strip(old, transaction);
      const deleted = await this.runs.deleteEvents(old, EVENTS_AT_ONCE, transaction);
      if (deleted === EVENTS_AT_ONCE) return true;
    }
    this.after = last ?? FIRST;
    return last !== undefined;
  }
}
