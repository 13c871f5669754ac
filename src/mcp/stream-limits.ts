import { McpErrors } from './mcp.errors.js';
import { type HttpExchange } from './http-exchange.js';

const PER_USER = 16;
const PER_PROCESS = 1000;

/** Streams that stay open without a call: GET up to 2025-11-25, `subscriptions/listen` in 2026-07-28. */
export function isLongStream({ request, body }: Pick<HttpExchange, 'request' | 'body'>): boolean {
  return request.method === 'GET' || (body as { method?: unknown } | null)?.method === 'subscriptions/listen';
}

/** Counts the open long streams of this process. [S39] */
export class StreamLimits {
  private readonly open = new Map<string, number>();
  private total = 0;

  /** Takes a place until the exchange ends. Throws `mcp_too_many_streams`. */
  enter(exchange: HttpExchange): void {
    const { userId } = exchange.actor;
    const mine = this.open.get(userId) ?? 0;
    if (mine >= PER_USER || this.total >= PER_PROCESS)
      throw McpErrors.mcp_too_many_streams(undefined, { retryAfter: 5 });
    this.open.set(userId, mine + 1);
    this.total += 1;
    exchange.onClosed(() => this.leave(userId));
  }

  private leave(userId: string): void {
    const left = (this.open.get(userId) ?? 1) - 1;
    if (left === 0) this.open.delete(userId);
    else this.open.set(userId, left);
    this.total -= 1;
  }
}
