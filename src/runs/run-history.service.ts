import { Injectable } from '@nestjs/common';
import { type Page } from '../common/page.js';
import { databaseError } from '../platform/database/database-error.js';
import { EventBus } from '../platform/events/event-bus.js';
import { Cursors } from '../platform/secrets/cursors.js';
import { Bell } from './bell.js';
import { endsStream, eventsChannel, type RunEvent, type RunEventType } from './run-event.js';
import { RunLogRepository } from './run-log.repository.js';
import { type RunStep } from './run-step.js';

/** Events read at once; a reader that is far behind gets them piece by piece. */
const BATCH = 500;
/** The bus may lose a wake-up: whoever follows a run also looks by himself. */
const POLL_MS = 2000;

/** What happened in runs whose owner the caller has checked. */
@Injectable()
export class RunHistory {
  constructor(
    private readonly log: RunLogRepository,
    private readonly bus: EventBus,
    private readonly cursors: Cursors,
  ) {}

  /** A page of the journal, in order of time. */
  async steps(runId: string, query: { limit: number; cursor?: string }): Promise<Page<RunStep>> {
    const list = `run-steps:${runId}`;
    const [at = '', path = ''] = this.cursors.read(list, query.cursor)?.split('\n') ?? [];
    const rows = await this.log.steps(runId, at === '' ? undefined : { at, path }, query.limit + 1);
    return this.cursors.page(
      list,
      rows,
      query.limit,
      (step) => `${step.startedAt.toISOString()}\n${step.path}`,
    );
  }

  /**
   * The events after number `after`, in batches, each once and without a gap, then those that come, until the run ends
   * or needs somebody, or `signal` aborts. With `endsRun` as `ends` it also waits for somebody.
   */
  async *follow(
    runId: string,
    after: number,
    signal: AbortSignal,
    ends: (type: RunEventType) => boolean = endsStream,
  ): AsyncGenerator<readonly RunEvent[]> {
    const bell = new Bell();
    const stop = await this.bus.subscribe(eventsChannel(runId), () => bell.ring());
    const ring = () => bell.ring();
    signal.addEventListener('abort', ring);
    try {
      let last = after;
      while (!signal.aborted) {
        const heard = bell.next();
        const events = await this.read(runId, last, BATCH);
        if (events.length > 0) {
          yield events;
          last = events.at(-1)?.seq ?? last;
          if (events.length === BATCH) continue;
        }
        if (await this.isOver(runId, last, events.at(-1), ends)) return;
        await heard(POLL_MS);
      }
    } finally {
      signal.removeEventListener('abort', ring);
      await stop();
    }
  }

  /** A database that is away for a moment must not break a stream: there is nothing to read until it is back. */
  private async read(runId: string, after: number, limit: number): Promise<RunEvent[]> {
    try {
      return await this.log.events(runId, after, limit);
    } catch (error) {
      if (databaseError(error)?.kind !== 'unavailable') throw error;
      return [];
    }
  }

  /** Is the event with number `last` one after which nothing follows? Known without asking when it was just read. */
  private async isOver(
    runId: string,
    last: number,
    newest: RunEvent | undefined,
    ends: (type: RunEventType) => boolean,
  ): Promise<boolean> {
    const event = newest ?? (last > 0 ? (await this.read(runId, last - 1, 1)).at(0) : undefined);
    return event?.seq === last && ends(event.type);
  }
}
