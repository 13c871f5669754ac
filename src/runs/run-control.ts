import { setTimeout as delay } from 'node:timers/promises';
import { type AppError } from '../common/app-error.js';
import { isDatabaseAway } from '../platform/database/database-error.js';

const FIRST_PAUSE_MS = 100;
const LAST_PAUSE_MS = 2000;

/** Why a worker stops before the agent has answered. `set_back`: the database was away. */
export type StopKind = 'cancelled' | 'hand_back' | 'set_back' | 'suspended' | 'lost' | 'failed';

/** Thrown through the engine; never shown. */
export class RunStop extends Error {
  override readonly name = 'RunStop';

  constructor(
    readonly kind: StopKind,
    /** Why it failed, for `failed`. */
    readonly error?: AppError,
  ) {
    super(kind, { cause: error });
  }
}

/** The reins of one run in this process: stops it from outside, at once or at the next step. */
export class RunControl {
  /** The first reason counts. */
  reason?: RunStop;
  /** When the lease ends, by the monotonic clock; never later than what the row says. */
  leaseEnds = Infinity;
  private readonly controller = new AbortController();
  private readonly underWay = new Set<Promise<unknown>>();
  private leaving = false;

  /** Aborts model and tool calls. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }

  stop(reason: RunStop): void {
    if (this.reason !== undefined) return;
    this.reason = reason;
    this.controller.abort(reason);
  }

  /** Stops with an error of the run as a whole, and throws. */
  fail(error: AppError): never {
    this.stop(new RunStop('failed', error));
    throw this.reason ?? error;
  }

  /** The process shuts down: stop before the next step begins. */
  handBackSoon(): void {
    this.leaving = true;
  }

  /** Called right before something is sent. Throws when this process was stopped for longer than its lease. [R26] */
  checkLease(): void {
    if (performance.now() < this.leaseEnds) return;
    this.stop(new RunStop('lost'));
    throw this.reason ?? new RunStop('lost');
  }

  /** Resolves after `ms`, or as soon as the run is stopped. */
  async pause(ms: number): Promise<void> {
    try {
      await delay(ms, undefined, { signal: this.signal });
    } catch {
      // It was stopped.
    }
  }

  /** Asks the database, again and again while it is away and the lease holds. Only for what may be asked twice. */
  async patiently<T>(ask: () => Promise<T>): Promise<T> {
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LAST_PAUSE_MS)) {
      try {
        return await ask();
      } catch (error) {
        if (!isDatabaseAway(error) || performance.now() + pause >= this.leaseEnds) throw error;
      }
      await delay(pause);
    }
  }

  /** Called before every step. Throws when the run must not go on. */
  boundary(): void {
    this.checkLease();
    if (this.leaving) this.stop(new RunStop('hand_back'));
    if (this.reason !== undefined) throw this.reason;
  }

  /** Remembers work so that `settled` waits for it: LangGraph leaves siblings of a failed call running. */
  async track<T>(work: Promise<T>): Promise<T> {
    this.underWay.add(work);
    try {
      return await work;
    } finally {
      this.underWay.delete(work);
    }
  }

  /** Resolves when no step is under way. */
  async settled(): Promise<void> {
    while (this.underWay.size > 0) await Promise.allSettled(this.underWay);
  }
}
