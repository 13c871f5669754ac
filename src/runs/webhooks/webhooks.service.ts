import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { AuditLog } from '../../audit/audit-log.service.js';
import { requireScopes } from '../../common/access.js';
import { type Actor } from '../../common/actor.js';
import { newId } from '../../common/ids.js';
import { type Page, type PageQuery } from '../../common/page.js';
import { Transactions } from '../../platform/database/transactions.js';
import { Cursors } from '../../platform/secrets/cursors.js';
import { type Webhook } from './webhook.entity.js';
import { type WebhookDelivery } from './webhook-delivery.entity.js';
import { WebhookSender } from './webhook-sender.service.js';
import { type DeliveryQuery, type NewWebhook, type PingResult, type WebhookChanges } from './webhooks.dto.js';
import { WebhookErrors } from './webhooks.errors.js';
import { WebhooksRepository } from './webhooks.repository.js';

const MAX_WEBHOOKS = 20;

/** What a webhook shows of itself; its secret only when it is made. */
type Shown = Omit<Webhook, 'secret'>;

/** The webhooks of the caller. One of somebody else is answered like one that never was. */
@Injectable()
export class WebhooksService {
  constructor(
    private readonly webhooks: WebhooksRepository,
    private readonly sender: WebhookSender,
    private readonly transactions: Transactions,
    private readonly cursors: Cursors,
    private readonly audit: AuditLog,
  ) {}

  /** Throws `too_many_webhooks`, and `egress_denied` for an address that no delivery could reach. */
  async create(actor: Actor, { url, events }: NewWebhook): Promise<Shown & { secret: string }> {
    requireScopes(actor, 'runs');
    this.sender.checkUrl(url);
    const id = newId();
    const secret = `whsec_${randomBytes(32).toString('base64url')}`;
    const shown: Shown = { id, userId: actor.userId, url, events, enabled: true, createdAt: new Date() };
    await this.transactions.run(async (tx) => {
      if ((await this.webhooks.countLocked(actor.userId, tx)) >= MAX_WEBHOOKS)
        throw WebhookErrors.too_many_webhooks();
      await this.webhooks.insert({ ...shown, secret: this.sender.seal(id, secret) }, tx);
      await this.audit.record(actor, 'webhook.created', { type: 'webhook', id }, { events }, tx);
    });
    return { ...shown, secret };
  }

  async list(actor: Actor, query: PageQuery): Promise<Page<Shown>> {
    requireScopes(actor, 'runs');
    const list = `webhooks/${actor.userId}`;
    const before = this.cursors.read(list, query.cursor);
    const rows = await this.webhooks.list(actor.userId, before, query.limit + 1);
    return this.cursors.page(list, rows, query.limit, (row) => row.id);
  }

  /** Throws `webhook_not_found`. */
  async get(actor: Actor, id: string): Promise<Shown> {
    requireScopes(actor, 'runs');
    const webhook = await this.webhooks.find(actor.userId, id);
    if (webhook === null) throw WebhookErrors.webhook_not_found();
    return webhook;
  }

  async update(actor: Actor, id: string, changes: WebhookChanges): Promise<Shown> {
    await this.get(actor, id);
    if (changes.url !== undefined) this.sender.checkUrl(changes.url);
    const changed = Object.keys(changes);
    if (changed.length > 0)
      await this.transactions.run(async (tx) => {
        if (!(await this.webhooks.update(actor.userId, id, changes, tx)))
          throw WebhookErrors.webhook_not_found();
        await this.audit.record(actor, 'webhook.changed', { type: 'webhook', id }, { changed }, tx);
      });
    return this.get(actor, id);
  }

  /** Deletes a webhook and what it was still to be told. */
  async remove(actor: Actor, id: string): Promise<void> {
    requireScopes(actor, 'runs');
    await this.transactions.run(async (tx) => {
      if (!(await this.webhooks.delete(actor.userId, id, tx))) throw WebhookErrors.webhook_not_found();
      await this.audit.record(actor, 'webhook.deleted', { type: 'webhook', id }, {}, tx);
    });
  }

  /** What was told, newest first, kept for a week. */
  async deliveries(actor: Actor, id: string, query: DeliveryQuery): Promise<Page<WebhookDelivery>> {
    await this.get(actor, id);
    const list = `webhook-deliveries/${id}/${query.state ?? ''}`;
    const before = this.cursors.read(list, query.cursor);
    const rows = await this.webhooks.listDeliveries(id, query.state, before, query.limit + 1);
    return this.cursors.page(list, rows, query.limit, (row) => row.position);
  }

  /** Sends a `webhook.ping` once, and tells how it went. */
  async ping(actor: Actor, id: string): Promise<PingResult> {
    requireScopes(actor, 'runs');
    const webhook = await this.webhooks.findWithSecret(actor.userId, id);
    if (webhook === null) throw WebhookErrors.webhook_not_found();
    const { delivered, responseStatus, errorCode } = await this.sender.ping(webhook);
    return { delivered, responseStatus, errorCode };
  }
}
