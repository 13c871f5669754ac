import { defineErrors } from '../../common/app-error.js';

export const WebhookErrors = defineErrors({
  webhook_not_found: { kind: 'not_found', message: 'There is no such webhook.' },
  too_many_webhooks: { kind: 'unprocessable', message: 'You have 20 webhooks; delete one first.' },
});
