import { Injectable } from '@nestjs/common';
import { AppError } from '../../common/app-error.js';
import { newId } from '../../common/ids.js';
import { Egress } from '../../platform/egress/egress.js';
import { type Fetch } from '../../platform/egress/guarded-fetch.js';
import { Sealer } from '../../platform/secrets/sealer.js';
import { toView } from '../run-view.js';
import { RunsRepository } from '../runs.repository.js';
import { type Webhook } from './webhook.entity.js';
import { signedHeaders } from './webhook-signature.js';
import { type Attempt, type DueDelivery, WebhooksRepository } from './webhooks.repository.js';

const TIMEOUT_MS = 10_000;
const MAX_ANSWER_BYTES = 16 << 10;
/** Waiting times before the second try and so on; after the last one a delivery has failed. Together about 9 hours. */
const RETRY_SECONDS = [5, 30, 120, 600, 1_800, 7_200, 21_600];

/** Sends webhooks: signed, through the egress guard, redirects refused. */
@Injectable()
export class WebhookSender {
  private readonly fetch: Fetch;

  constructor(
    private readonly egress: Egress,
    private readonly sealer: Sealer,
    private readonly runs: RunsRepository,
    private readonly webhooks: WebhooksRepository,
  ) {
    this.fetch = egress.guarded({ maxBytes: MAX_ANSWER_BYTES, timeoutMs: TIMEOUT_MS, maxRedirects: 0 });
  }

  /** Throws `egress_denied` for an address that no delivery could reach. */
  checkUrl(url: string): void {
    this.egress.check(url);
  }

  /** The secret of a webhook as it is stored. */
  seal(webhookId: string, secret: string): string {
    return this.sealer.seal(placeOf(webhookId), secret);
  }

  /** Seals again what another key of the ring protects, so that it may leave the ring. [S60] Called behind the migration lock. */
  async reseal(): Promise<void> {
    for await (const { id, secret } of this.webhooks.secrets()) {
      if (this.sealer.isCurrent(secret)) continue;
      await this.webhooks.reseal(id, this.seal(id, this.sealer.open(placeOf(id), secret)));
    }
  }

  /** Tells of a run as it is now. Never throws but what the database says. */
  async deliver(delivery: DueDelivery): Promise<Attempt> {
    const run = await this.runs.find(delivery.userId, delivery.runId);
    if (run === null) return { ...FAILED, errorCode: 'run_not_found', retrySeconds: null };
    const { webhookId, url, secret, eventId, event, createdAt, attempts } = delivery;
    const body = JSON.stringify({ id: eventId, type: event, createdAt, data: { run: toView(run) } });
    const attempt = await this.post({ id: webhookId, url, secret }, eventId, body);
    return { ...attempt, retrySeconds: attempt.retrySeconds ?? RETRY_SECONDS[attempts - 1] ?? null };
  }

  async ping(webhook: Pick<Webhook, 'id' | 'url' | 'secret'>): Promise<Attempt> {
    const id = newId();
    const body = JSON.stringify({ id, type: 'webhook.ping', createdAt: new Date(), data: {} });
    return this.post(webhook, id, body);
  }

  private async post(
    webhook: Pick<Webhook, 'id' | 'url' | 'secret'>,
    id: string,
    body: string,
  ): Promise<Attempt> {
    try {
      const secret = this.sealer.open(placeOf(webhook.id), webhook.secret);
      const response = await this.fetch(webhook.url, {
        method: 'POST',
        headers: signedHeaders(secret, id, body),
        body,
      });
      await response.body?.cancel();
      if (response.ok) return { ...FAILED, delivered: true, responseStatus: response.status };
      return { ...FAILED, responseStatus: response.status, errorCode: 'http_status' };
    } catch (error) {
      return { ...FAILED, errorCode: error instanceof AppError ? error.code : 'internal' };
    }
  }
}

const FAILED: Attempt = { delivered: false, responseStatus: null, errorCode: null, retrySeconds: null };

function placeOf(webhookId: string): string {
  return `webhooks/${webhookId}/secret`;
}
