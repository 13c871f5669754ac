import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { ENV, type Env } from '../../config/env.js';
import { Housekeeping } from '../../platform/database/housekeeping.service.js';
import { WebhookSender } from './webhook-sender.service.js';
import { type DueDelivery, WebhooksRepository } from './webhooks.repository.js';

const LOOK_MS = 1_000;
/** Deliveries at once in a process. */
const BATCH = 10;
/** Longer than a try can take, so that no other process repeats one that is under way. */
const LEASE_SECONDS = 30;
const KEEP_DAYS = 7;

/** Looks for due deliveries in every worker and sends them. The rows are the truth: what one process drops, another sends. */
@Injectable()
export class WebhookWorker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly log = new Logger('Webhooks');
  private timer?: NodeJS.Timeout;
  private stopped = false;
  private looking: Promise<void> = Promise.resolve();

  constructor(
    @Inject(ENV) private readonly env: Env,
    private readonly webhooks: WebhooksRepository,
    private readonly sender: WebhookSender,
    housekeeping: Housekeeping,
  ) {
    housekeeping.add('webhook_deliveries', (transaction) => webhooks.prune(KEEP_DAYS, transaction));
  }

  onApplicationBootstrap(): void {
    if (this.env.ROLE !== 'api') this.schedule();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.looking;
  }

  private schedule(): void {
    if (this.stopped) return;
    this.timer = setTimeout(() => {
      this.looking = this.look().finally(() => this.schedule());
    }, LOOK_MS);
    this.timer.unref();
  }

  private async look(): Promise<void> {
    try {
      for (let due = await this.take(); due.length > 0 && !this.stopped; due = await this.take())
        await Promise.all(due.map((delivery) => this.deliver(delivery)));
    } catch (error) {
      this.log.warn({ err: error }, 'The look for webhook deliveries failed; the next one follows');
    }
  }

  private take(): Promise<DueDelivery[]> {
    return this.webhooks.take(BATCH, LEASE_SECONDS);
  }

  private async deliver(delivery: DueDelivery): Promise<void> {
    const attempt = await this.sender.deliver(delivery);
    await this.webhooks.finish(delivery, attempt);
    if (attempt.delivered) return;
    const { webhookId, eventId, attempts } = delivery;
    const { errorCode, responseStatus, retrySeconds } = attempt;
    this.log.warn(
      { webhookId, eventId, attempts, errorCode, responseStatus },
      retrySeconds === null ? 'A webhook was given up' : 'A webhook was not delivered; it is tried again',
    );
  }
}
