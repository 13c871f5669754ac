import { Injectable, Logger } from '@nestjs/common';
import { EventBus } from '../platform/events/event-bus.js';
import { Queue } from '../platform/queue/queue.js';
import { CONTROL_CHANNEL, conversationChannel, ENDED, eventsChannel } from './run-event.js';
import { type DueRun, RunLeasesRepository } from './run-leases.repository.js';

export const RUN_QUEUE = 'runs';

/** Tells workers and streams what happened to a run. Only wake-ups: what is lost here the reconciler finds. */
@Injectable()
export class RunDispatcher {
  private readonly log = new Logger('Runs');

  /** Lets this process take a run itself when its worker has room; false when it took none. Never throws. */
  takeHere: () => Promise<boolean> = async () => false;

  constructor(
    private readonly queue: Queue,
    private readonly bus: EventBus,
    private readonly leases: RunLeasesRepository,
  ) {}

  /**
   * Sees to it that a worker takes a committed run: at once here, or through the queue. Never throws: the run is acknowledged already. `occasion` tells apart jobs that mean the
   * same, because an id that is just being worked off would be ignored.
   */
  async enqueue(run: DueRun, occasion = '', delayMs = 0): Promise<void> {
    if (delayMs === 0 && (await this.takeHere())) return;
    try {
      const id = `${run.id}-${run.fence}${occasion}`;
      await this.queue.add(RUN_QUEUE, { id, data: { runId: run.id }, ...(delayMs > 0 && { delayMs }) });
    } catch (error) {
      this.log.warn({ err: error, runId: run.id }, 'A run was not queued; the reconciler will do it');
    }
  }

  /** A conversation is free: its oldest waiting run is next. Never throws. */
  async enqueueNextOf(conversationId: string | null): Promise<void> {
    if (conversationId === null) return;
    try {
      const next = await this.leases.nextOf(conversationId);
      if (next !== undefined) await this.enqueue(next, '-next');
    } catch (error) {
      this.log.warn({ err: error, conversationId }, 'The next run was not queued; the reconciler will do it');
    }
  }

  /** There is a new run in this conversation. */
  announceRunOf(conversationId: string): void {
    this.bus.publish(conversationChannel(conversationId), '');
  }

  /** There are new events of this run; `ENDED` says that one of them ends its streams. */
  announce(runId: string, news: '' | typeof ENDED = ''): void {
    this.bus.publish(eventsChannel(runId), news);
  }

  /** This run was asked to stop: its worker, wherever it is, should look. */
  stop(runId: string): void {
    this.bus.publish(CONTROL_CHANNEL, runId);
  }
}
