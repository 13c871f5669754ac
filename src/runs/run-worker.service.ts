import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { ENV, type Env } from '../config/env.js';
import { EventBus } from '../platform/events/event-bus.js';
import { Draining } from '../platform/http/draining.js';
import { Queue, type QueueWorker } from '../platform/queue/queue.js';
import { RUN_QUEUE } from './run-dispatcher.service.js';
import { CONTROL_CHANNEL } from './run-event.js';
import { RunHolder } from './run-holder.service.js';
import { RunReconciler } from './run-reconciler.service.js';

/** Takes runs from the queue, as many at once as RUN_CONCURRENCY says, until the process shuts down. */
@Injectable()
export class RunWorker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly log = new Logger('Runs');
  private worker?: QueueWorker;
  private renewal?: NodeJS.Timeout;
  private patience?: NodeJS.Timeout;
  private unsubscribe?: () => Promise<void>;

  constructor(
    @Inject(ENV) private readonly env: Env,
    private readonly queue: Queue,
    private readonly bus: EventBus,
    private readonly holder: RunHolder,
    private readonly reconciler: RunReconciler,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    if (this.env.ROLE === 'api') return;
    this.unsubscribe = await this.bus.subscribe(CONTROL_CHANNEL, (runId) => {
      if (runId === null || this.holder.holds(runId)) void this.holder.renew();
    });
    this.renewal = setInterval(() => void this.holder.renew(), (this.env.LEASE_SECONDS * 1000) / 3);
    this.worker = await this.queue.work(RUN_QUEUE, () => this.holder.take(), {
      concurrency: this.env.RUN_CONCURRENCY,
    });
    this.holder.welcome();
    this.reconciler.start();
  }

  /** From the first signal on: no new run, and those that run stop at their next step. */
  leave(): void {
    this.reconciler.stop();
    this.worker?.pause().catch((error: unknown) => this.log.warn({ err: error }, 'The queue was not paused'));
    this.holder.handBackSoon();
    this.patience = setTimeout(() => this.holder.handBackNow(), (this.env.SHUTDOWN_SECONDS * 1000) / 3);
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.holder.empty();
    clearTimeout(this.patience);
    clearInterval(this.renewal);
    await this.unsubscribe?.();
  }
}

/** Lets a worker know when draining begins; apart from it so that its constructor stays small. */
@Injectable()
export class RunWorkerDrain {
  constructor(draining: Draining, worker: RunWorker) {
    draining.signal.addEventListener('abort', () => worker.leave(), { once: true });
  }
}
