import { isJSONRPCErrorResponse, isJSONRPCResultResponse } from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';
import { newId } from '../../common/ids.js';
import { type EventBus } from '../../platform/events/event-bus.js';

const CHANNEL = 'mcp:messages';

const Relayed = z.object({ from: z.string(), session: z.string(), message: z.unknown() });

/**
 * A client's answer to a question, and its cancellation of a call, belong to the instance that runs the call, but may
 * reach another one. Both are passed on to all. What is larger than the bus carries (8 KB on PostgreSQL) is not.
 */
export class SessionRelay {
  /** The name of this instance. */
  readonly instance = newId();
  private unsubscribe?: () => Promise<void>;

  constructor(private readonly bus: EventBus) {}

  async listen(deliver: (session: string, message: unknown) => void): Promise<void> {
    this.unsubscribe = await this.bus.subscribe(CHANNEL, (payload) => {
      const relayed = payload === null ? undefined : Relayed.safeParse(JSON.parse(payload)).data;
      if (relayed !== undefined && relayed.from !== this.instance) deliver(relayed.session, relayed.message);
    });
  }

  /** Passes a message on when it belongs to a call that may run elsewhere. */
  offer(session: string, message: unknown): void {
    if (!this.mayBelongElsewhere(message)) return;
    this.bus.publish(CHANNEL, JSON.stringify({ from: this.instance, session, message }));
  }

  async close(): Promise<void> {
    await this.unsubscribe?.();
  }

  private mayBelongElsewhere(message: unknown): boolean {
    if (isJSONRPCResultResponse(message) || isJSONRPCErrorResponse(message))
      return !String(message.id).startsWith(`${this.instance}:`);
    return (message as { method?: unknown } | null | undefined)?.method === 'notifications/cancelled';
  }
}
