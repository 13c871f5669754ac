import { Inject, Injectable, Logger } from '@nestjs/common';
import { ENV, type Env } from '../config/env.js';
import { databaseState } from '../platform/database/database-error.js';
import { SharedStatement } from '../platform/database/shared-statement.js';
import { StaleFence } from './run.js';
import { RunControl, RunStop } from './run-control.js';
import { RunDispatcher } from './run-dispatcher.service.js';
import { RunExecution } from './run-execution.service.js';
import { type ClaimedRun, RunLeasesRepository } from './run-leases.repository.js';
import { RunLogRepository } from './run-log.repository.js';
import { RunTrace } from './run-trace.js';
import { RunWriter } from './run-writer.js';
import { Slots } from './slots.js';
import { leaseOwner } from './worker-identity.js';

/** How much of a worker the runs of one user may fill. */
const SHARE_OF_ONE_USER = 0.8;
/** Another worker was quicker with a conversation. */
const UNIQUE_VIOLATION = '23505';

interface Holding {
  readonly run: ClaimedRun;
  readonly control: RunControl;
  done: Promise<void>;
}

/** The runs that this process holds: taken under a lease, which is renewed, watched and let go. */
@Injectable()
export class RunHolder {
  private readonly log = new Logger('Runs');
  private readonly owner = leaseOwner();
  private readonly held = new Map<string, Holding>();
  private readonly slots: Slots;
  private leaving = false;
  /** Runs may wait of users who had as many here as they may. */
  private passedOver = false;
  /** One claim at a time, for all who have a place by then: each claim knows what this worker holds. */
  private readonly claims = new SharedStatement<null, Holding | undefined>({
    run: (places) => this.claim(places.length),
  });
  private renewing?: Promise<void>;

  constructor(
    @Inject(ENV) private readonly env: Env,
    private readonly leases: RunLeasesRepository,
    private readonly logs: RunLogRepository,
    private readonly execution: RunExecution,
    private readonly dispatcher: RunDispatcher,
  ) {
    this.slots = new Slots(env.RUN_CONCURRENCY);
  }

  holds(runId: string): boolean {
    return this.held.has(runId);
  }

  /** From now on runs that this process queues may come here at once, without the way through the queue. */
  welcome(): void {
    this.dispatcher.takeHere = () => this.takeNow();
  }

  /** Somebody queued a run: takes the one whose turn it is, as soon as there is room, and lets it go. Never throws. */
  async take(): Promise<void> {
    await this.slots.take();
    await this.workOff(await this.claimNext());
  }

  /** Takes the run whose turn it is when there is room at once. False when none was taken. Never throws. */
  private async takeNow(): Promise<boolean> {
    if (this.leaving || !this.slots.tryTake()) return false;
    const holding = await this.claimNext();
    void this.workOff(holding);
    return holding !== undefined;
  }

  /** Sees a run to its end, in a place that is taken, and then those that were passed over, which no one else calls. */
  private async workOff(first: Holding | undefined): Promise<void> {
    for (let holding = first; holding !== undefined;) {
      await holding.done;
      holding = this.passedOver ? await this.claimNext() : undefined;
    }
    this.slots.give();
  }

  private async claimNext(): Promise<Holding | undefined> {
    try {
      return await this.claims.join(null);
    } catch (error) {
      // The row stays as it is; its lease, or the reconciler, brings it to a worker again.
      if (databaseState(error) !== UNIQUE_VIOLATION) this.log.warn({ err: error }, 'A run was not taken');
      return undefined;
    }
  }

  private async claim(room: number): Promise<Holding[]> {
    if (this.leaving) return [];
    const asked = performance.now();
    const held = [...this.held.values()].map(({ run }) => run);
    const { LEASE_SECONDS, RUN_CONCURRENCY } = this.env;
    // A part of this worker is always there for other users. [R37]
    const perUser = Math.max(1, Math.floor(RUN_CONCURRENCY * SHARE_OF_ONE_USER));
    const runs = await this.leases.claim(this.owner, LEASE_SECONDS, { runs: held, perUser, room });
    const taken = runs.map((run) => {
      const holding: Holding = { run, control: new RunControl(), done: Promise.resolve() };
      // From before the database was asked.
      holding.control.leaseEnds = asked + LEASE_SECONDS * 1000;
      this.held.set(run.id, holding);
      if (this.leaving) holding.control.handBackSoon();
      holding.done = this.hold(holding);
      return holding;
    });
    if (taken.length < room) this.passedOver = this.isFullFor(perUser);
    return taken;
  }

  /** Has a user as many runs here as one may have? Then more of his may wait. */
  private isFullFor(perUser: number): boolean {
    const counts = new Map<string, number>();
    for (const { run } of this.held.values()) counts.set(run.userId, (counts.get(run.userId) ?? 0) + 1);
    return [...counts.values()].some((count) => count >= perUser);
  }

  /** Renews all leases, and stops what was cancelled or lost. One renewal at a time. */
  async renew(): Promise<void> {
    while (this.renewing !== undefined) await this.renewing;
    this.renewing = this.renewAll().finally(() => {
      this.renewing = undefined;
    });
    await this.renewing;
  }

  /** Every run stops before its next step. */
  handBackSoon(): void {
    this.leave();
    for (const { control } of this.held.values()) control.handBackSoon();
  }

  /** Every run stops at once, also within a step. */
  handBackNow(): void {
    for (const { control } of this.held.values()) control.stop(new RunStop('hand_back'));
  }

  /** Resolves when no run is held. */
  async empty(): Promise<void> {
    this.leave();
    await Promise.all([...this.held.values()].map((holding) => holding.done));
  }

  private leave(): void {
    this.leaving = true;
    this.slots.open();
  }

  private async hold(holding: Holding): Promise<void> {
    const { run, control } = holding;
    const writer = new RunWriter(this.logs, run, {
      written: () => this.dispatcher.announce(run.id),
      lost: () => control.stop(new RunStop('lost')),
      mayRetry: () => performance.now() < control.leaseEnds,
    });
    const trace = new RunTrace(run);
    try {
      // Before a run was first taken it had no step and asked nobody.
      const isNew = run.fence === 1;
      const steps = isNew ? [] : await control.patiently(() => this.logs.journal(run.id));
      const approvals = isNew ? [] : await control.patiently(() => this.logs.approvals(run.id));
      await this.execution.execute({ run, control, writer, steps, approvals, trace });
    } catch (error) {
      control.stop(new RunStop('lost'));
      if (!(error instanceof StaleFence)) this.log.warn({ err: error, runId: run.id }, 'A run was let go');
    } finally {
      trace.end();
      // It may be here again already.
      if (this.held.get(run.id) === holding) this.held.delete(run.id);
    }
  }

  private async renewAll(): Promise<void> {
    const holdings = [...this.held.values()];
    if (holdings.length === 0) return;
    const asked = performance.now();
    const runs = holdings.map(({ run }) => run);
    try {
      const rows = await this.leases.renew(runs, this.env.LEASE_SECONDS);
      const statuses = new Map(rows.map((row) => [row.id, row.status]));
      for (const holding of holdings) {
        const status = statuses.get(holding.run.id);
        if (status === undefined) holding.control.stop(new RunStop('lost'));
        else holding.control.leaseEnds = asked + this.env.LEASE_SECONDS * 1000;
        if (status === 'cancelling') holding.control.stop(new RunStop('cancelled'));
      }
    } catch (error) {
      this.log.warn({ err: error }, 'Leases were not renewed');
      // Before another worker may take it, this one must have stopped.
      const soon = performance.now() + (this.env.LEASE_SECONDS * 1000) / 3;
      for (const holding of holdings) {
        if (holding.control.leaseEnds < soon) holding.control.stop(new RunStop('lost'));
      }
    }
  }
}
