import { Inject, Injectable, Logger } from '@nestjs/common';
import { ENV, type Env } from '../config/env.js';
import { ApprovalsService } from './approvals/approvals.service.js';
import { RunDispatcher } from './run-dispatcher.service.js';
import { RunEndings } from './run-endings.service.js';
import { RunLeasesRepository } from './run-leases.repository.js';
import { isKnownDead } from './worker-identity.js';

const BATCH = 100;
/** How long a run may wait for a worker or for a person. */
const FORGOTTEN_HOURS = 24;

/**
 * Finds the runs that nobody works on: queued but lost by the queue, or held by a worker that died. A plain timer in
 * every worker; one at a time does the work.
 */
@Injectable()
export class RunReconciler {
  private readonly log = new Logger('Runs');
  private timer?: NodeJS.Timeout;
  private stopped = false;

  constructor(
    @Inject(ENV) private readonly env: Env,
    private readonly leases: RunLeasesRepository,
    private readonly endings: RunEndings,
    private readonly dispatcher: RunDispatcher,
    private readonly approvals: ApprovalsService,
  ) {}

  /** Looks at once, so that a restarted process goes on with what it left behind, and then again and again. */
  start(): void {
    void this.look();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  /** One look at the table. */
  async reconcile(): Promise<void> {
    const dead = (await this.leases.leaseOwners()).filter(isKnownDead);
    if (dead.length > 0) await this.leases.endLeases(dead);
    await this.approvals.expire(BATCH);
    for (const run of await this.leases.due(BATCH)) await this.dispatcher.enqueue(run);
    for (const run of await this.leases.forgotten(FORGOTTEN_HOURS, BATCH)) await this.endings.expire(run);
  }

  private async look(): Promise<void> {
    try {
      await this.reconcile();
    } catch (error) {
      this.log.warn({ err: error }, 'The look for forgotten runs failed; the next one follows');
    }
    if (!this.stopped) this.timer = setTimeout(() => void this.look(), (this.env.LEASE_SECONDS * 1000) / 6);
  }
}
