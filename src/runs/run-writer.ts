import { setTimeout as delay } from 'node:timers/promises';
import { isDatabaseAway } from '../platform/database/database-error.js';
import { type NewApproval } from './approvals/approval.js';
import { StaleFence } from './run.js';
import { type NewRunEvent } from './run-event.js';
import { type LogEntry, type RunLogRepository } from './run-log.repository.js';
import { type RunStep } from './run-step.js';

/** How long an event, or the end of a step, waits for company; the beginning of a step never waits. */
const GATHER_MS = 15;
const LAST_PAUSE_MS = 2000;

export interface WrittenRun {
  readonly id: string;
  readonly fence: number;
  readonly lastSeq: number;
}

/**
 * The one writer of a run's events and journal while a worker has it: what is added while a batch commits goes with
 * the next one, in order, so events are numbered without a gap and a step commits together with its events.
 */
export class RunWriter {
  private events: NewRunEvent[] = [];
  private readonly steps = new Map<string, RunStep>();
  private approvals: NewApproval[] = [];
  private seq: number;
  private tail: Promise<void> = Promise.resolve();
  private next?: Promise<void>;
  private timer?: NodeJS.Timeout;
  private failure?: Error;

  constructor(
    private readonly log: RunLogRepository,
    private readonly run: WrittenRun,
    private readonly on: {
      /** Events were committed. */
      written(): void;
      /** Nothing can be written any more. */
      lost(error: Error): void;
      /** May a write that the database did not answer be tried again? */
      mayRetry(): boolean;
    },
  ) {
    this.seq = run.lastSeq;
  }

  /** Number of the last event that is committed. */
  get lastSeq(): number {
    return this.seq;
  }

  /** Adds an event; it is committed within some 15 ms. */
  emit(event: NewRunEvent): void {
    this.events.push(event);
    this.flushSoon();
  }

  /** Adds a row of the journal with its events: committed with what is written next, at the latest within some 15 ms. */
  add(step: RunStep, ...events: NewRunEvent[]): void {
    this.steps.set(step.path, step);
    this.events.push(...events);
    this.flushSoon();
  }

  private flushSoon(): void {
    if (this.next !== undefined || this.timer !== undefined) return;
    // A failure is told by `lost`.
    this.timer = setTimeout(() => void this.flush().catch(() => undefined), GATHER_MS);
  }

  /** Writes a row of the journal with its events and all that was added before. Throws StaleFence. */
  save(step: RunStep, ...events: NewRunEvent[]): Promise<void> {
    this.steps.set(step.path, step);
    this.events.push(...events);
    return this.flush();
  }

  /** Writes a question to the owner of the run with its event. Throws StaleFence. */
  ask(approval: NewApproval, event: NewRunEvent): Promise<void> {
    this.approvals.push(approval);
    this.events.push(event);
    return this.flush();
  }

  /** Resolves when all that was added is committed. */
  flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.next === undefined) {
      const next = this.tail.then(() => {
        this.next = undefined;
        return this.write();
      });
      this.next = next;
      this.tail = next.catch(() => undefined);
    }
    return this.next;
  }

  private async write(): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
    if (this.events.length === 0 && this.steps.size === 0) return;
    const { id: runId, fence } = this.run;
    const [events, steps, approvals] = [this.events, [...this.steps.values()], this.approvals];
    const entry = { runId, fence, lastSeq: this.seq, events, steps, approvals };
    this.events = [];
    this.steps.clear();
    this.approvals = [];
    try {
      await this.append(entry);
    } catch (error) {
      this.failure = error instanceof Error ? error : new Error(String(error));
      this.on.lost(this.failure);
      throw this.failure;
    }
    this.seq += entry.events.length;
    if (entry.events.length > 0) this.on.written();
  }

  /** A database that is away for a moment must not end a run: tried again for as long as the lease holds. */
  private async append(entry: LogEntry): Promise<void> {
    for (let pause = 50, unsure = false; ; pause = Math.min(pause * 2, LAST_PAUSE_MS)) {
      try {
        if (await this.log.append(entry)) return;
        // The answer to an earlier try may have been lost, not the write.
        if (unsure && (await this.log.holds(entry))) return;
        throw new StaleFence();
      } catch (error) {
        if (!isDatabaseAway(error) || !this.on.mayRetry()) throw error;
      }
      unsure = true;
      await delay(pause);
    }
  }
}
