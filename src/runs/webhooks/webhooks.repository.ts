import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { LessThan, MoreThan, Repository } from 'typeorm';
import { type Transaction } from '../../platform/database/transactions.js';
import { Webhook } from './webhook.entity.js';
import { WebhookDelivery } from './webhook-delivery.entity.js';

/** A delivery that this process has taken, with where it goes. */
export interface DueDelivery {
  readonly position: string;
  readonly webhookId: string;
  readonly userId: string;
  readonly runId: string;
  readonly eventId: string;
  readonly event: string;
  readonly attempts: number;
  readonly createdAt: Date;
  readonly url: string;
  readonly secret: string;
}

/** How a try ended. `retrySeconds` null: there is no further one. */
export interface Attempt {
  readonly delivered: boolean;
  readonly responseStatus: number | null;
  readonly errorCode: string | null;
  readonly retrySeconds: number | null;
}

const PRUNED_AT_ONCE = 5_000;

@Injectable()
export class WebhooksRepository {
  constructor(
    @InjectRepository(Webhook) private readonly webhooks: Repository<Webhook>,
    @InjectRepository(WebhookDelivery) private readonly deliveries: Repository<WebhookDelivery>,
  ) {}

  async insert(webhook: Webhook, tx: Transaction): Promise<void> {
    await tx.insert(Webhook, webhook);
  }

  /** Counts the webhooks of a user; his row stays locked, so that two callers cannot both take the last place. */
  async countLocked(userId: string, tx: Transaction): Promise<number> {
    await tx.query('select 1 from users where id = $1 for update', [userId]);
    return tx.countBy(Webhook, { userId });
  }

  find(userId: string, id: string): Promise<Webhook | null> {
    return this.webhooks.findOneBy({ userId, id });
  }

  /** The same with its sealed secret. */
  findWithSecret(userId: string, id: string): Promise<Webhook | null> {
    return this.webhooks.findOne({
      where: { userId, id },
      select: { id: true, url: true, secret: true },
    });
  }

  /** Newest first, those before the webhook `before`. */
  list(userId: string, before: string | undefined, take: number): Promise<Webhook[]> {
    return this.webhooks.find({
      where: { userId, ...(before !== undefined && { id: LessThan(before) }) },
      order: { id: 'DESC' },
      take,
    });
  }

  /** Every sealed secret, read in batches. */
  async *secrets(): AsyncGenerator<Pick<Webhook, 'id' | 'secret'>> {
    let after: string | undefined;
    for (;;) {
      const rows = await this.webhooks.find({
        where: after === undefined ? {} : { id: MoreThan(after) },
        select: { id: true, secret: true },
        order: { id: 'ASC' },
        take: 500,
      });
      yield* rows;
      if (rows.length < 500) return;
      after = rows.at(-1)?.id;
    }
  }

  async reseal(id: string, secret: string): Promise<void> {
    await this.webhooks.update({ id }, { secret });
  }

  async update(userId: string, id: string, changes: Partial<Webhook>, tx: Transaction): Promise<boolean> {
    return (await tx.update(Webhook, { userId, id }, changes)).affected === 1;
  }

  async delete(userId: string, id: string, tx: Transaction): Promise<boolean> {
    return (await tx.delete(Webhook, { userId, id })).affected === 1;
  }

  /** Deliveries of one webhook, newest first. */
  listDeliveries(
    webhookId: string,
    state: WebhookDelivery['state'] | undefined,
    before: string | undefined,
    take: number,
  ): Promise<WebhookDelivery[]> {
    return this.deliveries.find({
      where: {
        webhookId,
        ...(state !== undefined && { state }),
        ...(before !== undefined && { position: LessThan(before) }),
      },
      order: { position: 'DESC' },
      take,
    });
  }

  /**
   * Takes due deliveries, oldest first. Each is given back to the others after `leaseSeconds`, should this process
   * die over it; so a receiver may get the same id twice.
   */
  async take(limit: number, leaseSeconds: number): Promise<DueDelivery[]> {
    const [rows]: [DueDelivery[], number] = await this.deliveries.query(
      `with due as (
         select position from webhook_deliveries where state = 'pending' and next_attempt_at <= now()
          order by next_attempt_at limit $1 for update skip locked)
       update webhook_deliveries d
          set attempts = d.attempts + 1, next_attempt_at = now() + $2 * interval '1 second'
         from due, webhooks w where d.position = due.position and w.id = d.webhook_id
       returning d.position, d.webhook_id as "webhookId", w.user_id as "userId", d.run_id as "runId",
         d.event_id as "eventId", d.event, d.attempts, d.created_at as "createdAt", w.url, w.secret`,
      [limit, leaseSeconds],
    );
    return rows;
  }

  /** Writes how a try ended, unless another process has taken the delivery meanwhile. */
  async finish({ position, attempts }: DueDelivery, attempt: Attempt): Promise<void> {
    const retries = !attempt.delivered && attempt.retrySeconds !== null;
    const state = attempt.delivered ? 'delivered' : retries ? 'pending' : 'failed';
    await this.deliveries.query(
      `update webhook_deliveries set state = $3, response_status = $4, error_code = $5,
          next_attempt_at = now() + $6 * interval '1 second',
          finished_at = case when $3 = 'pending' then null else now() end
        where position = $1 and attempts = $2 and state = 'pending'`,
      [
        ...[position, attempts, state, attempt.responseStatus, attempt.errorCode],
        retries ? attempt.retrySeconds : null,
      ],
    );
  }

  /** Forgets what was told, or given up, more than `days` ago; true when there may be more of it. */
  async prune(days: number, tx: Transaction): Promise<boolean> {
    const [, deleted]: [unknown, number] = await tx.query(
      `delete from webhook_deliveries where position in (
         select position from webhook_deliveries where finished_at < now() - $1 * interval '1 day' limit $2)`,
      [days, PRUNED_AT_ONCE],
    );
    return deleted === PRUNED_AT_ONCE;
  }
}
