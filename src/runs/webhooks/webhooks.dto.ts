import { z } from 'zod';
import { PageQuery, pageOf } from '../../common/page.js';
import { Timestamp } from '../../common/timestamp.js';
import { named } from '../../platform/http/openapi.js';

/** What a webhook can be told of: the end of a run, and a run that waits for a person. */
const WEBHOOK_EVENTS = [
  'run.completed',
  'run.failed',
  'run.cancelled',
  'run.expired',
  'run.requires_action',
] as const;

const Url = z.url({ protocol: /^https?$/, error: 'must be an http or https URL' }).max(2_000);
const Events = z
  .array(z.enum(WEBHOOK_EVENTS))
  .min(1)
  .max(WEBHOOK_EVENTS.length)
  .refine((events) => new Set(events).size === events.length, 'must not name an event twice');

/** Body of POST webhooks. */
export const NewWebhook = named(
  'NewWebhook',
  z.strictObject({
    url: Url.describe(
      'Gets a POST for each event. Public https, or what the operator allows by EGRESS_ALLOW.',
    ),
    events: Events.default([...WEBHOOK_EVENTS]).describe('Which events are told. Default: all.'),
  }),
);
export type NewWebhook = z.infer<typeof NewWebhook>;

/** Body of PATCH webhooks/:id; what is missing stays as it is. */
export const WebhookChanges = named(
  'WebhookChanges',
  z.strictObject({ url: Url.optional(), events: Events.optional(), enabled: z.boolean().optional() }),
);
export type WebhookChanges = z.infer<typeof WebhookChanges>;

export const WebhookView = named(
  'Webhook',
  z.object({
    id: z.uuid(),
    url: z.string(),
    events: z.array(z.enum(WEBHOOK_EVENTS)),
    enabled: z.boolean(),
    createdAt: Timestamp,
  }),
);

export const CreatedWebhook = named(
  'CreatedWebhook',
  WebhookView.extend({ secret: z.string().describe('Signs every delivery. Shown this once.') }),
);
export const WebhookPage = named('WebhookPage', pageOf(WebhookView));

export const DeliveryView = named(
  'WebhookDelivery',
  z.object({
    eventId: z.string().describe('Sent as Webhook-Id, the same on every try.'),
    event: z.enum(WEBHOOK_EVENTS),
    runId: z.uuid(),
    state: z.enum(['pending', 'delivered', 'failed']),
    attempts: z.int(),
    nextAttemptAt: Timestamp.nullable(),
    responseStatus: z.int().nullable().describe('Status of the last answer; null when there was none.'),
    errorCode: z.string().nullable().describe('Why the last try failed, e.g. egress_denied or http_status.'),
    createdAt: Timestamp,
    finishedAt: Timestamp.nullable(),
  }),
);
export const DeliveryPage = named('WebhookDeliveryPage', pageOf(DeliveryView));

/** Query of GET webhooks/:id/deliveries. */
export const DeliveryQuery = PageQuery.extend({
  state: z.enum(['pending', 'delivered', 'failed']).optional(),
});
export type DeliveryQuery = z.infer<typeof DeliveryQuery>;

/** How a trial delivery went. */
export const PingResult = named(
  'WebhookPingResult',
  z.object({
    delivered: z.boolean(),
    responseStatus: z.int().nullable(),
    errorCode: z.string().nullable(),
  }),
);
export type PingResult = z.infer<typeof PingResult>;
