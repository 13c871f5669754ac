import { Injectable } from '@nestjs/common';
import { type Transaction } from '../../platform/database/transactions.js';
import { RunDispatcher } from '../run-dispatcher.service.js';
import { newEvent } from '../run-event.js';
import { RunLeasesRepository } from '../run-leases.repository.js';
import { RunLogRepository } from '../run-log.repository.js';

/** Queues runs again that waited for an answer. */
@Injectable()
export class RunResumption {
  constructor(
    private readonly leases: RunLeasesRepository,
    private readonly log: RunLogRepository,
    private readonly dispatcher: RunDispatcher,
  ) {}

  /** Queues the run when it has all answers. Call what it returns after the commit. */
  async goOn(runId: string, transaction: Transaction): Promise<() => Promise<void>> {
    const run = await this.leases.goOn(runId, transaction);
    if (run === undefined) return async () => undefined;
    const queued = newEvent('run.queued', { name: run.agent, path: run.agent });
    await this.log.insertEvents(runId, run.lastSeq, [queued], transaction);
    return async () => {
      this.dispatcher.announce(runId);
      await this.dispatcher.enqueue(run, `-answered-${run.lastSeq}`);
    };
  }
}
