import { Injectable } from '@nestjs/common';
import { Transactions } from '../platform/database/transactions.js';
import { type RunStatus } from './run.js';
import { RunDispatcher } from './run-dispatcher.service.js';
import { ENDED, newEvent } from './run-event.js';
import { RunLeasesRepository } from './run-leases.repository.js';
import { RunLogRepository } from './run-log.repository.js';
import { RunsRepository } from './runs.repository.js';

export interface EndedRun {
  readonly id: string;
  readonly agent: string;
  readonly conversationId: string | null;
}

/** Ends runs from outside their worker: cancelled by their owner, or forgotten. */
@Injectable()
export class RunEndings {
  constructor(
    private readonly runs: RunsRepository,
    private readonly leases: RunLeasesRepository,
    private readonly log: RunLogRepository,
    private readonly transactions: Transactions,
    private readonly dispatcher: RunDispatcher,
  ) {}

  /** Asks a running run to stop, or ends one that no worker has. False when it has ended, or is asked already. */
  async cancel(run: EndedRun): Promise<boolean> {
    if (await this.requestCancel(run.id)) return true;
    if (await this.endWithoutWorker(run, 'cancelled', ['queued', 'requires_action'])) return true;
    // A worker may have taken it between the two.
    return this.requestCancel(run.id);
  }

  /** Ends a run that waited too long. */
  expire(run: EndedRun): Promise<boolean> {
    return this.endWithoutWorker(run, 'expired', ['queued', 'requires_action']);
  }

  private async requestCancel(id: string): Promise<boolean> {
    const asked = await this.runs.requestCancel(id);
    if (asked) this.dispatcher.stop(id);
    return asked;
  }

  private async endWithoutWorker(
    run: EndedRun,
    status: 'cancelled' | 'expired',
    from: readonly RunStatus[],
  ): Promise<boolean> {
    const ended = await this.transactions.run(async (transaction) => {
      const seq = await this.leases.endWithoutWorker(run.id, status, from, transaction);
      if (seq === undefined) return false;
      const event = newEvent(`run.${status}`, { name: run.agent, path: run.agent });
      await this.log.insertEvents(run.id, seq, [event], transaction);
      return true;
    });
    if (!ended) return false;
    this.dispatcher.announce(run.id, ENDED);
    await this.dispatcher.enqueueNextOf(run.conversationId);
    return true;
  }
}
