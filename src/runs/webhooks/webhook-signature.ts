import { createHmac } from 'node:crypto';

/**
 * The headers that prove who sent a webhook: HMAC-SHA256 with the webhook's secret over `<id>.<seconds>.<body>`.
 * A receiver computes the same, compares in constant time, refuses times that are more than 5 minutes away and ids
 * that it has seen. [S78]
 */
export function signedHeaders(
  secret: string,
  id: string,
  body: string,
  at: Date = new Date(),
): Record<string, string> {
  const seconds = Math.floor(at.getTime() / 1000);
  const signature = createHmac('sha256', secret).update(`${id}.${seconds}.${body}`).digest('hex');
  return {
    'content-type': 'application/json',
    'user-agent': 'mcp-server-webhook',
    'webhook-id': id,
    'webhook-signature': `t=${seconds},v1=${signature}`,
  };
}
