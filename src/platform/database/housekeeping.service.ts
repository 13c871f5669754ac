import { setTimeout as delay } from 'node:timers/promises';
import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { ENV, type Env } from '../../config/env.js';
import { ADVISORY_LOCKS } from './advisory-locks.js';
import { type Transaction, Transactions } from './transactions.js';

/** Deletes a part of what was kept long enough, in the transaction it is given; true when there may be more. */
export type Sweep = (transaction: Transaction) => Promise<boolean>;

const EVERY_MS = 3_600_000;
/** Not in the first minute of a process, and not in all processes at once. */
const FIRST_MS = 60_000;
/** Between two transactions: requests come first. */
const PAUSE_MS = 20;

/**
 * Deletes what was kept long enough: every hour, in short transactions, in one process at a time. Features add what
 * they have to sweep.
 */
@Injectable()
export class Housekeeping implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly log = new Logger('Housekeeping');
  private readonly sweeps = new Map<string, Sweep>();
  private timer?: NodeJS.Timeout;
  private running: Promise<void> = Promise.resolve();
  private stopped = false;

  constructor(
    @Inject(ENV) private readonly env: Env,
    private readonly transactions: Transactions,
  ) {}

  /** `table` names it in the log. */
  add(table: string, sweep: Sweep): void {
    this.sweeps.set(table, sweep);
  }

  onApplicationBootstrap(): void {
    if (this.env.ROLE !== 'api') this.runIn(FIRST_MS * (1 + Math.random()));
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.running;
  }

  /** Sweeps all tables until nothing is left, or another process does. Never throws. */
  async run(): Promise<void> {
    for (const [table, sweep] of this.sweeps) {
      try {
        while (!this.stopped && (await this.once(sweep))) await delay(PAUSE_MS);
      } catch (error) {
        this.log.warn({ err: error, table }, 'Old rows were not deleted; the next sweep tries again');
      }
    }
  }

  private runIn(ms: number): void {
    if (this.stopped) return;
    this.timer = setTimeout(() => {
      this.running = this.run().finally(() => this.runIn(EVERY_MS));
    }, ms).unref();
  }

  private once(sweep: Sweep): Promise<boolean> {
    return this.transactions.run(async (transaction) => {
      const [lock]: [{ locked: boolean }] = await transaction.query(
        'select pg_try_advisory_xact_lock($1) as locked',
        [ADVISORY_LOCKS.housekeeping],
      );
      return lock.locked && sweep(transaction);
    });
  }
}
