import { Injectable } from '@nestjs/common';
import { type Page } from '../common/page.js';
import { isDatabaseAway } from '../platform/database/database-error.js';
import { EventBus } from '../platform/events/event-bus.js';
import { Cursors } from '../platform/secrets/cursors.js';
import { Bell } from './bell.js';
import { endsStream, eventsChannel, type RunEvent, type RunEventType } from './run-event.js';
import { isTerminal } from './run.js';
import { RunLogRepository } from './run-log.repository.js';
import { type RunStep } from './run-step.js';
import { type RunEnd, RunsRepository } from './runs.repository.js';

/** Events read at once; a reader that is far behind gets them piece by piece. */
const BATCH = 500;
/** The bus may lose a wake-up: whoever follows a run also looks by himself. */
const POLL_MS = 2000;

/** What happened in runs whose owner the caller has checked. */
@Injectable()
export class RunHistory {
  constructor(
    private readonly log: RunLogRepository,
    private readonly runs: RunsRepository,
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
   * or needs somebody, or `signal` aborts. With `endsRun` as `ends` it also waits for somebody. Of a run whose events
   * were deleted after RUN_EVENT_DAYS only the last one, which says so.
   */
  async *follow(
    runId: string,
    after: number,
    signal: AbortSignal,
    ends: (type: string) => boolean = endsStream,
  ): AsyncGenerator<readonly RunEvent[]> {
    const bell = new Bell();
    const stop = await this.bus.subscribe(eventsChannel(runId), () => bell.ring());
    const ring = () => bell.ring();
    signal.addEventListener('abort', ring);
    try {
      let last = after;
      while (!signal.aborted) {
        const heard = bell.next();
        const look = () => this.look(runId, last, ends);
        const { events, isOver } = await whileAway(look, { events: [], isOver: false });
        if (events.length > 0) yield events;
        if (isOver) return;
        last = events.at(-1)?.seq ?? last;
        if (events.length < BATCH) await heard(POLL_MS);
      }
    } finally {
      signal.removeEventListener('abort', ring);
      await stop();
    }
  }

  /**
   * Looks at a run now, when it ends or needs somebody, and now and then, until `look` gives true or `signal` aborts.
   * Cheaper than `follow` for who does not want the events.
   */
  async watchEnd(runId: string, look: () => Promise<boolean>, signal: AbortSignal): Promise<void> {
    const bell = new Bell();
    const stop = await this.bus.subscribe(eventsChannel(runId), (news) => {
      if (news !== '') bell.ring();
    });
    const ring = () => bell.ring();
    signal.addEventListener('abort', ring);
    try {
      for (;;) {
        const heard = bell.next();
        if ((await whileAway(look, false)) || signal.aborted) return;
        await heard(POLL_MS);
      }
    } finally {
      signal.removeEventListener('abort', ring);
      await stop();
    }
  }

  /** What follows on event `after`, and whether nothing comes behind it unless somebody acts. */
  private async look(
    runId: string,
    after: number,
    ends: (type: string) => boolean,
  ): Promise<{ readonly events: readonly RunEvent[]; readonly isOver: boolean }> {
    const events = await this.following(runId, after);
    if (events.length > 0) return { events, isOver: isEnd(events, ends) };
    const run = await this.runs.endOf(runId);
    // It was deleted.
    if (run === undefined) return { events, isOver: true };
    if (run.lastSeq <= after) return { events, isOver: ends(`run.${run.status}`) };
    if (!isTerminal(run.status)) return { events, isOver: false };
    // It may have ended between the two looks; else its events were deleted.
    const rest = await this.following(runId, after);
    if (rest.length > 0) return { events: rest, isOver: isEnd(rest, ends) };
    return { events: [lastEventOf(runId, run)], isOver: true };
  }

  /** Empty also when there are later events only: then those before are just being deleted. */
  private async following(runId: string, after: number): Promise<readonly RunEvent[]> {
    const events = await this.log.events(runId, after, BATCH);
    return events.at(0)?.seq === after + 1 ? events : [];
  }
}

/** Do these events, the newest there are, end with one after which nothing follows? */
function isEnd(events: readonly RunEvent[], ends: (type: string) => boolean): boolean {
  const last = events.at(-1);
  return events.length < BATCH && last !== undefined && ends(last.type);
}

/** How a run ended, in the form of its last event. */
function lastEventOf(runId: string, { status, lastSeq, agent, finishedAt, ...run }: RunEnd): RunEvent {
  return {
    runId,
    seq: lastSeq,
    at: finishedAt ?? new Date(),
    type: `run.${status}` as RunEventType,
    agent: { name: agent, path: agent },
    data: {
      ...(status === 'completed' && { output: run.output, usage: run.usage }),
      ...(status === 'failed' && { error: run.error }),
      pruned: true,
    },
  };
}

/** A database that is away for a moment must not break a stream: there is nothing to read until it is back. */
async function whileAway<T>(read: () => Promise<T>, nothing: T): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!isDatabaseAway(error)) throw error;
    return nothing;
  }
}
